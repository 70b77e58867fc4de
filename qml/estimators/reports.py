"""What is written when cells are done: one report a data set, and of a suite all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qml.base.errors import QmlError
from qml.bench import Protocol, RenderedReport
from qml.bench.merge import Folder
from qml.bench.suite import Suite


class FailedBenchmarkError(QmlError, RuntimeError):
    """A benchmark did not keep its own terms, such as a champion below its floor."""


@dataclass(frozen=True)
class WrittenReport:
    """Where a report lies and what it says first.

    Args:
        html: the page.
        markdown: the same in Markdown.
        verdict: its headline, and what each comparison that decides says.
        failures: findings of a run that did not keep its own terms, such as a champion below its floor.
    """

    html: Path
    markdown: Path
    verdict: str
    failures: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the audit found a failure."""
        return bool(self.failures)

    def check(self) -> None:
        """Raise `FailedBenchmarkError` if an audit found a failure."""
        _check(self.failures)

    def __str__(self) -> str:
        note = f"\nThe audit found a failure: {'; '.join(self.failures)}." if self.failures else ""
        return f"{self.verdict}{note}\n{self.html}\n{self.markdown}"


@dataclass(frozen=True)
class WrittenSuite:
    """The report of a suite, and those of its data sets.

    Args:
        html: the page of all data sets.
        markdown: the same in Markdown.
        verdict: its headline, and what each set says.
        data: names of the data sets.
        reports: in the same order.
    """

    html: Path
    markdown: Path
    verdict: str
    data: tuple[str, ...]
    reports: tuple[WrittenReport, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """Failures of every data set, each with its name."""
        named = zip(self.data, self.reports, strict=True)
        return tuple(f"{data}: {failure}" for data, report in named for failure in report.failures)

    @property
    def failed(self) -> bool:
        """Whether an audit found a failure."""
        return bool(self.failures)

    def check(self) -> None:
        """Raise `FailedBenchmarkError` if an audit found a failure."""
        _check(self.failures)

    def __str__(self) -> str:
        note = f"\nThe audit found failures: {'; '.join(self.failures)}." if self.failures else ""
        pages = [f"{data}: {report.html}" for data, report in zip(self.data, self.reports, strict=True)]
        return "\n".join([f"{self.verdict}{note}", *pages, str(self.html), str(self.markdown)])


def written(
    store: Folder | Sequence[Folder], protocol: Protocol, out: str | Path, recipe: str = "", own: str | None = None
) -> WrittenReport:
    """The report of one protocol's cells: HTML, Markdown, JSON and CSV in a folder of its own.

    Args:
        store: of the cells, or several.
        protocol: the terms.
        out: folder of reports.
        recipe: name of the folder; by default of the protocol and its data.
        own: arm digest of a job's own hybrid: the verdict said is about it; the page is about the best of several.

    Raises:
        DataError: a store has no cell of this protocol.
    """
    from qml.bench import render

    name = recipe or f"{protocol.name}-{protocol.data.replace('/', '-')}"
    report = render(store, Path(out) / name, protocol_hash=protocol.hash)
    return _told(report, report.verdict_about(own))


def _told(report: RenderedReport, verdict: str) -> WrittenReport:
    failures = tuple(found.title for found in report.findings if found.is_severe)
    return WrittenReport(report.html_path, report.markdown_path, verdict, failures)


def written_suite(store: Folder | Sequence[Folder], suite: Suite, out: str | Path) -> WrittenSuite:
    """The reports of a suite's cells in a folder of its name: one page of all, and a folder a data set.

    Args:
        store: of the cells, or several.
        suite: the terms.
        out: folder of reports.

    Raises:
        DataError: a data set without cells.
    """
    from qml.bench import render_suite

    made = render_suite(suite, store, Path(out) / suite.name)
    reports = tuple(_told(report, report.verdict) for report in made.reports)
    return WrittenSuite(made.html_path, made.markdown_path, made.verdict, suite.data, reports)


def written_scaling(
    store: Folder | Sequence[Folder],
    sets: Sequence[Sequence[Protocol]],
    out: str | Path,
    name: str,
    title: str = "",
) -> WrittenSuite:
    """The reports of data sets at several numbers of training rows, in a folder of their own.

    Args:
        store: of the cells, or several.
        sets: for each data set its protocols.
        out: folder of reports.
        name: of the folder.
        title: heading of the page of all data sets.

    Raises:
        DataError: a data set without cells.
    """
    from qml.bench import render_scaling

    made = render_scaling(sets, store, Path(out) / name, name=name, title=title)
    reports = tuple(_told(report, report.verdict) for _, report in made.reports)
    labels = tuple(label for label, _ in made.reports)
    return WrittenSuite(made.html_path, made.markdown_path, made.verdict, labels, reports)


def _check(failures: Sequence[str]) -> None:
    """Raise `FailedBenchmarkError` where there are failures."""
    if failures:
        raise FailedBenchmarkError(
            f"This benchmark counts as failed: {'; '.join(failures)}. A weak champion or a broken term is a defect of "
            f"the benchmark, not a result; see the findings of the report, mend the cause and run again."
        )
