"""What is written when cells are done: one report a data set, and of a suite all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qml.base.errors import QmlError
from qml.bench import Protocol, Store
from qml.bench.suite import Suite


class FailedBenchmarkError(QmlError, RuntimeError):
    """A benchmark did not keep its own terms, such as a champion below its floor."""


@dataclass(frozen=True)
class WrittenReport:
    """Where a report lies and what it says first.

    Args:
        html: the page.
        markdown: the same in Markdown.
        verdict: its headline and its first sentence.
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
    """The reports of a suite, one a data set.

    Args:
        data: names of the data sets.
        reports: in the same order.
        note: what is to be said of all of them.
    """

    data: tuple[str, ...]
    reports: tuple[WrittenReport, ...]
    note: str = ""

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
        named = zip(self.data, self.reports, strict=True)
        parts = [f"{data}: {report}" for data, report in named]
        return "\n".join([*([self.note] if self.note else []), *parts])


def written(store: Store, protocol: Protocol, out: str | Path, recipe: str = "") -> WrittenReport:
    """The report of one protocol's cells: HTML and Markdown in a folder of its own.

    Raises:
        DataError: the store has no cell of this protocol.
    """
    from qml.bench import render
    from qml.bench.report.sentences import headline_text, lede
    from qml.bench.report.view import View

    name = recipe or f"{protocol.name}-{protocol.data.replace('/', '-')}"
    report = render(store, Path(out) / name, protocol_hash=protocol.hash)
    view = View(report.summary)
    verdict = f"{headline_text(view)}\n{lede(view)}".replace("**", "").replace("\u00a0", " ")
    failures = tuple(found.title for found in report.findings if found.is_severe)
    return WrittenReport(report.html_path, report.markdown_path, verdict, failures)


def written_suite(store: Store, suite: Suite, out: str | Path, names: Sequence[str] = ()) -> WrittenSuite:
    """The reports of a suite's cells, each data set in a folder of its own below that of the suite.

    Args:
        store: of the cells.
        suite: the terms.
        out: folder of reports.
        names: of the folders, one a data set; by default the names of the sets.

    Raises:
        DataError: a data set without cells.
    """
    folders = names or [data.replace("/", "-") for data in suite.data]
    where = Path(out) / suite.name
    named = zip(suite.protocols, folders, strict=True)
    return WrittenSuite(suite.data, tuple(written(store, protocol, where, name) for protocol, name in named))


def _check(failures: Sequence[str]) -> None:
    """Raise `FailedBenchmarkError` where there are failures."""
    if failures:
        raise FailedBenchmarkError(
            f"This benchmark counts as failed: {'; '.join(failures)}. A weak champion or a broken term is a defect of "
            f"the benchmark, not a result; see the findings of the report, mend the cause and run again."
        )
