"""Benchmarks of contestants that do not differ, made of real cells: how often a verdict claims what is not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol as Shape

import numpy as np

from qml.base.errors import DataError
from qml.base.seeds import generator
from qml.bench.across import Across, read
from qml.bench.arm import ArmInfo, Family
from qml.bench.cell import Cell, CellResult
from qml.bench.protocol import CHAMPION, CONTRASTS, Protocol
from qml.bench.scores import Scores
from qml.bench.statistics import wilson
from qml.bench.summary import Summary, summarise
from qml.bench.words import CREDITING, DECIDING, State, Word

SPLIT = "split_seed"
"""Under this name the `source` of a protocol of the pool says which split its cells have."""
ROLES: tuple[tuple[str, Family], ...] = (
    ("hybrid", "hybrid"),
    ("removed", "control"),
    ("twin", "control"),
    ("product", "hybrid"),
    ("frozen", "hybrid"),
    ("logistic", "baseline"),
    ("mlp", "baseline"),
)
ARRAYS = ("test_targets", "test_rows", "test_left_out")
BETTER = ("better", "better!")
DRAWS = 4000


@dataclass(frozen=True)
class Pool:
    """Finished cells of one arm: on each data set several fixed splits, on each split many seeds.

    Seeds of one split are exchangeable: any of them may stand for any contestant, and no contestant is better.

    Args:
        cells: data set -> split -> seed.
    """

    cells: Mapping[str, tuple[tuple[CellResult, ...], ...]]

    @classmethod
    def of(cls, results: Iterable[CellResult], *, least: int = len(ROLES)) -> Pool:
        """The pool in a store's cells; what a simulation does not need is dropped.

        Args:
            results: cells whose protocols name their split (`SPLIT`); others are passed over.
            least: seeds that each split must have; a contestant needs one.

        Raises:
            DataError: no such cell, cells of several arms, or fewer finished seeds on a split than contestants.
        """
        groups: dict[str, dict[str, dict[int, CellResult]]] = {}
        arms: dict[str, set[str]] = {}
        for result in results:
            split = dict(result.protocol.source).get(SPLIT)
            if split is None or result.status != "finished":
                continue
            arms.setdefault(result.cell.data, set()).add(result.cell.arm_digest)
            kept = replace(result, records=(), arrays={k: v for k, v in result.arrays.items() if k in ARRAYS})
            groups.setdefault(result.cell.data, {}).setdefault(split, {})[result.cell.seed] = kept
        odd = [f"those of {len(found)} arms on {data!r}" for data, found in arms.items() if len(found) > 1]
        if odd or not arms:
            raise DataError(
                f"A pool needs cells of one arm whose protocols name their {SPLIT!r}; it got "
                f"{odd[0] if odd else 'none'}. Make one by `python -m benchmarks.null`, in a store of its own."
            )
        cells = {}
        for data, splits in sorted(groups.items()):
            rows = [tuple(found[seed] for seed in sorted(found)) for _, found in sorted(splits.items())]
            fewest = min(map(len, rows))
            if fewest < least:
                raise DataError(
                    f"A pool needs a seed for each of {least} contestants; {data!r} has a split with {fewest}. "
                    "Run more seeds."
                )
            cells[data] = tuple(rows)
        return cls(cells)

    def whole(self, seeds: int) -> Pool:
        """The splits that have so many seeds at least; a pool that is still being filled has others.

        Raises:
            DataError: a data set has no such split.
        """
        cells = {data: tuple(row for row in rows if len(row) >= seeds) for data, rows in self.cells.items()}
        empty = [data for data, rows in cells.items() if not rows]
        if empty:
            raise DataError(
                f"A pool of {seeds} seeds a split was asked for; {empty[0]!r} has no split with as many. Run more "
                "seeds, or ask for fewer."
            )
        return Pool(cells)

    @property
    def size(self) -> str:
        """In words: data sets, splits and seeds."""
        return "; ".join(
            f"{data}: {len(rows)} splits x {min(map(len, rows))} seeds" for data, rows in self.cells.items()
        )

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """Of each data set: mean test score, and how much it moves between splits and between the seeds of a split."""
        found = {}
        for data, rows in self.cells.items():
            values = [[cell.metrics["test"][cell.protocol.rank] for cell in row] for row in rows]
            means, spreads = [float(np.mean(row)) for row in values], [float(np.var(row)) for row in values]
            found[data] = {
                "mean": float(np.mean(means)),
                "sd_of_splits": float(np.std(means)),
                "sd_of_seeds": float(np.sqrt(np.mean(spreads))),
            }
        return found

    @property
    def units(self) -> tuple[tuple[CellResult, ...], ...]:
        """The seeds of every split of every data set: what stands for data sets in a simulated suite."""
        return tuple(row for rows in self.cells.values() for row in rows)


@dataclass(frozen=True)
class Outcome:
    """What one simulated benchmark says: a word for each comparison, and the state of its headline."""

    words: Mapping[str, Word]
    state: State


class Design(Shape):
    """A kind of benchmark that can be drawn from a pool."""

    @property
    def title(self) -> str:
        """In words, for a table."""
        ...

    def draw(self, pool: Pool, rng: np.random.Generator, shift: float) -> Outcome:
        """One benchmark; test scores of its hybrid are better by `shift` than those of its cells."""
        ...


@dataclass(frozen=True)
class NewSplits:
    """One data set, `count` splits with a new fit of each contestant on each: the report of `Summary`."""

    count: int = 10

    @property
    def title(self) -> str:
        """In words."""
        return f"one data set, {self.count} new splits"

    def draw(self, pool: Pool, rng: np.random.Generator, shift: float = 0.0) -> Outcome:
        """One benchmark on one of the data sets of the pool."""
        rows = _one(pool, rng)
        chosen = rng.permutation(len(rows))[: self.count]
        return _read([_picked(rows[split], len(ROLES), rng) for split in chosen], shift)


@dataclass(frozen=True)
class OneSplit:
    """One data set with one split for all of `count` seeds: the report of `Summary` with a fixed test set."""

    count: int = 10

    @property
    def title(self) -> str:
        """In words."""
        return f"one data set, one split, {self.count} seeds"

    def draw(self, pool: Pool, rng: np.random.Generator, shift: float = 0.0) -> Outcome:
        """One benchmark on one split of one of the data sets of the pool."""
        rows = _one(pool, rng)
        picked = _picked(rows[int(rng.integers(len(rows)))], self.count * len(ROLES), rng)
        return _read([picked[i :: self.count] for i in range(self.count)], shift)


@dataclass(frozen=True)
class ManySets:
    """`sets` data sets, `count` seeds averaged on each: the reading of `across.read` with Holm's correction.

    A data set is a split of one in the pool. Under the null that is all the same to the tests, which need differences
    that are independent and symmetric; spreads, and so power, are those of the few data sets in the pool.
    """

    sets: int = 12
    count: int = 5
    rope: float = 0.01

    @property
    def title(self) -> str:
        """In words."""
        return f"{self.sets} data sets, {self.count} seeds"

    def draw(self, pool: Pool, rng: np.random.Generator, shift: float = 0.0) -> Outcome:
        """One suite."""
        found = self.read(pool, rng, shift)
        return Outcome({c.against: c.word for c in found.contrasts}, found.state)

    def read(self, pool: Pool, rng: np.random.Generator, shift: float = 0.0) -> Across:
        """As `draw`, with all its numbers."""
        units = pool.units
        if self.sets > len(units):
            raise DataError(f"A suite of {self.sets} data sets was asked for; the pool has {len(units)} splits.")
        arms = tuple(CHAMPION if role == "mlp" else role for role, _ in ROLES)
        sign, table = 1.0, []
        for unit in rng.permutation(len(units))[: self.sets]:
            picked = _picked(units[unit], self.count * len(arms), rng)
            sign = _sign(picked[0])
            scores = np.array([cell.metrics["test"][cell.protocol.rank] for cell in picked])
            table.append(scores.reshape(len(arms), self.count).mean(axis=1))
        values = np.array(table)
        values[:, 0] += sign * shift
        names = tuple(str(number) for number in range(self.sets))
        contrasts = [(arms[0], against) for _, against in CONTRASTS]
        return read(Scores(arms, names, values, sign > 0), contrasts, self.rope, draws=DRAWS)


@dataclass(frozen=True)
class Tally:
    """What many simulated benchmarks of one design have said.

    Args:
        title: of the design.
        shift: by which the hybrid was better.
        benchmarks: how many.
        words: comparison -> word -> count.
        states: state of the headline -> count.
        decided_better: benchmarks in which any of the comparisons that decide the headline said "better" of the hybrid.
        any_better: benchmarks in which any comparison did.
        any_claim: benchmarks in which any comparison said "better" or "worse".
    """

    title: str
    shift: float
    benchmarks: int
    words: Mapping[str, Mapping[str, int]]
    states: Mapping[str, int]
    decided_better: int
    any_better: int
    any_claim: int

    def better(self, role: str) -> float:
        """Share of benchmarks in which that comparison said "better" of the hybrid, clearly or perhaps."""
        return sum(self.words[role].get(word, 0) for word in BETTER) / self.benchmarks

    @property
    def most(self) -> float:
        """The largest of these shares over comparisons."""
        return max(self.better(role) for role in self.words)

    @property
    def claimed(self) -> float:
        """Share of benchmarks whose headline credits the circuit."""
        return sum(self.states.get(state, 0) for state in CREDITING) / self.benchmarks

    def interval(self, share: float) -> tuple[float, float]:
        """95 % interval of a share of the benchmarks (Wilson): what the number of simulations leaves open."""
        return wilson(round(share * self.benchmarks), self.benchmarks)


def simulate(pool: Pool, design: Design, benchmarks: int, *, shift: float = 0.0, seed: int = 0) -> Tally:
    """Draw benchmarks and count what they say.

    Args:
        pool: of real cells.
        design: which benchmarks.
        benchmarks: how many.
        shift: by which test scores of the hybrid are better; 0 is the null.
        seed: which draws; the same benchmarks for every shift.

    Raises:
        DataError: the pool is too small for the design.
    """
    words: dict[str, Counter[str]] = {}
    states: Counter[str] = Counter()
    decided = any_better = any_claim = 0
    for number in range(benchmarks):
        outcome = design.draw(pool, generator(seed, "null", design.title, number), shift)
        for role, word in outcome.words.items():
            words.setdefault(role, Counter())[word] += 1
        states[outcome.state] += 1
        decided += any(outcome.words.get(role) in BETTER for role in DECIDING)
        any_better += any(word in BETTER for word in outcome.words.values())
        any_claim += any(word not in ("open", "equal") for word in outcome.words.values())
    counts = {role: dict(counter) for role, counter in words.items()}
    return Tally(design.title, shift, benchmarks, counts, dict(states), decided, any_better, any_claim)


def power_curve(
    pool: Pool, design: Design, shifts: Sequence[float], benchmarks: int, *, seed: int = 0
) -> tuple[Tally, ...]:
    """What benchmarks say when the hybrid is better by each of `shifts`, one Tally each."""
    return tuple(simulate(pool, design, benchmarks, shift=shift, seed=seed) for shift in shifts)


def _one(pool: Pool, rng: np.random.Generator) -> tuple[tuple[CellResult, ...], ...]:
    """The splits of one data set drawn at random."""
    return list(pool.cells.values())[int(rng.integers(len(pool.cells)))]


def _picked(row: tuple[CellResult, ...], count: int, rng: np.random.Generator) -> list[CellResult]:
    """Different cells of one split, in random order."""
    if count > len(row):
        raise DataError(f"A design needs {count} different seeds of a split; the pool has {len(row)}. Run more seeds.")
    return [row[i] for i in rng.permutation(len(row))[:count]]


def _sign(result: CellResult) -> float:
    """+1 where higher is better."""
    return 1.0 if result.metric_facts[result.protocol.rank]["higher_is_better"] else -1.0


def _read(picked: Sequence[Sequence[CellResult]], shift: float) -> Outcome:
    """The outcome of cells picked for each seed and role, read as any benchmark is."""
    first = picked[0][0].protocol
    protocol = replace(first, seeds=tuple(range(len(picked))), source=(), contrasts=CONTRASTS, floors=())
    infos = [ArmInfo(role, family, role, {"role": role}) for role, family in ROLES]
    key = protocol.hash
    cells = [
        _as(result, Cell(info, protocol.data, key, seed), protocol, shift if info.name == "hybrid" else 0.0)
        for seed, row in enumerate(picked)
        for info, result in zip(infos, row, strict=True)
    ]
    summary: Summary = summarise(cells, key)
    return Outcome({c.role: c.word for c in summary.comparisons}, summary.state)


def _as(result: CellResult, cell: Cell, protocol: Protocol, shift: float) -> CellResult:
    """A cell under another name, its test scores better by `shift`."""
    rank, moved = protocol.rank, _sign(result) * shift
    metrics = {**result.metrics, "test": {**result.metrics["test"], rank: result.metrics["test"][rank] + moved}}
    arrays = dict(result.arrays)
    if moved and "test_left_out" in arrays:
        arrays["test_left_out"] = arrays["test_left_out"] + moved
    return replace(result, cell=cell, protocol=protocol, metrics=metrics, arrays=arrays)


__all__ = [
    "Design",
    "ManySets",
    "NewSplits",
    "OneSplit",
    "Outcome",
    "Pool",
    "Tally",
    "power_curve",
    "simulate",
]
