"""Benchmarks whose answers are drawn from a model: a hybrid that is the best of many, and few seeds on one test set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qml.bench.arm import ArmInfo, Family
from qml.bench.cell import Cell, CellResult
from qml.bench.null import ROLES, Outcome, Pool
from qml.bench.protocol import CONTRASTS, Protocol
from qml.bench.summary import summarise

LEVEL = 1.5
"""Log-odds that a row is answered rightly, about 82 %."""
BLOCKS = 100
FACTS = {"accuracy": {"higher_is_better": True, "unit": ""}}
DATA = "drawn"


@dataclass(frozen=True)
class Drawn:
    """One data set on which every arm is right equally often.

    An arm is right on a row with log-odds `LEVEL` + what the row adds for this arm in every seed + what the seed adds
    for this arm on every row. What rows add is what makes a choice on rows that are tested elsewhere too kind; what
    seeds add is what few seeds cannot show.

    Args:
        count: seeds.
        rows: tested in each seed.
        hybrids: how many have the role of the hybrid; the verdict is about the best of them by validation score.
        splits: whether each seed tests on a fifth of 5 x `rows` rows drawn anew and chooses on another fifth; else all
            seeds test on the same rows, and choose on others.
        by_row, by_seed: standard deviations of what rows and seeds add.
    """

    count: int
    rows: int = 300
    hybrids: int = 1
    splits: bool = False
    by_row: float = 0.0
    by_seed: float = 0.1

    @property
    def title(self) -> str:
        """In words."""
        rows = f"{self.count} new splits" if self.splits else f"one split, {self.count} seeds"
        hybrids = f"best of {self.hybrids} hybrids, " if self.hybrids > 1 else ""
        return f"{hybrids}{rows}, {self.rows} rows, sd {self.by_row:g} and {self.by_seed:g}"

    def draw(self, pool: Pool, rng: np.random.Generator, shift: float = 0.0) -> Outcome:
        """One benchmark; no cell of the pool is read."""
        arms = self._arms()
        size = (5 if self.splits else 2) * self.rows
        hard = LEVEL + self.by_row * rng.normal(size=(len(arms), 1, size))
        odds = hard + self.by_seed * rng.normal(size=(len(arms), self.count, 1))
        right = rng.random(odds.shape) < 1 / (1 + np.exp(-odds))
        protocol = Protocol("null", DATA, seeds=tuple(range(self.count)), contrasts=CONTRASTS)
        key, cells = protocol.hash, []
        for seed in protocol.seeds:
            order = rng.permutation(size) if self.splits else np.arange(size)
            test, validation = np.sort(order[: self.rows]), order[self.rows : 2 * self.rows]
            for info, answers in zip(arms, right[:, seed], strict=True):
                better = shift if info.details["role"] == "hybrid" else 0.0
                cell = Cell(info, DATA, key, seed)
                cells.append(_result(cell, protocol, answers, test, validation, better))
        summary = summarise(cells, key)
        return Outcome({c.role: c.word for c in summary.comparisons}, summary.state)

    def _arms(self) -> list[ArmInfo]:
        """The roles of every null benchmark, the hybrid as often as wanted."""
        found: list[tuple[str, str, Family]] = [(role, role, family) for role, family in ROLES]
        for number in range(1, self.hybrids):
            found.append((f"hybrid {number}", "hybrid", "hybrid"))
        return [ArmInfo(name, family, name, {"name": name}, details={"role": role}) for name, role, family in found]


def _result(
    cell: Cell, protocol: Protocol, right: np.ndarray, test: np.ndarray, validation: np.ndarray, better: float
) -> CellResult:
    """A finished cell of what an arm has right `(size,)`; its test score is better by `better`."""
    tested = right[test]
    block = np.arange(len(test)) % min(BLOCKS, len(test))
    out = (tested.sum() - np.bincount(block, tested)) / (len(test) - np.bincount(block))
    scores = {"test": {"accuracy": tested.mean() + better}, "validation": {"accuracy": right[validation].mean()}}
    return CellResult(
        cell,
        protocol,
        "finished",
        None,
        None,
        (),
        scores,
        FACTS,
        {"rows": {"test": len(test), "validation": len(validation), "train": len(right) - 2 * len(test)}},
        {},
        arrays={"test_rows": test, "test_left_out": out + better},
    )
