"""From a folder of cells to a report: the same cells give the same files, byte for byte."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from qml.base.files import replacing
from qml.bench.audit import Finding, findings
from qml.bench.claims import claim
from qml.bench.report.markdown import markdown
from qml.bench.report.page import Page
from qml.bench.report.sentences import headline_text, lede
from qml.bench.report.view import View
from qml.bench.store import Store
from qml.bench.summary import Summary, summarise

SIZE_BUDGET = 400 * 1024
LOCK = ".report.lock"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RenderedReport:
    """Where the report lies, and what it was made of.

    Args:
        html_path: the page.
        markdown_path: the same in Markdown.
        summary: scores and comparisons.
        findings: the audit.
    """

    html_path: Path
    markdown_path: Path
    summary: Summary
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> str:
        """Headline and first sentence as plain text, for a terminal."""
        view = View(self.summary)
        return f"{headline_text(view)}\n{lede(view)}".replace("**", "")

    @property
    def failed(self) -> bool:
        """Whether the audit found a failure: failed cells, unequal budgets, numbers that cannot be right."""
        return any(found.is_severe for found in self.findings)


def render(
    folder: str | os.PathLike[str] | Store,
    out: str | os.PathLike[str] | None = None,
    *,
    protocol_hash: str | None = None,
) -> RenderedReport:
    """Write `report.html` and `report.md` from the finished cells of a store.

    Facts that a contestant may hand in through `ArmInfo.details` and that the report knows how to show: "role" (what
    it stands for in the protocol's contrasts, when that is not its name), "summary" (one line under its name),
    "short" (a title of at most 14 letters), "features", "head" and "slot" (words of the slot drawing), "slot_size",
    "drawing" (a circuit as text), "command" (one line that makes its cells). All others are listed as they are.

    Args:
        folder: of the store, or the store.
        out: folder of the two files; `<folder>/report` by default.
        protocol_hash: which protocol, or the first part of its hash, where the store holds several; by default the
            one with most cells. Cells of the others are named among the findings.

    Raises:
        DataError: there is no finished cell, none under that hash, or a cell of another schema version.

    Example:
        ```python
        report = render("runs/digits")
        print(report.verdict, report.html_path)
        ```
    """
    store = folder if isinstance(folder, Store) else Store(folder)
    target = Path(out) if out is not None else store.folder / "report"
    with claim(target / LOCK, wait=True):
        return _rendered(store, target, protocol_hash)


def _rendered(store: Store, target: Path, protocol_hash: str | None) -> RenderedReport:
    """Read the cells and write the files, one process at a time: the last report of a sweep has every cell."""
    summary = summarise(store, protocol_hash, store.damaged(), store.unfinished())
    found = findings(summary)
    view = View(summary)
    html_path, markdown_path = target / "report.html", target / "report.md"
    page = Page(view, found).html()
    if len(page.encode()) > SIZE_BUDGET:
        _logger.warning(
            "The report page has %d KB; pages above 400 KB load slowly on phones.", len(page.encode()) // 1024
        )
    for left in target.glob(".report.*.tmp"):  # of a process that was killed while it wrote
        left.unlink()
    _write(html_path, page)
    _write(markdown_path, markdown(view, found))
    return RenderedReport(html_path, markdown_path, summary, found)


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
