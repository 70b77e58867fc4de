"""The terms of a comparison as one frozen value, hashed before the first cell runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from qml.base.digest import digest
from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.bench.budget import SAMPLERS

CHAMPION = "champion"
HOLDOUT = "holdout"
AT_MOST_ONE = ("accuracy", "balanced_accuracy", "auc", "average_precision", "r2")
CONTRASTS = (
    ("hybrid", "removed"),
    ("hybrid", "twin"),
    ("hybrid", CHAMPION),
    ("hybrid", "product"),
    ("hybrid", "frozen"),
)


@dataclass(frozen=True)
class Protocol:
    """What every contestant is given, and what is read off at the end.

    Args:
        name: short name of the protocol.
        data: name of the data set.
        split: how rows are divided ("auto", "stratified", "official", ...): words of the data room.
        test: share of rows held back for the end, in (0, 1); ignored by official splits, and 1/folds with folds.
        validation: share of rows that choices are made on, in (0, 1).
        rows: use at most so many rows; None uses all.
        source: which rows are seen and how, beyond the above, as pairs of a name and its text: transforms, options,
            a digest of the contents. Not where the data lie.
        seeds: every seed of the comparison, each one outer split; a job may run only some of them.
        folds: repeated stratified k-fold: seed s tests on fold s % k of deal s // k, so that k seeds test every row
            once; None splits anew for every seed, as `split` says.
        inner: where settings are chosen: "holdout" on the validation rows; k on k inner folds of the training and
            validation rows, after which the chosen setting is fitted once more, as for a hold-out.
        sampler: how settings are drawn, one of `SAMPLERS`.
        trials: settings tried by each contestant, the same number for all.
        epochs: passes over the training rows of one fit, at most.
        cpu_s: CPU seconds of one trial after which it is stopped, scoring of validation rows included; with inner
            folds of all its fits together. A fit as a whole cannot be stopped, and tells what it spent. None is
            unbounded.
        patience: epochs without a better validation score before a fit stops; None never stops early.
        rank: the metric by which settings are chosen (on validation rows) and contestants compared (on test rows).
        metrics: metrics to keep beside `rank`; empty keeps all that the task gives.
        rope: half width of "practically equal" in units of `rank`: 0.01 is one point of accuracy.
        rows_curve: shares of the training rows, in (0, 1), on which the chosen setting is fitted again; empty for none.
        contrasts: pairs (arm, against); `"champion"` stands for the best baseline by validation score.
        floors: pairs (arm, lowest mean test score in units of `rank`) below which the run counts as faulty;
            `"champion"` stands for the best of these means among baselines that are whole.
        title: heading of the report; not part of the hash.

    Raises:
        ConfigError: a value cannot be meant; the message names the field, the value found and what is allowed.

    Example:
        >>> small = Protocol(name="small", data="digits", seeds=(0, 1, 2))
        >>> small.hash == Protocol(name="small", data="digits", seeds=[0, 1, 2], title="Digits").hash
        True
    """

    name: str
    data: str
    split: str = "auto"
    test: float = 0.2
    validation: float = 0.2
    rows: int | None = None
    source: tuple[tuple[str, str], ...] = ()
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    folds: int | None = None
    inner: int | str = HOLDOUT
    sampler: str = "random"
    trials: int = 1
    epochs: int = 20
    cpu_s: float | None = None
    patience: int | None = None
    rank: str = "accuracy"
    metrics: tuple[str, ...] = ()
    rope: float = 0.01
    rows_curve: tuple[float, ...] = ()
    contrasts: tuple[tuple[str, str], ...] = CONTRASTS
    floors: tuple[tuple[str, float], ...] = ()
    title: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        self._freeze()
        for key in ("name", "data", "split", "rank"):
            value = getattr(self, key)
            _check(isinstance(value, str) and value.strip() != "", key, value, "a word")
        self._check_folds()
        for key in ("test", "validation"):
            value = getattr(self, key)
            _check(_number(value) and 0 < value < 1, key, value, "a share between 0 and 1")
        _check(self.test + self.validation < 1, "test + validation", self.test + self.validation, "below 1")
        for key, least in (("trials", 1), ("epochs", 1)):
            value = getattr(self, key)
            _check(_integer(value) and value >= least, key, value, f"an integer of at least {least}")
        for key in ("rows", "patience"):
            value = getattr(self, key)
            _check(value is None or (_integer(value) and value >= 1), key, value, "None or an integer of at least 1")
        _check(self.cpu_s is None or (_number(self.cpu_s) and self.cpu_s > 0), "cpu_s", self.cpu_s, "None or above 0")
        _check(_number(self.rope) and self.rope > 0, "rope", self.rope, "above 0, in units of the ranking metric")
        self._check_lists()

    def _check_folds(self) -> None:
        """Outer and inner folds and the sampler; with outer folds the share of test rows follows."""
        folds, inner = self.folds, self.inner
        _check(folds is None or (_integer(folds) and folds >= 2), "folds", folds, "None or an integer of at least 2")
        wanted = f"{HOLDOUT!r} or an integer of at least 2"
        _check(inner == HOLDOUT or (isinstance(inner, int) and _integer(inner) and inner >= 2), "inner", inner, wanted)
        several = inner == HOLDOUT or self.trials != 1
        _check(several, "inner", inner, f"{HOLDOUT!r} with trials=1, where nothing is chosen")
        _check(self.sampler in SAMPLERS, "sampler", self.sampler, f"one of {', '.join(SAMPLERS)}")
        if folds is None:
            return
        object.__setattr__(self, "test", 1 / folds)
        deals = {seed // folds for seed in self.seeds if _integer(seed)}
        lacking = sorted({deal * folds + fold for deal in deals for fold in range(folds)} - set(self.seeds))
        shown = lacking if len(lacking) <= 5 else f"{len(lacking)} from {lacking[0]} to {lacking[-1]}"
        _check(
            not lacking,
            "seeds",
            self.seeds,
            f"whole deals of {folds} folds, in which every row is tested once; {shown} are missing",
        )

    def _freeze(self) -> None:
        """Lists from a configuration file become tuples, so that the value is hashable."""
        for key in ("seeds", "metrics", "rows_curve"):
            value = getattr(self, key)
            _check(isinstance(value, (tuple, list)), key, value, "a list")
            object.__setattr__(self, key, tuple(value))
        for key in ("source", "contrasts", "floors"):
            value = getattr(self, key)
            pairs = tuple(value.items()) if isinstance(value, Mapping) else value
            _check(isinstance(pairs, (tuple, list)), key, value, "a list of pairs")
            for pair in pairs:
                _check(isinstance(pair, (tuple, list)) and len(pair) == 2, key, pair, "a pair of two")
            object.__setattr__(self, key, tuple((first, second) for first, second in pairs))

    def _check_lists(self) -> None:
        _check(len(self.seeds) > 0, "seeds", self.seeds, "at least one seed (intervals need two)")
        _check(all(_integer(s) and s >= 0 for s in self.seeds), "seeds", self.seeds, "integers from 0")
        _check(len(set(self.seeds)) == len(self.seeds), "seeds", self.seeds, "each seed once")
        shares = self.rows_curve
        _check(all(_number(v) and 0 < v < 1 for v in shares), "rows_curve", shares, "shares between 0 and 1")
        _check(tuple(sorted(set(shares))) == shares, "rows_curve", shares, "rising shares, each once")
        _check(all(isinstance(m, str) and m for m in self.metrics), "metrics", self.metrics, "names of metrics")
        texts = [text for pair in self.source for text in pair]
        _check(all(isinstance(text, str) for text in texts), "source", self.source, "pairs of a name and its text")
        names = [name for pair in self.contrasts for name in pair]
        _check(all(isinstance(name, str) and name for name in names), "contrasts", self.contrasts, "names of arms")
        _check(all(a != b for a, b in self.contrasts), "contrasts", self.contrasts, "two different arms in each pair")
        _check(
            all(isinstance(arm, str) and _number(value) for arm, value in self.floors),
            "floors",
            self.floors,
            "pairs of an arm and a score",
        )
        for arm, value in self.floors:
            can_be = value <= 1 or self.rank not in AT_MOST_ONE
            _check(can_be, f"floors.{arm}", value, f"at most 1, as {self.rank} is; 95 % is 0.95")

    @property
    def hash(self) -> str:
        """Digest of every term, 32 hexadecimal digits; `title` is not a term, nor which seeds a job runs."""
        return digest(self)

    def check_seed(self, seed: int) -> None:
        """Refuse a seed that is not one of the protocol's.

        Raises:
            ConfigError: `seed` is not among `seeds`.
        """
        _check(seed in self.seeds, "seed", seed, f"one of the protocol's seeds {list(self.seeds)}")

    def to_json(self) -> dict[str, Any]:
        """Plain data from which `from_json` makes an equal Protocol."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Protocol:
        """The Protocol that `to_json` wrote.

        Raises:
            ConfigError: a field is not known to this version, or a value cannot be meant.
        """
        known = [f.name for f in fields(cls)]
        for key in data:
            if key not in known:
                raise unknown("protocol field", key, known)
        return cls(**data)


def _integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _check(holds: bool, key: str, value: object, wanted: str) -> None:
    if not holds:
        raise ConfigError(f"Protocol {key} is {value!r}; it must be {wanted}. Change `{key}` in the protocol.")
