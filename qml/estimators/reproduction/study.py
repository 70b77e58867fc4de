"""What a reproduction consists of: rows that each measure themselves, and the study whose table of fits makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol

from qml.base.errors import ConfigError
from qml.data.generators import study_source
from qml.data.source import Source
from qml.estimators.reproduction.claim import Claim, Measured
from qml.estimators.reproduction.fits import PublishedFit, read_fits
from qml.estimators.reproduction.fitting import measure


@dataclass(frozen=True)
class Row:
    """A published score that can be measured again.

    Args:
        claim: what was published.
        seeds: of the repetitions.
        measure: one repetition.
        identity: plain data by which a measurement is told from that of another row or version.
    """

    claim: Claim
    seeds: tuple[int, ...]
    measure: Callable[[int], Measured]
    identity: Any = None


class Study(Protocol):
    """A published study that can be run again."""

    @property
    def title(self) -> str:
        """Who, when, where."""
        ...

    @property
    def lessons(self) -> Sequence[str]:
        """What a reader of its table must know, a sentence each."""
        ...

    def rows(self) -> Sequence[Row]:
        """Its rows, none of them measured.

        Raises:
            DataError: data are missing.
        """
        ...


@dataclass(frozen=True)
class FitsStudy:
    """A study given as a table of published fits; data sets by their published names, see `qml.data.generators`.

    Args:
        table: CSV file, see `read_fits`; in a recipe a relative path is below `conf/`.
        title: who, when, where.
        seeds: of fits that depend on one.
        arms: only these arms; empty takes all.
        data: only these data sets; empty takes all.
        lessons: what a reader must know, a sentence each.
        root: folder of Parquet sets, for sets that cannot be generated; None reads `QML_DATA`.

    Raises:
        ConfigError: an arm or data set that is not in the table.
    """

    table: str
    title: str = ""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    arms: Sequence[str] = ()
    data: Sequence[str] = ()
    lessons: Sequence[str] = field(default_factory=tuple)
    root: str | None = None

    def rows(self) -> tuple[Row, ...]:
        """The chosen rows of the table; a fit without a seed of its own is measured once.

        Raises:
            DataError: the table cannot be read.
        """
        path = Path(self.table)
        fits = read_fits(path)
        for what, wanted in (("arms", self.arms), ("data", self.data)):
            known = {getattr(fit.claim, {"arms": "arm"}.get(what, what)) for fit in fits}
            if unknown := sorted(set(wanted) - known):
                raise ConfigError(
                    f"The {what} {unknown} were asked for; {path.name} has {', '.join(sorted(known))}. Choose of these."
                )
        chosen = [fit for fit in fits if not self.arms or fit.claim.arm in self.arms]
        chosen = [fit for fit in chosen if not self.data or fit.claim.data in self.data]
        if not chosen:
            raise ConfigError(f"No row of {path.name} is of the arms {list(self.arms)} on {list(self.data)}.")
        return tuple(map(self._row, chosen))

    def _row(self, fit: PublishedFit) -> Row:
        seeds = self.seeds[:1] if fit.model in WITHOUT_SEED else self.seeds
        identity = [fit.model, dict(fit.settings), fit.learning_rate, fit.claim.data]
        claim = replace(fit.claim, seedless=fit.model in WITHOUT_SEED)
        return Row(claim, tuple(seeds), partial(_measured, fit, self.root), identity)


WITHOUT_SEED = ("svm", "iqp_kernel", "separable_kernel")


def _measured(fit: PublishedFit, root: str | None, seed: int) -> Measured:
    return measure(fit, _source(fit.claim.data, "float64" if fit.learning_rate is None else "float32", root), seed)


@lru_cache(maxsize=2)
def _source(variant: str, precision: str, root: str | None) -> Source:
    return study_source(variant=variant, precision=precision, root=root)
