"""From folders of cells to a report: the same cells give the same files, byte for byte."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qml.base.errors import ConfigError
from qml.base.files import replacing, write_json
from qml.bench.audit import findings
from qml.bench.claims import claim
from qml.bench.finding import Finding
from qml.bench.merge import Folder, left_over, merged, stores_of
from qml.bench.report.as_data import csv_text, report_json, spoken
from qml.bench.report.content import Content
from qml.bench.report.markdown import markdown
from qml.bench.report.page import Page
from qml.bench.report.sentences import against, headline_text, lede
from qml.bench.report.view import Table, View
from qml.bench.scaling.growth import Growth
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
        json_path: all of it as data.
        csv_folder: one CSV file a table, those of the figures among them.
        summary: scores and comparisons.
        findings: the audit.
    """

    html_path: Path
    markdown_path: Path
    json_path: Path
    csv_folder: Path
    summary: Summary
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> str:
        """Headline, and what each comparison that decides says, as plain text, for a terminal."""
        return self.verdict_about(None)

    def verdict_about(self, arm: str | None) -> str:
        """The same about one hybrid, where the page is about the best of several.

        Args:
            arm: its key or digest; None, and any arm that is no hybrid with a score, gives the verdict of the page.
        """
        hybrids = [a for a in self.summary.ranked if a.family == "hybrid" and arm in (a.key, a.digest)]
        view = View(replace(self.summary, about=arm) if hybrids else self.summary)
        return spoken("\n".join(part for part in (headline_text(view), lede(view), against(view)) if part))

    @property
    def failed(self) -> bool:
        """Whether the audit found a failure: failed cells, unequal budgets, numbers that cannot be right."""
        return any(found.is_severe for found in self.findings)


def render(
    folder: Folder | Sequence[Folder],
    out: str | os.PathLike[str] | None = None,
    *,
    protocol_hash: str | None = None,
    about: str | None = None,
) -> RenderedReport:
    """Write `report.html`, `report.md`, `report.json` and `csv/*.csv` from the finished cells of stores.

    Facts that a contestant may hand in through `ArmInfo.details` and that the report knows how to show: "role" (what
    it stands for in the protocol's contrasts, when that is not its name), "summary" (one line under its name),
    "short" (what it is called everywhere if its title has more than 20 letters), "apart" (words that tell it from
    others of its title), "features", "head" and "slot" (words of the slot drawing), "slot_size", "drawing" (a circuit
    as text), "command" (one line that makes its cells). All others are listed as they are.

    Args:
        folder: of the store, or the store; or several, whose cells are merged.
        out: folder of the files; `<folder>/report` by default, of the first store.
        protocol_hash: which protocol, or the first part of its hash, where the store holds several; by default the
            one with most cells. Cells of the others are named among the findings.
        about: key or digest of the hybrid that the verdict is to be about; by default the best by validation score.

    Raises:
        DataError: there is no finished cell, none under that hash, or a cell of another schema version; or the cells
            of several stores did not run under one protocol.
        ConfigError: `about` is no hybrid with a score.

    Example:
        ```python
        report = render("runs/digits")
        print(report.verdict, report.html_path)
        ```
    """
    stores = stores_of(folder)
    target = Path(out) if out is not None else stores[0].folder / "report"
    with claim(target / LOCK, wait=True):
        return _rendered(stores, target, protocol_hash, about)


def _rendered(stores: Sequence[Store], target: Path, protocol_hash: str | None, about: str | None) -> RenderedReport:
    """Read the cells and write the files, one process at a time: the last report of a sweep has every cell."""
    cells = merged(stores, protocol_hash)
    summary = summarise(cells, protocol_hash, *left_over(stores))
    hybrids = {arm.key: arm.digest for arm in summary.ranked if arm.family == "hybrid"}
    if about is not None and about not in {*hybrids, *hybrids.values()}:
        known = ", ".join(f"{key} ({digest})" for key, digest in hybrids.items()) or "none"
        raise ConfigError(
            f"A report about {about!r} was asked for; no hybrid with a score has this key or digest. The hybrids "
            f"of these cells are: {known}."
        )
    return written(replace(summary, about=about), target)


def written(
    summary: Summary, target: Path, growth: Growth | None = None, links: tuple[tuple[str, str], ...] = ()
) -> RenderedReport:
    """The files of one summary; the caller holds the folder.

    Args:
        summary: the cells.
        target: folder of the files.
        growth: the same data at other numbers of training rows, as a part of the page.
        links: (training rows, address) of the pages of those sizes.
    """
    found = findings(summary)
    content = Content(View(summary), found, growth, links)
    paths = write_files(target, "report", Page(content).html(), markdown(content), report_json(content), content.tables)
    return RenderedReport(*paths, summary, found)


def write_files(
    target: Path, name: str, page: str, text: str, data: Mapping[str, Any], tables: Iterable[Table]
) -> tuple[Path, Path, Path, Path]:
    """Write a report in its four forms; each file is whole or as it was.

    Returns:
        Paths of the page, the Markdown file, the JSON file and the folder of CSV files.
    """
    if len(page.encode()) > SIZE_BUDGET:
        size = len(page.encode()) // 1024
        _logger.warning("The report page has %d KB; pages above 400 KB load slowly on phones.", size)
    html_path, markdown_path, json_path = (target / f"{name}.{end}" for end in ("html", "md", "json"))
    folder = target / "csv"
    for left in (*target.glob(f".{name}.*.tmp"), *folder.glob(".*.tmp")):  # of a process that was killed while it wrote
        left.unlink()
    _write(html_path, page)
    _write(markdown_path, text)
    _say_replaced(json_path, data)
    write_json(json_path, data)
    folder.mkdir(exist_ok=True)
    files = {f"{table.name}.csv": csv_text(table) for table in tables}
    for old in folder.glob("*.csv"):
        if old.name not in files:
            old.unlink()
    for file, content in files.items():
        _write(folder / file, content)
    return html_path, markdown_path, json_path, folder


def _say_replaced(path: Path, data: Mapping[str, Any]) -> None:
    """Log where a report takes the place of one of other terms, as two protocols of one name would."""
    terms = "suite" if "suite" in data else "protocol"
    try:
        before = json.loads(path.read_text(encoding="utf-8"))[terms]["hash"]
    except (OSError, ValueError, KeyError, TypeError):  # there is none, or it is of another kind
        return
    now = data[terms]["hash"]
    if before != now:
        _logger.warning(
            "%s held the report of %s %s, and has now that of %s. To keep both, give each its own folder or name.",
            path.parent,
            terms,
            before[:12],
            now[:12],
        )


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
