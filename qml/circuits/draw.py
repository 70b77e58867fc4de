"""A Program as text and as a page fragment, for terminals and notebooks."""

from __future__ import annotations

from html import escape

from qml.circuits.layout import Placed, columns, readings, shown, summary
from qml.circuits.program import Program
from qml.circuits.svg import as_svg

__all__ = ["as_html", "as_svg", "as_text"]


def as_text(program: Program, *, width: int = 120, max_wires: int = 24) -> str:
    """The circuit on wires, one line each; what does not fit is left out of the middle and counted.

    Args:
        program: any Program.
        width: characters a line.
        max_wires: wires shown.

    Example:
        >>> from qml.circuits import angle, basic
        >>> print(as_text(angle(2) + basic(2)))
        angle + basic: 2 qubits, 5 gates, 2 inputs, 2 weights, 2 expectation values
        0: ─RY(x0)─RX(w0)─╭●─┤ <Z>
        1: ─RY(x1)─RX(w1)─╰X─┤ <Z>
    """
    wires = shown(program.n_qubits, max_wires)
    margin = len(str(program.n_qubits - 1))
    ends = readings(program)
    blocks = [_column(placed, wires) for placed in columns(program)]
    room = width - margin - 4 - max(map(len, ends))
    kept, left_out = _fitting(blocks, room)
    lines = []
    for row, wire in enumerate(wires):
        if wire is None:
            lines.append(f"{'⋮':>{margin}}  ({program.n_qubits - len(wires) + 1} wires)")
            continue
        body = "─".join("⋯" if block is None else block[row] for block in kept)
        lines.append(f"{wire:>{margin}}: ─{body}{'─' if body else ''}┤ {ends[wire]}".rstrip())
    if left_out:
        lines.append(f"⋯ {left_out} of {len(blocks)} columns left out; as_text(program, width=...) shows more")
    return "\n".join([summary(program), *lines])


def as_html(program: Program) -> str:
    """The drawing as an HTML fragment with an inline SVG and the text for copying; used by notebooks.

    Colours follow the page (`currentColor`), so that it reads on light and dark.
    """
    return (
        '<figure class="qml-program" style="margin:0 0 1em">'
        f'<figcaption style="font:13px system-ui,sans-serif;opacity:.75">{escape(summary(program))}</figcaption>'
        f'<div style="overflow-x:auto">{as_svg(program)}</div>'
        '<details style="font:13px system-ui,sans-serif"><summary>as text</summary>'
        f'<pre style="line-height:1.25">{escape(as_text(program))}</pre></details></figure>'
    )


def _column(placed: list[Placed], wires: list[int | None]) -> list[str]:
    """One cell a line, all of one width, brackets joining the wires of a gate."""
    cells = ["" if wire is not None else " " for wire in wires]
    place = {wire: row for row, wire in enumerate(wires) if wire is not None}
    for item in placed:
        label = dict(zip(item.gate.wires, item.labels, strict=True))
        for wire in range(item.top, item.bottom + 1):
            if wire in place:
                cells[place[wire]] = _bracket(wire, item) + label.get(wire, "")
    size = max(map(len, cells))
    return [cell.ljust(size, "─") for cell in cells]


def _bracket(wire: int, item: Placed) -> str:
    if item.top == item.bottom:
        return ""
    if wire == item.top:
        return "╭"
    if wire == item.bottom:
        return "╰"
    return "├" if wire in item.gate.wires else "│"


def _fitting(blocks: list[list[str]], room: int) -> tuple[list[list[str] | None], int]:
    """The blocks, or the first and last ones with None between where they are wider than `room`."""
    sizes = [len(block[0]) + 1 for block in blocks]
    if sum(sizes) <= room:
        return list(blocks), 0
    head, tail, used = 0, 0, 3
    while head + tail < len(blocks):
        from_tail = head > 2 * tail
        size = sizes[-1 - tail] if from_tail else sizes[head]
        if used + size > room and head + tail > 0:
            break
        used, head, tail = used + size, head + (not from_tail), tail + from_tail
    return [*blocks[:head], None, *blocks[len(blocks) - tail :]], len(blocks) - head - tail
