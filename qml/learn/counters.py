"""Where a run stands: counters, cursor, records so far and early-stopping state, as plain data for a checkpoint."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qml.learn.fit import Budget
from qml.learn.record import Record

NOT_AVERAGED = ("rows", "learning_rate")  # what an update says that is no property of its rows


@dataclass
class Counters:
    """Where a run stands.

    Args:
        steps: updates done.
        epoch: whole passes done.
        batch: batches consumed in the pass under way: the data cursor.
        rows: rows sent through the model in training.
        cpu_s: CPU seconds so far, of this process and its threads, carried over a resume.
        wall_s: wall seconds so far, carried over a resume.
        sums: what each update said in the pass under way, summed over its rows.
        sum_rows: rows in `sums`.
        best: best validation score so far, in its own direction; None before the first.
        best_epoch: passes done when it was met. best_steps: updates done then.
        waited: validations since without a better one.
        evaluated: updates done at the last validation; -1 before the first.
        losses: of the last updates, as many as a Plateau remembers.
        records: one row a metric and epoch.
    """

    steps: int = 0
    epoch: int = 0
    batch: int = 0
    rows: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)
    sum_rows: int = 0
    best: float | None = None
    best_epoch: float = 0.0
    best_steps: int = 0
    waited: int = 0
    evaluated: int = -1
    losses: list[float] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def add(self, rows: int, info: Mapping[str, float]) -> None:
        """Count one update of `rows` rows."""
        self.steps += 1
        self.batch += 1
        self.rows += rows
        self.sum_rows += rows
        sums = self.sums
        for name, value in info.items():
            if name not in NOT_AVERAGED:
                sums[name] = sums.get(name, 0.0) + value * rows

    def remember(self, loss: float, memory: int) -> None:
        """Keep the loss of an update, and those of `memory` updates in all."""
        self.losses.append(loss)
        del self.losses[:-memory]

    def means(self) -> dict[str, float]:
        """Mean over the rows of the pass under way of what the updates said; empty before its first update."""
        return {name: total / max(self.sum_rows, 1) for name, total in self.sums.items()}

    def end_pass(self) -> None:
        """Start counting the next pass."""
        self.epoch += 1
        self.batch = 0
        self.sums = {}
        self.sum_rows = 0

    def record(self, split: str, values: Mapping[str, float], epoch: float) -> list[Record]:
        """Write one Record a value and return the new ones."""
        new = [
            Record(name, float(value), split, self.steps, epoch, self.cpu_s, self.wall_s)
            for name, value in values.items()
        ]
        self.records.extend(new)
        return new

    def plain(self) -> dict[str, Any]:
        """All of it as JSON data; sums as pairs, whose order JSON keeps."""
        return {**dataclasses.asdict(self), "sums": list(map(list, self.sums.items()))}

    @staticmethod
    def from_plain(data: Mapping[str, Any]) -> Counters:
        """The counters that `plain` wrote."""
        records: Iterable[Mapping[str, Any]] = data["records"]
        return Counters(**{**data, "sums": dict(data["sums"]), "records": [Record(**record) for record in records]})


class Clock:
    """Adds the CPU and wall seconds of this process to the counters of a run that may have begun in another."""

    def __init__(self, counters: Counters):
        self._cpu = time.process_time() - counters.cpu_s
        self._wall = time.perf_counter() - counters.wall_s

    def tick(self, counters: Counters) -> None:
        """Bring the seconds of `counters` up to date."""
        counters.cpu_s = time.process_time() - self._cpu
        counters.wall_s = time.perf_counter() - self._wall


def exhausted(budget: Budget, counters: Counters) -> str | None:
    """What ends a run now: "converged", "epochs", "steps", "cpu_s" or "patience"; None while there is room."""
    if budget.plateau is not None and budget.plateau.is_met(counters.steps, counters.losses):
        return "converged"
    if counters.epoch >= budget.epochs:
        return "epochs"
    if budget.steps is not None and counters.steps >= budget.steps:
        return "steps"
    if budget.cpu_s is not None and counters.cpu_s >= budget.cpu_s:
        return "cpu_s"
    if budget.patience is not None and counters.waited >= budget.patience:
        return "patience"
    return None
