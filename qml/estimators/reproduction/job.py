"""A reproduction as a job: every row measured once and kept, then the table, beside what was published."""

from __future__ import annotations

import dataclasses
import json
import logging
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qml.base.digest import digest
from qml.base.errors import ConfigError, DataError, QmlError
from qml.base.files import write_json
from qml.estimators.reproduction.claim import JUDGED_BY_ROW, Agreement, Measured
from qml.estimators.reproduction.page import written
from qml.estimators.reproduction.study import Row, Study

_logger = logging.getLogger(__name__)


class NotReproducedError(QmlError, RuntimeError):
    """A row that must be reproduced to the test row was not."""


@dataclass(frozen=True)
class ReproductionOutcome:
    """What a reproduction found.

    Args:
        title: of the study.
        agreements: rows in the order of the study.
        page: the table as Markdown.
        files: where table and data lie.
    """

    title: str
    agreements: tuple[Agreement, ...]
    page: str
    files: tuple[Path, ...]

    @property
    def validation_score(self) -> None:
        """None: nothing is chosen in a reproduction."""
        return None

    def __str__(self) -> str:
        return "\n".join([self.page, *map(str, self.files)])

    def check(self) -> None:
        """Raise where a row that is judged to the test row does not agree.

        Means that differ by more than their errors allow are shown and raise nothing: one row in twenty would by
        chance.

        Raises:
            NotReproducedError: such a row; the first is named.
        """
        wrong = [a for a in self.agreements if a.claim.rule in JUDGED_BY_ROW and a.agrees is False]
        if wrong:
            first = wrong[0].claim
            raise NotReproducedError(
                f"{len(wrong)} of {len(self.agreements)} rows are not reproduced to the test row, the first: "
                f"{first.arm} on {first.data}. See the table."
            )


@dataclass(frozen=True)
class ReproductionJob:
    """A published study run again. What is measured is kept, one file a row and seed; a killed job continues.

    Args:
        study: its rows.
        name: of the folders of measurements and tables.
        store: folder of measurements, below `reproductions/<name>`.
        out: folder of tables.
        report: write the table to files.

    Example:
        ```python
        from qml.config import build

        print(build(["recipe=repro/alvarez_qsvm"]).run())
        ```
    """

    study: Study
    name: str
    store: str = "results/store"
    out: str = "results/reports"
    report: bool = True

    def run(self, progress: bool | None = None, command: Sequence[str] = ()) -> ReproductionOutcome:
        """Measure what is missing, and write the table.

        Args:
            progress: a bar; None shows one in a terminal or in Jupyter.
            command: words that run this again, for the page.

        Raises:
            ConfigError: the study has no rows.
            DataError: data are missing, or a kept measurement cannot be read.
        """
        from tqdm.auto import tqdm

        from qml.learn.bar import worth_showing

        shown = worth_showing() if progress is None else progress
        rows = self.study.rows()
        if not rows:
            raise ConfigError(f"The study {self.study.title!r} was asked to run again; it has no rows. Give it one.")
        jobs = [(row, seed) for row in rows for seed in row.seeds]
        found: dict[int, list[Measured]] = {id(row): [] for row in rows}
        with tqdm(jobs, desc=self.name, unit="fit", disable=not shown) as bar:
            for row, seed in bar:
                found[id(row)].append(self._measured(row, seed))
        agreements = tuple(Agreement(row.claim, tuple(found[id(row)])) for row in rows)
        words = shlex.join(command) if command else f"python -m experiments.benchmark recipe=repro/{self.name}"
        folder = Path(self.out) / self.name if self.report else None
        page, files = written(self.study.title, self.study.lessons, agreements, words, folder)
        return ReproductionOutcome(self.study.title, agreements, page, files)

    def _measured(self, row: Row, seed: int) -> Measured:
        """One repetition, measured unless it is kept."""
        identity = [row.claim.arm, row.claim.data, row.identity, seed]
        path = Path(self.store) / "reproductions" / self.name / f"{digest(identity)[:20]}.json"
        if path.is_file():
            return _read(path)
        measured = row.measure(seed)
        _logger.info("%s on %s, seed %d: %d of %d", *identity[:2], seed, measured.correct, measured.n_test)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"arm": row.claim.arm, "data": row.claim.data, "measured": dataclasses.asdict(measured)})
        return measured


def _read(path: Path) -> Measured:
    try:
        plain: Any = json.loads(path.read_text(encoding="utf-8"))
        return Measured(**plain["measured"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"The kept measurement {path} cannot be read: {error!r}. Delete it; it is then made anew."
        ) from error
