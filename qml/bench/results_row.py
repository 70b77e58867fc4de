"""One result of a table as a typed row, and the table: what the checks of an audit read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

Kind = Literal["text", "count", "number", "numbers"]
FIELDS: dict[str, Kind] = {
    **dict.fromkeys(("arm", "data", "terms", "seed", "settings", "versions", "circuit", "chosen_on"), "text"),
    **dict.fromkeys(("n_train", "n_test", "n_seeds", "trials", "failed"), "count"),
    **dict.fromkeys(("train_mean", "train_sd", "test_mean", "test_sd", "test_min", "test_max"), "number"),
    **dict.fromkeys(("selection", "selection_sd", "cost_s"), "number"),
    **dict.fromkeys(("train", "test", "test_curve"), "numbers"),
}
SCORES = ("train", "test", "test_curve", "train_mean", "train_sd", "test_mean", "test_sd", "test_min", "test_max")
SCORES += ("selection", "selection_sd")
UNROUNDED = 12  # digits after the point from which a number counts as written in full


@dataclass(frozen=True)
class ResultRow:
    """What a table says of one arm on one data set; a field that the table does not have is None or empty.

    Args:
        number: place in the table, from 0, over all its files.
        place: file and line, for a reader.
        arm: the contestant.
        data: the data set; several columns are joined with " / ".
        terms: what else tells rows apart, such as the loss.
        n_train, n_test: rows of the two splits.
        n_seeds: repetitions that the table claims.
        train, test: one score a repetition.
        train_mean, train_sd, test_mean, test_sd, test_min, test_max: of the repetitions.
        selection, selection_sd: score by which settings were chosen (cross-validation), of the best setting.
        cost_s: seconds of a fit.
        trials, failed: settings tried; those of them that failed.
        seeds: names of the repetitions, where each has a line of its own.
        settings, versions, circuit: chosen hyper-parameters; package versions; digest of the circuit.
        chosen_on: split on which the reported epoch or setting was chosen.
        test_curve: test score by epoch, a curve a repetition; empty where a repetition has none.
    """

    number: int
    place: str
    arm: str
    data: str
    terms: str = ""
    n_train: int | None = None
    n_test: int | None = None
    n_seeds: int | None = None
    train: tuple[float, ...] = ()
    test: tuple[float, ...] = ()
    test_curve: tuple[tuple[float, ...], ...] = ()
    train_mean: float | None = None
    train_sd: float | None = None
    test_mean: float | None = None
    test_sd: float | None = None
    test_min: float | None = None
    test_max: float | None = None
    selection: float | None = None
    selection_sd: float | None = None
    cost_s: float | None = None
    trials: int | None = None
    failed: int | None = None
    seeds: tuple[str, ...] = ()
    settings: str = ""
    versions: str = ""
    circuit: str = ""
    chosen_on: str = ""

    @property
    def names(self) -> tuple[str, str, str]:
        """What the row is about: arm, data and terms."""
        return (self.arm, self.data, self.terms)

    @property
    def label(self) -> str:
        """The same for a reader."""
        return ", ".join(name for name in self.names if name and name != "default")

    @property
    def figures(self) -> tuple[tuple[str, Any], ...]:
        """All that was measured, by field: what two rows of different fits cannot share by chance."""
        measured = ("train", "test", "train_mean", "train_sd", "test_mean", "test_sd", "selection", "selection_sd")
        values = ((name, getattr(self, name)) for name in (*measured, "cost_s"))
        return tuple((name, value) for name, value in values if value not in (None, ()))


@dataclass(frozen=True)
class ResultTable:
    """The rows of a table with what is known of all of them.

    Args:
        rows: in the order of the files and their lines.
        fields: fields of `ResultRow` that the table has.
        decimals: field -> digits after the point in its column, for how exactly a number is known.
        metric: what the scores are.
        files: where they were read.
        mixed: fields whose numbers are written to different lengths.
        assumed: whether nothing says that the scores are of that metric, neither a person nor the name of a column.
    """

    rows: tuple[ResultRow, ...]
    fields: frozenset[str]
    decimals: Mapping[str, int] = field(default_factory=dict)
    metric: str = "accuracy"
    files: tuple[str, ...] = ()
    mixed: frozenset[str] = frozenset()
    assumed: bool = False

    def rounding(self, name: str, *values: float) -> float:
        """Half a unit of the last digit that a field is written to: the most that rounding changed.

        Args:
            name: of the field.
            values: numbers of one row; where the column holds numbers of several lengths, the longest of these counts
                instead of the longest of the column. A row is written in one way, with or without its last zeros.
        """
        digits = self.decimals.get(name, UNROUNDED)
        if name in self.mixed and values:
            digits = min(digits, max(map(digits_of, values)))
        return 0.5 * 10.0**-digits if digits < UNROUNDED else 0.0

    def without(self, numbers: Iterable[int]) -> ResultTable:
        """The same table with some rows set aside; the others keep their numbers."""
        left_out = set(numbers)
        return replace(self, rows=tuple(row for row in self.rows if row.number not in left_out))


def digits_of(value: float) -> int:
    """Digits after the point that a number needs, at most `UNROUNDED` figures of it being read.

    Example:
        >>> digits_of(0.9667), digits_of(96.67 / 100), digits_of(1.0)
        (4, 4, 0)
    """
    exponent = Decimal(f"{value:.{UNROUNDED}g}").as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else UNROUNDED
