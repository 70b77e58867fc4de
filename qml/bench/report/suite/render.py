"""From folders of cells to the report of a suite: one page of all data sets, and one of each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qml.base.errors import DataError
from qml.bench.cell import CellResult
from qml.bench.claims import claim
from qml.bench.merge import Folder, joined, left_over, stores_of
from qml.bench.report.as_data import spoken
from qml.bench.report.render import LOCK, RenderedReport, write_files, written
from qml.bench.report.suite import sentences
from qml.bench.report.suite.as_data import suite_json
from qml.bench.report.suite.content import SuiteContent
from qml.bench.report.suite.markdown import suite_markdown
from qml.bench.report.suite.page import SuitePage
from qml.bench.report.suite.view import SuiteView
from qml.bench.scale import listed
from qml.bench.scaling.growth import Growth
from qml.bench.store import Store
from qml.bench.suite import Suite
from qml.bench.summary import Summary, summarise

NAME = "suite"
Links = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RenderedSuite:
    """Where the reports lie, and what they were made of.

    Args:
        html_path: the page of all data sets.
        markdown_path: the same in Markdown.
        json_path: all of it as data.
        csv_folder: one CSV file a table.
        content: the table of scores, contrasts, findings.
        reports: of each data set, in the order of the suite.
    """

    html_path: Path
    markdown_path: Path
    json_path: Path
    csv_folder: Path
    content: SuiteContent
    reports: tuple[RenderedReport, ...]

    @property
    def verdict(self) -> str:
        """Headline, first sentence and the verdicts of the sets as plain text, for a terminal."""
        view = self.content.view
        parts = (sentences.headline_text(view), sentences.lede(view), sentences.by_set(view))
        return spoken("\n".join(part for part in parts if part))

    @property
    def failed(self) -> bool:
        """Whether the audit of a data set found a failure."""
        return any(report.failed for report in self.reports)


def render_suite(suite: Suite, folder: Folder | Sequence[Folder], out: str | os.PathLike[str]) -> RenderedSuite:
    """Write the reports of a suite: `suite.html`, `.md`, `.json` and `csv/`, and below them a folder a data set.

    Args:
        suite: the terms; cells of any other protocol are named and not used.
        folder: of the store, or the store; or several that were filled under the same suite.
        out: folder of the reports.

    Raises:
        DataError: a data set without cells, a store without any cell of the suite, or no arm that is whole on every
            data set.

    Example:
        ```python
        made = render_suite(suite, "runs/fair", "reports/fair")
        print(made.verdict, made.html_path)
        ```
    """
    stores = stores_of(folder)
    found = {store: tuple(store) for store in stores}
    cells = joined(found)
    hashes = {cell.cell.protocol_hash for cell in cells}
    absent = [protocol.data for protocol in suite.protocols if protocol.hash not in hashes]
    if absent:
        raise DataError(
            f"The suite {suite.name!r} ({suite.hash}) has no finished cell on {listed(absent)} in "
            f"{listed([str(store) for store in stores])}. Run them first; nothing is read of a part."
        )
    _check_of_suite(suite, found)
    beside = left_over(stores)
    target = Path(out)
    with claim(target / LOCK, wait=True):
        return written_suite(suite, [summarise(cells, p.hash, *beside) for p in suite.protocols], target)


def written_suite(
    suite: Suite,
    summaries: Sequence[Summary],
    target: Path,
    growths: Sequence[Growth] = (),
    links: Sequence[Links] = (),
) -> RenderedSuite:
    """The files of a suite and of each of its data sets; the caller holds the folder.

    Args:
        suite: the terms.
        summaries: one a data set, in its order.
        target: folder of the files.
        growths: the same data sets at other numbers of training rows, as a part of the pages; none where empty.
        links: for each set (training rows, address) of the pages of those sizes.
    """
    summaries = tuple(_titled(summary, suite) for summary in summaries)
    folders = tuple(data.replace("/", "-") for data in suite.data)
    parts = zip(growths, links, strict=True) if growths else [(None, ())] * len(summaries)
    reports = tuple(
        written(summary, target / name, growth, pages)
        for summary, name, (growth, pages) in zip(summaries, folders, parts, strict=True)
    )
    view = SuiteView(suite, summaries)
    content = SuiteContent(view, tuple(report.findings for report in reports), folders, tuple(growths))
    page, text = SuitePage(content).html(), suite_markdown(content)
    paths = write_files(target, NAME, page, text, suite_json(content), content.tables)
    return RenderedSuite(*paths, content, reports)


def _titled(summary: Summary, suite: Suite) -> Summary:
    """The summary of one set under a title that names the set, where it shares its title with the others."""
    protocol = summary.protocol
    if not protocol.title or len(suite.protocols) < 2 or any(p.title != protocol.title for p in suite.protocols):
        return summary
    title = f"{protocol.data.replace('_', ' ').capitalize()}: {protocol.title}"
    return replace(summary, protocol=replace(protocol, title=title))


def _check_of_suite(suite: Suite, found: Mapping[Store, Sequence[CellResult]]) -> None:
    """Refuse a store that has no part in the suite: its scores came about under other terms."""
    wanted = {protocol.hash for protocol in suite.protocols}
    for store, cells in found.items():
        held = sorted({cell.cell.protocol_hash for cell in cells})
        if not wanted & set(held):
            raise DataError(
                f"The cells of {len(found)} stores were to be merged into the report of the suite {suite.name!r} "
                f"({suite.hash}); {store} holds {f'protocols {listed(held)}' if held else 'no cell'}, none of the "
                "suite's. Scores under different terms are not comparable: write a report of each."
            )
