"""One arm with its cells under one protocol, under the one name that it has in every sentence, table and figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.lazy import cached_property
from qml.bench.arm import ArmInfo
from qml.bench.cell import CellResult
from qml.bench.inner_trial import BY_ITSELF
from qml.bench.protocol import Protocol
from qml.bench.spread import Spread, is_stuck, spread

FAMILIES = ("hybrid", "control", "baseline")
LONGEST = 20
"""Letters of a name that fits a figure; an arm whose title is longer is called by its short title everywhere."""
BY_ORDER = ("auc", "average_precision")
"""Metrics that read the order of rows, so that a model may score well and answer one class."""


@dataclass(frozen=True)
class Contestant:
    """One arm with its cells under one protocol.

    Args:
        key: unique in this summary; the arm's name, with a part of its digest where two share a name.
        title: its one name in a report; see `titles_of`.
        full: the title that came with the arm, which may be longer.
        cells: finished cells, by seed.
        failed: failed cells, by seed; each counts with the score of a constant answer, where its cell has that.
        rank: the ranking metric.
    """

    key: str
    name: str
    title: str
    full: str
    family: str
    details: Mapping[str, Any]
    cells: tuple[CellResult, ...]
    failed: tuple[CellResult, ...]
    rank: str

    @property
    def every(self) -> tuple[CellResult, ...]:
        """Finished and failed cells."""
        return (*self.cells, *self.failed)

    @property
    def role(self) -> str:
        """What it stands for in contrasts: `details["role"]`, else its name."""
        return str(self.details.get("role", self.name))

    @property
    def digest(self) -> str:
        """Digest of what it is: that of its cells' arm."""
        return self.every[0].cell.arm_digest

    @property
    def spoken(self) -> str:
        """The title inside a sentence: "the hybrid", "circuit removed", "RBF SVM"."""
        if self.role == "hybrid":
            return "the hybrid" if self.key == self.name else f"the {self.title[:1].lower()}{self.title[1:]}"
        return self.title if self.family != "control" else self.title[:1].lower() + self.title[1:]

    @cached_property
    def judged(self) -> tuple[CellResult, ...]:
        """Cells that have a test score, by seed: finished ones, and failed ones scored as chance."""
        found = [c for c in self.every if self.rank in c.counted.get("test", {})]
        return tuple(sorted(found, key=lambda c: c.cell.seed))

    @cached_property
    def scores(self) -> dict[int, float]:
        """Test value of the ranking metric by seed; that of a constant answer where every trial failed."""
        return {c.cell.seed: float(c.counted["test"][self.rank]) for c in self.judged}

    @property
    def at_chance(self) -> tuple[int, ...]:
        """Seeds in which every trial failed and the score is that of a constant answer."""
        return tuple(c.cell.seed for c in self.judged if c.status == "failed")

    @cached_property
    def validation(self) -> float:
        """Mean validation value of the ranking metric; the only number by which contestants are chosen."""
        found = [c.counted["validation"][self.rank] for c in self.judged if self.rank in c.counted["validation"]]
        return float(np.mean(found)) if found else float("nan")

    def constant(self, split: str) -> float:
        """Mean score of the constant answer on "validation" or "test"; NaN where cells keep none."""
        found = [c.chance[split][self.rank] for c in self.judged if self.rank in c.chance.get(split, {})]
        return float(np.mean(found)) if found else float("nan")

    @cached_property
    def spread(self) -> Spread:
        """Median, quartiles and ends of the scores, and how many finished runs answer as the class prior does."""
        return spread(list(self.scores.values()), self.stuck)

    @property
    def stuck(self) -> int | None:
        """Finished runs that give every row the same answer; None where no predictions are kept."""
        found = self.array("test_predictions")
        return sum(is_stuck(_answers(p, self.rank)) for p in found) if len(found) == len(self.cells) else None

    @property
    def capped(self) -> int:
        """Cells in which a trial met the cap of CPU seconds."""
        return sum(c.capped > 0 for c in self.cells)

    @property
    def cut(self) -> int:
        """Cells whose chosen fit was cut short by the cap; one that ended by itself was not, however long it took."""
        chosen = [c.best.cost for c in self.cells if c.best]
        return sum(bool(cost.get("capped")) and cost.get("stopped") not in BY_ITSELF for cost in chosen)

    def typical_cost(self, key: str) -> float:
        """Median over seeds of one number of the chosen fit's cost: a first fit may also compile."""
        found = [c.best.cost.get(key, 0.0) for c in self.cells if c.best]
        return float(np.median(found)) if found else float("nan")

    @property
    def evaluations(self) -> float:
        """Circuit evaluations of the chosen fit, median over seeds; 0 without a circuit, NaN without such a fit."""
        found = [c.best.evaluations for c in self.cells if c.best]
        return float(np.median(found)) if found else float("nan")

    @property
    def peak_bytes(self) -> float | None:
        """The most memory that the process held in any of its cells; None where it was not measured."""
        found = [c.peak_bytes for c in self.cells if c.peak_bytes is not None]
        return max(found) if found else None

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


def _answers(predictions: np.ndarray, rank: str) -> np.ndarray:
    """What is compared between rows: classes, or the probability of the second class where the order is scored."""
    by_order = rank in BY_ORDER and predictions.ndim == 2 and predictions.shape[1] == 2
    return predictions[:, 1] if by_order else predictions


def contestants_of(cells: Sequence[CellResult], protocol: Protocol) -> tuple[Contestant, ...]:
    """The arms of some cells of one protocol, hybrids first, in the order of its contrasts."""
    groups: dict[str, list[CellResult]] = {}
    for cell in sorted(cells, key=lambda c: (c.cell.arm.name, c.cell.arm_digest, c.cell.seed)):
        groups.setdefault(cell.cell.arm_digest, []).append(cell)
    names = Counter(group[0].cell.arm.name for group in groups.values())
    titles = titles_of({key: group[0].cell.arm for key, group in groups.items()})
    found = []
    for key, group in groups.items():
        info = group[0].cell.arm
        found.append(
            Contestant(
                key=info.name if names[info.name] == 1 else f"{info.name}-{key[:4]}",
                name=info.name,
                title=titles[key],
                full=info.title,
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


def titles_of(arms: Mapping[str, ArmInfo]) -> dict[str, str]:
    """One name for each arm by its digest, short enough for figures, so that it is the same everywhere.

    The title, or `details["short"]` where the title has more than `LONGEST` letters; where two share a name, those
    words of `details["apart"]` that differ are added, else a part of the digest.

    Example:
        >>> sizes = {"a": "sel, 4 qubits", "b": "iqp, 4 qubits"}
        >>> arms = {k: ArmInfo("hybrid", "hybrid", "Hybrid", {}, details={"apart": v}) for k, v in sizes.items()}
        >>> titles_of(arms)
        {'a': 'Hybrid (sel)', 'b': 'Hybrid (iqp)'}
    """
    titles = {
        key: arm.title if len(arm.title) <= LONGEST else str(arm.details.get("short", arm.title))
        for key, arm in arms.items()
    }
    for tails in (_apart, lambda arms: {key: key[:4] for key in arms}):
        counts = Counter(titles.values())
        for title in [title for title, count in counts.items() if count > 1]:
            shared = {key: arms[key] for key in titles if titles[key] == title}
            titles |= {key: f"{title} ({tail})" for key, tail in tails(shared).items() if tail}
    return titles


def _apart(arms: Mapping[str, ArmInfo]) -> dict[str, str]:
    """The words of each that not all of them have."""
    words = {key: str(arm.details.get("apart", "")).split(", ") for key, arm in arms.items()}
    common = set.intersection(*(set(found) for found in words.values()))
    return {key: ", ".join(word for word in found if word not in common) for key, found in words.items()}
