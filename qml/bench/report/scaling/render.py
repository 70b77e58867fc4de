"""From cells at several numbers of training rows to pages: one of all sets, one a set, one a set and size."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qml.base.errors import DataError
from qml.bench.cell import CellResult
from qml.bench.claims import claim
from qml.bench.merge import Folder, joined, left_over, stores_of
from qml.bench.protocol import Protocol
from qml.bench.report.as_data import spoken
from qml.bench.report.render import LOCK, RenderedReport, written
from qml.bench.report.suite.render import Links, written_suite
from qml.bench.scale import listed
from qml.bench.scaling.growth import Growth
from qml.bench.scaling.words import rows_text, sentence
from qml.bench.suite import Suite
from qml.bench.summary import Summary, summarise

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RenderedScaling:
    """Where the pages lie, and what they were made of.

    Args:
        html_path: the first page: of all data sets, or of the only one.
        markdown_path: the same in Markdown.
        json_path: all of it as data.
        csv_folder: one CSV file a table, the data of the headline figure as `growth.csv`.
        growths: one a data set.
        reports: (data set and training rows, report) of every page of one set and size.
    """

    html_path: Path
    markdown_path: Path
    json_path: Path
    csv_folder: Path
    growths: tuple[Growth, ...]
    reports: tuple[tuple[str, RenderedReport], ...]

    @property
    def verdict(self) -> str:
        """A sentence a data set on what the circuit bought, as plain text, for a terminal."""
        return spoken("\n".join(sentence(growth) for growth in self.growths))


def render_scaling(
    sets: Sequence[Sequence[Protocol]],
    folder: Folder | Sequence[Folder],
    out: str | os.PathLike[str],
    *,
    name: str = "scaling",
    title: str = "",
) -> RenderedScaling:
    """Write the reports of data sets that were compared at several numbers of training rows.

    The page of a set is that of its most training rows, with a part on growth; the pages of fewer rows lie in folders
    below it. Several sets have a page in common, `suite.html`. A size without a cell is named in the log and left out.

    Args:
        sets: for each data set its protocols, which differ in training rows only.
        folder: of the store, or the store; or several.
        out: folder of the pages.
        name: of the suite, where there are several sets.
        title: its heading.

    Raises:
        DataError: a data set without cells, or terms that differ in more than the training rows.
    """
    stores = stores_of(folder)
    cells = joined({store: tuple(store) for store in stores})
    beside = left_over(stores)
    target = Path(out)
    with claim(target / LOCK, wait=True):
        growths = tuple(Growth(_summaries(protocols, cells, beside)) for protocols in sets)
        places = [target / growth.data.replace("/", "-") if len(sets) > 1 else target for growth in growths]
        fewer = [_fewer(growth, place) for growth, place in zip(growths, places, strict=True)]
        links = [_links(growth) for growth in growths]
        if len(sets) == 1:
            first = written(growths[0].whole, target, growths[0], links[0])
            largest = (first,)
        else:
            suite = Suite(name, tuple(growth.whole.protocol for growth in growths), title=title)
            first = written_suite(suite, [growth.whole for growth in growths], target, growths, links)
            largest = first.reports
    reports = []
    for growth, below, report in zip(growths, fewer, largest, strict=True):
        reports += [*below, (_label(growth.whole), report)]
    paths = (first.html_path, first.markdown_path, first.json_path, first.csv_folder)
    return RenderedScaling(*paths, growths, tuple(reports))


def _summaries(
    protocols: Sequence[Protocol],
    cells: Iterable[CellResult],
    beside: tuple[tuple[tuple[str, str], ...], tuple[str, ...]],
) -> tuple[Summary, ...]:
    """A summary a size that has cells; cells of the other sizes are no cells of another protocol."""
    hashes = {protocol.hash for protocol in protocols}
    cells = list(cells)
    held = {cell.cell.protocol_hash for cell in cells}
    if not hashes & held:
        raise DataError(
            f"Growth with data was to be read on {protocols[0].data!r}; the store has no finished cell of any of its "
            f"{len(protocols)} sizes. Run them first."
        )
    absent = [_size(protocol) for protocol in protocols if protocol.hash not in held]
    if absent:
        _logger.warning("%s has no cell at %s training rows, which are left out.", protocols[0].data, listed(absent))
    found = []
    for protocol in protocols:
        if protocol.hash in held:
            siblings = hashes - {protocol.hash}
            own = [cell for cell in cells if cell.cell.protocol_hash not in siblings]
            found.append(summarise(own, protocol.hash, *beside))
    return tuple(found)


def _size(protocol: Protocol) -> str:
    return "all" if protocol.rows is None else rows_text(protocol.rows)


def _folder(summary: Summary) -> str:
    """Where the page of one size lies, below that of its set."""
    return f"rows-{summary.rows('train')}"


def _label(summary: Summary) -> str:
    return f"{summary.protocol.data}, {rows_text(summary.rows('train'))} training rows"


def _fewer(growth: Growth, place: Path) -> list[tuple[str, RenderedReport]]:
    """The pages of all sizes but the largest."""
    made = []
    for summary in growth.summaries[:-1]:
        label = _label(summary)
        titled = f"{label}: {summary.protocol.title}" if summary.protocol.title else ""
        shown = replace(summary, protocol=replace(summary.protocol, title=titled))
        made.append((label, written(shown, place / _folder(summary))))
    return made


def _links(growth: Growth) -> Links:
    return tuple((rows_text(s.rows("train")), f"{_folder(s)}/report.html") for s in growth.summaries[:-1])
