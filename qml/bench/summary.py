"""The cells of one protocol read together: contestants, scores, comparisons; what every view and audit starts from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.base.lazy import cached_property
from qml.bench.arm import ArmInfo
from qml.bench.cell import CellResult
from qml.bench.protocol import CHAMPION, Protocol
from qml.bench.scale import Scale
from qml.bench.statistics import Estimate, over_rows, over_splits
from qml.bench.words import State, Word, headline, word_of

SIZING = ("circuit", "n_inputs", "n_weights", "n_values")
FAMILIES = ("hybrid", "control", "baseline")
SHORT = {
    "hybrid": "Hybrid",
    "product": "No entangl.",
    "frozen": "Frozen",
    "twin": "Twin",
    "removed": "Removed",
    "surrogate": "Fourier",
    "random_features": "Random Fourier",
    "unweighted": "Plain readout",
    "shuffled": "Shuffled",
    "logistic": "Logistic",
    "svm": "RBF SVM",
    "boosting": "Boosting",
    "mlp": "MLP",
    "cnn": "CNN",
    "knn": "kNN",
    "majority": "Majority",
}


@dataclass(frozen=True)
class Contestant:
    """One arm with its cells under one protocol.

    Args:
        key: unique in this summary; the arm's name, with a part of its digest where two share a name.
        cells: finished cells, by seed.
        failed: failed cells, by seed.
        rank: the ranking metric.
    """

    key: str
    name: str
    title: str
    family: str
    details: Mapping[str, Any]
    cells: tuple[CellResult, ...]
    failed: tuple[CellResult, ...]
    rank: str

    @property
    def role(self) -> str:
        """What it stands for in contrasts: `details["role"]`, else its name."""
        return str(self.details.get("role", self.name))

    @property
    def short(self) -> str:
        """A short title for narrow drawings: `details["short"]`, else the usual one of its role, else the title.

        Where others have its name, `details["apart"]` is added.
        """
        short = str(self.details.get("short", SHORT.get(self.role, self.title)))
        if self.key == self.name:
            return short
        return f"{short} {self.details['apart']}" if "apart" in self.details else self.title

    @property
    def spoken(self) -> str:
        """The title inside a sentence: "the hybrid", "circuit removed", "RBF SVM"."""
        if self.role == "hybrid":
            return "the hybrid" if self.key == self.name else f"the {self.title[:1].lower()}{self.title[1:]}"
        return self.title if self.family != "control" else self.title[:1].lower() + self.title[1:]

    @cached_property
    def scores(self) -> dict[int, float]:
        """Test value of the ranking metric by seed."""
        return {c.cell.seed: c.metrics["test"][self.rank] for c in self.cells if self.rank in c.metrics["test"]}

    @cached_property
    def validation(self) -> float:
        """Mean validation value of the ranking metric; the only number by which contestants are chosen."""
        return float(np.mean([c.metrics["validation"][self.rank] for c in self.cells])) if self.cells else float("nan")

    @property
    def capped(self) -> int:
        """Cells in which a trial met the cap of CPU seconds."""
        return sum(c.capped > 0 for c in self.cells)

    def typical_cost(self, key: str) -> float:
        """Median over seeds of one number of the chosen fit's cost: a first fit may also compile."""
        return (
            float(np.median([c.best.cost.get(key, 0.0) for c in self.cells if c.best])) if self.cells else float("nan")
        )

    def typical_rate(self, key: str) -> float | None:
        """Median over seeds of rows a second ("predict_rows_s" or "train_rows_s"); None where it was not measured."""
        found = [c.best.rates[key] for c in self.cells if c.best and key in c.best.rates]
        return float(np.median(found)) if found else None

    def mean_info(self, key: str) -> float | None:
        """Mean over seeds of a number that the fit gave of itself; None where it gave none."""
        found = [c.best.info[key] for c in self.cells if c.best and key in c.best.info]
        return float(np.mean(found)) if found else None

    @cached_property
    def parameters(self) -> dict[str, float]:
        """Trained numbers by part, mean over seeds."""
        parts = sorted({part for c in self.cells if c.best for part in c.best.parameters})
        return {p: float(np.mean([c.best.parameters.get(p, 0) for c in self.cells if c.best])) for p in parts}

    @property
    def all_parameters(self) -> float:
        """Trained numbers of all parts."""
        return float(sum(self.parameters.values()))

    def array(self, name: str) -> list[np.ndarray]:
        """One stored array of each finished cell."""
        return [c.arrays[name] for c in self.cells if name in c.arrays]


@dataclass(frozen=True)
class Comparison:
    """`arm` against `against`, paired by seed; a positive estimate is good for `arm`.

    `role` is the word of the protocol ("removed", "twin", "champion", "frozen", ...).
    """

    arm: Contestant
    against: Contestant
    role: str
    estimate: Estimate
    word: Word


@dataclass(frozen=True)
class Summary:
    """All that a report says, before it is put into words.

    Args:
        protocol: the terms.
        arms: contestants, hybrids first, then controls, then baselines.
        others: cells of the same data under another protocol hash; they are named and not used.
        damaged: folders of the store that could not be read, with the reason.
        unfinished: digests of cells that were begun and not ended.
    """

    protocol: Protocol
    arms: tuple[Contestant, ...]
    others: tuple[CellResult, ...] = ()
    damaged: tuple[tuple[str, str], ...] = ()
    unfinished: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> Contestant:
        return next(arm for arm in self.arms if arm.key == key)

    @property
    def ranked(self) -> tuple[Contestant, ...]:
        """Contestants with at least one finished cell."""
        return tuple(arm for arm in self.arms if arm.scores)

    @cached_property
    def cells(self) -> tuple[CellResult, ...]:
        """Every finished cell."""
        return tuple(cell for arm in self.arms for cell in arm.cells)

    @cached_property
    def scale(self) -> Scale:
        """How the ranking metric is written."""
        values = [abs(v) for arm in self.arms for v in arm.scores.values()]
        facts = self.cells[0].metric_facts[self.protocol.rank] if self.cells else {}
        return Scale.of(self.protocol.rank, facts, float(np.median(values)) if values else 1.0)

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """Facts of the source, of the first cell."""
        cells = self.cells or tuple(cell for arm in self.arms for cell in arm.failed)
        return cells[0].data

    def rows(self, split: str) -> int:
        """Rows of a split."""
        return int(self.data["rows"][split])

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes; empty for a number."""
        return tuple(str(label) for label in self.data.get("labels", ()))

    @cached_property
    def fixed_test(self) -> bool:
        """Whether all seeds share one test set: the same targets in the same order, and the same rows where told."""
        for name in ("test_targets", "test_rows"):
            by_seed = {c.cell.seed: c.arrays[name] for c in self.cells if name in c.arrays}
            found = list(by_seed.values())
            if name == "test_targets" and len(found) < 2:
                return False
            if any(not np.array_equal(found[0], other) for other in found[1:]):
                return False
        return True

    def estimate(self, arm: Contestant) -> Estimate:
        """Mean score of one contestant with its interval, in units of the metric."""
        return self._estimate([(cell, None) for cell in arm.cells if cell.cell.seed in arm.scores], 1.0)

    def difference(self, arm: Contestant, against: Contestant) -> Estimate | None:
        """Paired difference, positive when `arm` is better; None where no seed can be paired."""
        other = {cell.cell.seed: cell for cell in against.cells if cell.cell.seed in against.scores}
        pairs = [
            (cell, other[cell.cell.seed])
            for cell in arm.cells
            if cell.cell.seed in arm.scores and cell.cell.seed in other and _same_rows(cell, other[cell.cell.seed])
        ]
        limit = 1.0 if self.scale.percent else math.inf
        return replace(self._estimate(pairs, self.scale.sign), limit=limit) if pairs else None

    def _estimate(self, pairs: Sequence[tuple[CellResult, CellResult | None]], sign: float) -> Estimate:
        rank = self.protocol.rank
        values = np.array([a.metrics["test"][rank] - (b.metrics["test"][rank] if b else 0.0) for a, b in pairs])
        if not self.fixed_test:
            folds = self.protocol.folds
            sizes = (self.rows("train"), self.rows("test")) if folds is None else (folds - 1, 1)
            return over_splits(sign * values, *sizes)
        sides = [(a.arrays["test_left_out"], b.arrays["test_left_out"] if b else 0.0) for a, b in pairs]
        if any(np.size(side) < 2 for pair in sides for side in pair if not isinstance(side, float)):
            return Estimate(tuple((sign * values).tolist()), float(sign * values.mean()), float("inf"), 1, "fixed")
        return over_rows(sign * values, sign * np.stack([a - b for a, b in sides]))

    @cached_property
    def hero(self) -> Contestant | None:
        """The hybrid that the verdict is about: the best by validation score of the protocol's, whole ones first."""
        named = [arm for arm, _ in self.protocol.contrasts]
        references = {against for _, against in self.protocol.contrasts}
        hybrids = [arm for arm in self.ranked if arm.family == "hybrid"]
        first = [arm for arm in hybrids if arm.role in named] or [a for a in hybrids if a.role not in references]
        return self.best([arm for arm in first if self.is_whole(arm)] or first)

    @cached_property
    def champion(self) -> Contestant | None:
        """The best baseline by validation score among those that are whole and not capped."""
        return self.best([a for a in self.ranked if a.family == "baseline" and not a.capped and self.is_whole(a)])

    def is_whole(self, arm: Contestant) -> bool:
        """Whether it has a finished cell for every seed of the protocol."""
        return set(arm.scores) == set(self.protocol.seeds)

    def best(self, arms: Iterable[Contestant]) -> Contestant | None:
        """The best by mean validation score; the first of equals; None of none."""
        found = list(arms)
        return max(found, key=lambda arm: self.scale.sign * arm.validation) if found else None

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The contrasts of the protocol that the cells allow, in its order, all for the hero."""
        if self.hero is None:
            return ()
        found = []
        for _, role in self.protocol.contrasts:
            against = self.reference(role)
            if against is None or against.key == self.hero.key or role in {c.role for c in found}:
                continue
            estimate = self.difference(self.hero, against)
            if estimate is not None:
                found.append(Comparison(self.hero, against, role, estimate, word_of(estimate, self.protocol.rope)))
        return tuple(found)

    def reference(self, role: str) -> Contestant | None:
        """The contestant that a word of the protocol stands for."""
        if role == CHAMPION:
            return self.champion
        found = [arm for arm in self.ranked if arm.role == role]
        if self.hero is not None and len(found) > 1:  # a sweep over circuits: stay with the hero's own ablations
            kinship = [self._kinship(arm, self.hero) for arm in found]
            found = [arm for arm, kin in zip(found, kinship, strict=True) if kin == max(kinship)]
        return self.best(found)

    def _kinship(self, arm: Contestant, hero: Contestant) -> int:
        """How many of the facts that size a circuit two contestants share."""
        return sum(key in arm.details and arm.details[key] == hero.details.get(key) for key in SIZING)

    def comparison(self, role: str) -> Comparison | None:
        """The comparison with that reference, where there is one."""
        return next((c for c in self.comparisons if c.role == role), None)

    def barred(self, comparison: Comparison) -> str | None:
        """Why a comparison is shown but must not enter the verdict; None when it may."""
        for arm in (comparison.arm, comparison.against):
            if arm.capped:
                return f"{arm.title} met the cap of CPU seconds"
            if not self.is_whole(arm):
                return f"{arm.title} lacks some of the seeds"
        return None

    @cached_property
    def verdict(self) -> dict[str, Comparison]:
        """The comparisons that decide, by role: removed, twin, champion."""
        found = {role: self.comparison(role) for role in ("removed", "twin", CHAMPION)}
        return {role: c for role, c in found.items() if c is not None and self.barred(c) is None}

    @cached_property
    def state(self) -> State:
        """The verdict as one word, by the rule of `words.headline`."""
        words: dict[str, Word] = {role: c.word for role, c in self.verdict.items()}
        return headline(words.get("removed"), words.get("twin"), words.get(CHAMPION))


def _same_rows(first: CellResult, second: CellResult) -> bool:
    """Whether two cells of one seed were tested on the same rows."""
    return all(
        np.array_equal(first.arrays[name], second.arrays[name])
        for name in ("test_targets", "test_rows")
        if name in first.arrays and name in second.arrays
    )


def summarise(
    cells: Iterable[CellResult],
    protocol_hash: str | None = None,
    damaged: tuple[tuple[str, str], ...] = (),
    unfinished: tuple[str, ...] = (),
) -> Summary:
    """The cells of one protocol as a Summary.

    Args:
        cells: from a store; those of another protocol are not used, and named where the data is the same.
        protocol_hash: which protocol, or the first part of its hash; None takes the one with most cells.
        damaged: see `Store.damaged`.
        unfinished: see `Store.unfinished`.

    Raises:
        DataError: there are no cells, or none under that hash.
    """
    cells = list(cells)
    if not cells:
        raise DataError(
            "The store has no finished cell, so there is nothing to report. Run experiments.benchmark first."
        )
    counts = Counter(cell.cell.protocol_hash for cell in cells)
    if protocol_hash is None:
        protocol_hash = min(counts, key=lambda key: (-counts[key], key))
    matching = [key for key in counts if key.startswith(protocol_hash)]
    if len(matching) != 1:
        raise DataError(
            f"Protocol hash {protocol_hash!r} names {len(matching)} of the protocols in this store: "
            f"{', '.join(sorted(counts))}."
        )
    mine = [cell for cell in cells if cell.cell.protocol_hash == matching[0]]
    protocol = mine[0].protocol
    others = tuple(
        cell for cell in cells if cell.cell.protocol_hash != matching[0] and cell.protocol.data == protocol.data
    )
    return Summary(protocol, _contestants(mine, protocol), others, damaged, unfinished)


def _titles(arms: Mapping[str, ArmInfo]) -> dict[str, str]:
    """A title for each arm by its digest: where two share one, with `details["apart"]` or a part of the digest."""
    titles = {key: arm.title for key, arm in arms.items()}
    for tail in (lambda key: arms[key].details.get("apart", ""), lambda key: key[:4]):
        counts = Counter(titles.values())
        shared = [key for key, title in titles.items() if counts[title] > 1 and tail(key)]
        titles |= {key: f"{titles[key]} ({tail(key)})" for key in shared}
    return titles


def _contestants(cells: list[CellResult], protocol: Protocol) -> tuple[Contestant, ...]:
    groups: dict[str, list[CellResult]] = {}
    for cell in sorted(cells, key=lambda c: (c.cell.arm.name, c.cell.arm_digest, c.cell.seed)):
        groups.setdefault(cell.cell.arm_digest, []).append(cell)
    names = Counter(group[0].cell.arm.name for group in groups.values())
    titles = _titles({key: group[0].cell.arm for key, group in groups.items()})
    found = []
    for key, group in groups.items():
        info = group[0].cell.arm
        found.append(
            Contestant(
                key=info.name if names[info.name] == 1 else f"{info.name}-{key[:4]}",
                name=info.name,
                title=titles[key],
                family=info.family,
                details=info.details,
                cells=tuple(c for c in group if c.status == "finished"),
                failed=tuple(c for c in group if c.status == "failed"),
                rank=protocol.rank,
            )
        )
    order = [name for pair in protocol.contrasts for name in pair]

    def place(arm: Contestant) -> tuple[int, int, str]:
        return FAMILIES.index(arm.family), order.index(arm.role) if arm.role in order else len(order), arm.key

    return tuple(sorted(found, key=place))
