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
from qml.estimators.reproduction.chosen import LARGEST_SEED, check_names, check_numbers
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

    Raises:
        ConfigError: no repetition.
    """

    claim: Claim
    seeds: tuple[int, ...]
    measure: Callable[[int], Measured]
    identity: Any = None

    def __post_init__(self) -> None:
        if not self.seeds:
            raise ConfigError(f"The row {self.claim.arm!r} on {self.claim.data!r} has no seed; give at least one.")


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
        ConfigError: no seed, or one that cannot be.
    """

    table: str
    title: str = ""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    arms: Sequence[str] = ()
    data: Sequence[str] = ()
    lessons: Sequence[str] = field(default_factory=tuple)
    root: str | None = None

    def __post_init__(self) -> None:
        check_numbers("seeds", self.seeds, most=LARGEST_SEED)

    def rows(self) -> tuple[Row, ...]:
        """The chosen rows of the table; a fit without a seed of its own is measured once.

        Raises:
            DataError: the table cannot be read.
            ConfigError: an arm or data set of which it has no row.
        """
        path = Path(self.table)
        fits = read_fits(path)
        wanted = {"arms": self.arms or (), "data": self.data or ()}
        for what, names in wanted.items():
            if names:
                check_names(what, names, {_name(fit, what) for fit in fits}, path.name)
        chosen = [fit for fit in fits if all(not names or _name(fit, what) in names for what, names in wanted.items())]
        for what, other in (("arms", "data"), ("data", "arms")):
            for name in wanted[what]:
                if name not in {_name(fit, what) for fit in chosen}:
                    there = sorted({_name(fit, other) for fit in fits if _name(fit, what) == name})
                    raise ConfigError(
                        f"reproduce.{what} has {name!r}, and reproduce.{other} is {list(wanted[other])}; {path.name} "
                        f"has no such row. For {name!r} it has the {other}: {_shown(there)}. Choose of these."
                    )
        return tuple(map(self._row, chosen))

    def _row(self, fit: PublishedFit) -> Row:
        seeds = self.seeds[:1] if fit.model in WITHOUT_SEED else self.seeds
        identity = [fit.model, dict(fit.settings), fit.learning_rate, fit.claim.data]
        claim = replace(fit.claim, seedless=fit.model in WITHOUT_SEED)
        return Row(claim, tuple(seeds), partial(_measured, fit, self.root), identity)


def _name(fit: PublishedFit, what: str) -> str:
    """The name of a fit among the "arms" or the "data"."""
    return fit.claim.arm if what == "arms" else fit.claim.data


def _shown(names: Sequence[str], most: int = 10) -> str:
    """Names for a message, of many only the first."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


WITHOUT_SEED = ("svm", "iqp_kernel", "separable_kernel")


def _measured(fit: PublishedFit, root: str | None, seed: int) -> Measured:
    return measure(fit, _source(fit.claim.data, "float64" if fit.learning_rate is None else "float32", root), seed)


@lru_cache(maxsize=2)
def _source(variant: str, precision: str, root: str | None) -> Source:
    return study_source(variant=variant, precision=precision, root=root)
