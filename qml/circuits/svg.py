"""A Program as a small stand-alone SVG, for notebooks and reports."""

from __future__ import annotations

from html import escape

from qml.circuits.layout import CROSS, DOT, Placed, columns, readings, shown, summary
from qml.circuits.program import Program

_ROW = 34.0  # pixels from wire to wire
_CHARACTER = 7.0  # width of one at this font size
_GAP = 10.0
_BOX = 22.0  # height of a box
_PAPER = "var(--qml-paper,var(--jp-layout-color0,var(--vscode-editor-background,Canvas)))"
_LETTERS = "font-family:ui-monospace,Menlo,Consolas,monospace;font-size:11.5px"


def as_svg(program: Program, *, max_columns: int = 40, max_wires: int = 16) -> str:
    """The circuit drawn on wires; what does not fit is left out of the middle, shown by dots.

    Lines and letters are in `currentColor`; boxes have a faint fill of it over the page's background, which is the
    CSS variable `--qml-paper`, Jupyter's or VS Code's, or `Canvas`. It has a title for screen readers.

    Args:
        program: any Program.
        max_columns: columns of gates shown.
        max_wires: wires shown.

    Example:
        >>> from qml.circuits import angle
        >>> as_svg(angle(2)).startswith("<svg")
        True
    """
    wires = shown(program.n_qubits, max_wires)
    heights = {wire: _ROW * (row + 0.7) for row, wire in enumerate(wires) if wire is not None}
    everything = columns(program)
    parts, left = [], 18.0 + _CHARACTER * len(str(program.n_qubits - 1))
    start = left
    for position in shown(len(everything), max_columns):
        size = _GAP + 8 if position is None else _column_width(everything[position])
        if position is None:
            parts += [_text(left + size / 2, height, "⋯", halo=True) for height in heights.values()]
        else:
            parts += [_gate(item, left + size / 2, heights) for item in everything[position]]
        left += size + _GAP
    return _framed(program, parts, start, left, wires, heights)


def _framed(program: Program, parts: list[str], start: float, end: float, wires: list, heights: dict) -> str:
    """Wires, their numbers and what is read, around the gates."""
    ends = readings(program)
    width = end + 10 + _CHARACTER * max(map(len, ends))
    lines = []
    for row, wire in enumerate(wires):
        y = _ROW * (row + 0.7)
        if wire is None:
            lines.append(_text((start + end) / 2, y, f"⋮ {program.n_qubits - len(wires) + 1} wires"))
            continue
        lines.append(f'<line x1="{start - 8:.1f}" y1="{y:.1f}" x2="{end:.1f}" y2="{y:.1f}" stroke-opacity="0.55"/>')
        lines.append(_text(start - 12, y, str(wire), anchor="end"))
        lines.append(_text(end + 6, y, ends[wire], anchor="start"))
    height = _ROW * (len(wires) + 0.4)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" stroke="currentColor" fill="none" style="{_LETTERS}">'
        f"<title>{escape(summary(program))}</title>{''.join(lines)}{''.join(parts)}</svg>"
    )


def _column_width(placed: list[Placed]) -> float:
    longest = max(len(label) for item in placed for label in item.labels)
    return max(_BOX, _CHARACTER * longest + 8)


def _gate(item: Placed, x: float, heights: dict[int, float]) -> str:
    """The vertical line of a gate and the mark on each of its wires that are shown."""
    covered = [heights[wire] for wire in range(item.top, item.bottom + 1) if wire in heights]
    parts = []
    if item.top != item.bottom and covered:
        parts.append(f'<line x1="{x:.1f}" y1="{min(covered):.1f}" x2="{x:.1f}" y2="{max(covered):.1f}"/>')
    for wire, label in zip(item.gate.wires, item.labels, strict=True):
        if wire in heights:
            parts.append(_mark(x, heights[wire], label, target=item.labels[0] == DOT and item.gate.name != "CZ"))
    return "".join(parts)


def _mark(x: float, y: float, label: str, *, target: bool) -> str:
    """A dot, a cross, a ringed plus, or a box with letters."""
    if label == DOT:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="currentColor"/>'
    if label == CROSS:
        return f'<path d="M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10"/>'
    if label == "X" and target:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8"/><path d="M{x - 8:.1f} {y:.1f}h16m-8 -8v16"/>'
    width = max(_BOX, _CHARACTER * len(label) + 8)
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - _BOX / 2:.1f}" width="{width:.1f}" height="{_BOX}" rx="3" '
        f'style="fill:{_PAPER}"/><rect x="{x - width / 2:.1f}" y="{y - _BOX / 2:.1f}" width="{width:.1f}" '
        f'height="{_BOX}" rx="3" fill="currentColor" fill-opacity="0.07"/>{_text(x, y, label)}'
    )


def _text(x: float, y: float, text: str, *, anchor: str = "middle", halo: bool = False) -> str:
    outline = f' style="stroke:{_PAPER}" stroke-width="6" paint-order="stroke"' if halo else ' stroke="none"'
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" dy="0.35em" text-anchor="{anchor}" fill="currentColor"{outline}>'
        f"{escape(text)}</text>"
    )
