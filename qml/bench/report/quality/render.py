"""From an inspection to its files: the same findings give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qml.base.files import replacing, write_json
from qml.bench.report.markdown import cleaned, plain
from qml.bench.report.quality import sentences
from qml.bench.report.quality.page import Pictures, inspection_page
from qml.data.quality.checks import CHECKS, Inspection


@dataclass(frozen=True)
class RenderedInspection:
    """Where the report lies.

    Args:
        html_path: the page.
        markdown_path: the same in Markdown.
        json_path: all of it as data.
    """

    html_path: Path
    markdown_path: Path
    json_path: Path


def render_inspection(inspection: Inspection, folder: Path, pictures: Pictures | None = None) -> RenderedInspection:
    """Write page, Markdown and JSON, each whole or not at all.

    Args:
        inspection: what was found.
        folder: made where it is not there.
        pictures: row -> PNG bytes, for the pairs of rows that findings name.
    """
    paths = RenderedInspection(folder / "inspection.html", folder / "inspection.md", folder / "inspection.json")
    texts = {
        paths.html_path: inspection_page(inspection, pictures or {}),
        paths.markdown_path: inspection_markdown(inspection),
    }
    for path, text in texts.items():
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    write_json(paths.json_path, inspection.to_json())
    return paths


def inspection_markdown(inspection: Inspection) -> str:
    """The findings as a Markdown page.

    Args:
        inspection: what was found.
    """
    parts = [
        f"# Inspection of {plain(inspection.name)}",
        f"**{plain(sentences.headline(inspection))}**",
        cleaned(sentences.lede(inspection)),
        cleaned(sentences.subordinate(inspection)),
        "## Findings",
    ]
    for finding in inspection.findings:
        lines = [f"- {finding.level}: **{plain(finding.title)}**"]
        lines += [f"  - {plain(text)}" for text in (finding.text, finding.remedy) if text]
        lines += [f"  - `{example.replace('`', chr(39))}`" for example in finding.examples]
        parts.append("\n".join(lines))
    if inspection.skipped:
        said = (f"- {plain(CHECKS[k].title if k in CHECKS else k)}: {plain(v)}" for k, v in inspection.skipped.items())
        parts += ["## Not asked", "\n".join(said)]
    parts.append(f"What this does not say: {sentences.LIMITS}")
    return "\n\n".join(parts) + "\n"
