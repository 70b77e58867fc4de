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
from qml.base.words import plural
from qml.bench.cell import CellResult
from qml.bench.contestant import Contestant, contestants_of
from qml.bench.facts import total_rows
from qml.bench.mcnemar import McNemar, mcnemar
from qml.bench.protocol import CHAMPION, Protocol
from qml.bench.scale import Scale
from qml.bench.statistics import Estimate, over_rows, over_splits
from qml.bench.words import (
    CREDITING,
    DECIDING,
    STAND_INS,
    Lack,
    State,
    Why,
    Word,
    hangs_on,
    headline,
    reason_of,
    word_of,
)

SIZING = ("circuit", "n_inputs", "n_weights", "n_values")
LADDER = ("product", "frozen", "unweighted", "", "surrogate", "random_features", "twin", "removed", "shuffled")
"""Roles of ablations from the smallest to the largest removal; "" is the place of any other."""


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
        about: key or arm digest of the hybrid that the verdict is to be about; None takes the best by validation score.
    """

    protocol: Protocol
    arms: tuple[Contestant, ...]
    others: tuple[CellResult, ...] = ()
    damaged: tuple[tuple[str, str], ...] = ()
    unfinished: tuple[str, ...] = ()
    about: str | None = None

    def __getitem__(self, key: str) -> Contestant:
        return next(arm for arm in self.arms if arm.key == key)

    @property
    def ranked(self) -> tuple[Contestant, ...]:
        """Contestants with at least one score."""
        return tuple(arm for arm in self.arms if arm.scores)

    @cached_property
    def cells(self) -> tuple[CellResult, ...]:
        """Every finished cell."""
        return tuple(cell for arm in self.arms for cell in arm.cells)

    @cached_property
    def scale(self) -> Scale:
        """How the ranking metric is written."""
        values = [abs(v) for arm in self.arms for v in arm.scores.values()]
        cells = self.cells or tuple(cell for arm in self.arms for cell in arm.failed)
        facts = cells[0].metric_facts.get(self.protocol.rank, {}) if cells else {}
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
        """Whether all seeds share one test set, by the numbers of its rows or else by their digest; unknown is no."""
        first, *others = {c.cell.seed: c for c in self.cells}.values() if self.cells else (None,)
        return first is not None and bool(others) and all(_one_test_set(first, other) for other in others)

    def estimate(self, arm: Contestant) -> Estimate:
        """Mean score of one contestant with its interval, in units of the metric."""
        return self._combined([(cell,) for cell in arm.judged], (1.0,))

    def difference(self, arm: Contestant, against: Contestant) -> Estimate | None:
        """Paired difference, positive when `arm` is better; None where no seed can be paired."""
        return self.contrast((arm, against), (1, -1))

    def contrast(self, arms: Sequence[Contestant], signs: Sequence[int]) -> Estimate | None:
        """Sum of the scores of some contestants, each with its sign, paired by seed; None where no seed has all.

        Args:
            arms: at least two, such as hybrid and twin.
            signs: 1 or -1 for each, as many of one as of the other, so that the sum is positive when the first is
                better.
        """
        groups = paired(*arms)
        limit = len(arms) / 2 if self.scale.percent else math.inf
        signed = [self.scale.sign * sign for sign in signs]
        return replace(self._combined(groups, signed), limit=limit) if groups else None

    def _combined(self, groups: Sequence[Sequence[CellResult]], signs: Sequence[float]) -> Estimate:
        """Of the sum over each group, one a seed, of the scores of its cells times their signs."""
        rank = self.protocol.rank
        values = [sum(sign * cell.counted["test"][rank] for sign, cell in zip(signs, g, strict=True)) for g in groups]
        if not self.fixed_test:
            tested = float(np.mean([group[0].data["rows"]["test"] for group in groups]))
            learnt = float(np.mean([total_rows(group[0].data) for group in groups])) - tested
            return over_splits(values, learnt, tested)
        left = [[cell.arrays["test_left_out"] for cell in group] for group in groups]
        if any(np.size(side) < 2 for sides in left for side in sides):
            return Estimate(tuple(values), float(np.mean(values)), float("inf"), 1, "fixed")
        return over_rows(
            values, np.stack([sum(sign * side for sign, side in zip(signs, sides, strict=True)) for sides in left])
        )

    def row_test(self, comparison: Comparison) -> McNemar | None:
        """McNemar's test of a comparison, row by row; None without classes or one test set, or where a fit failed."""
        if not self.fixed_test or not self.labels:
            return None
        pairs = paired(comparison.arm, comparison.against)
        names = ("test_targets", "test_predictions")
        if any(name not in cell.arrays for pair in pairs for cell in pair for name in names):
            return None
        first, second = (
            np.stack([pair[k].arrays[names[1]].argmax(axis=1) == pair[k].arrays[names[0]] for pair in pairs])
            for k in (0, 1)
        )
        return mcnemar(first, second)

    @cached_property
    def hero(self) -> Contestant | None:
        """The hybrid that the verdict is about: the one asked for, else the best of its rivals by validation score."""
        asked = [arm for arm in self.ranked if self.about is not None and self.about in (arm.key, arm.digest)]
        return asked[0] if asked else self.best(self.rivals)

    @cached_property
    def rivals(self) -> tuple[Contestant, ...]:
        """The hybrids of which the verdict may be about one.

        The protocol's own hybrids go before others, and whole ones before those that lack seeds.
        """
        named = [arm for arm, _ in self.protocol.contrasts]
        references = {against for _, against in self.protocol.contrasts}
        hybrids = [arm for arm in self.ranked if arm.family == "hybrid"]
        first = [arm for arm in hybrids if arm.role in named] or [a for a in hybrids if a.role not in references]
        return tuple([arm for arm in first if self.is_whole(arm)] or first)

    @property
    def chosen_on_test(self) -> bool:
        """Whether a choice among hybrids saw rows that are test rows under other seeds, so that the best looks better.

        It does with several hybrids and a new split for each seed; with one test set no choice sees its rows. Who asks
        for one of them has chosen it too.
        """
        return len(self.rivals) > 1 and len(self.protocol.seeds) > 1 and not self.fixed_test

    @cached_property
    def champion(self) -> Contestant | None:
        """The best whole baseline by validation score."""
        return self.best(self.champions)

    @property
    def champions(self) -> tuple[Contestant, ...]:
        """Every whole baseline. The cap of CPU seconds is a part of the budget: who met it stays among them."""
        return tuple(arm for arm in self.ranked if arm.family == "baseline" and self.is_whole(arm))

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
        roles = dict.fromkeys(role for _, role in self.protocol.contrasts)
        return tuple(c for role in roles if (c := self._against(role)) is not None)

    @cached_property
    def beside(self) -> tuple[Comparison, ...]:
        """The hero against those of its ablations that no contrast of the protocol names: an exploration."""
        named = {c.against.key for c in self.comparisons}
        roles = dict.fromkeys(a.role for a in self.ranked if a.family != "baseline" and a.role != "hybrid")
        found = [c for role in roles if (c := self._against(role)) is not None]
        return tuple(c for c in found if c.against.key not in named)

    @cached_property
    def ladder(self) -> tuple[Comparison, ...]:
        """The comparisons with ablations, from the smallest to the largest removal, named beforehand or not."""

        def place(comparison: Comparison) -> int:
            return LADDER.index(comparison.role if comparison.role in LADDER else "")

        return tuple(sorted((c for c in (*self.comparisons, *self.beside) if c.role != CHAMPION), key=place))

    def _against(self, role: str) -> Comparison | None:
        """The hero against what a word of the protocol stands for; None where no seed can be paired."""
        against = self.reference(role)
        if self.hero is None or against is None or against.key == self.hero.key:
            return None
        estimate = self.difference(self.hero, against)
        if estimate is None:
            return None
        return Comparison(self.hero, against, role, estimate, word_of(estimate, self.protocol.rope))

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
            if arm.cut:
                return f"{arm.title} was cut by the cap of CPU seconds in {arm.cut} of {plural(len(arm.cells), 'cell')}"
            if not self.is_whole(arm):
                return f"{arm.title} was run on {len(arm.scores)} of {plural(len(self.protocol.seeds), 'seed')}"
        return None

    @cached_property
    def verdict(self) -> dict[str, Comparison]:
        """The comparisons that decide, by role: removed, twin, champion."""
        found = {role: self.comparison(role) for role in DECIDING}
        return {role: c for role, c in found.items() if c is not None and self.barred(c) is None}

    @cached_property
    def stand_ins(self) -> tuple[Comparison, ...]:
        """The comparisons with classical stand-ins of the circuit, named beforehand or not."""
        return tuple(c for c in self.ladder if c.role in STAND_INS)

    @cached_property
    def state(self) -> State:
        """The verdict as one word, by the rule of `words.headline`; of a hybrid chosen on test rows at most "lean"."""
        return "lean" if self._too_kind else self._headline

    @property
    def _headline(self) -> State:
        return headline(*self._words, [None if self.barred(c) else c.word for c in self.stand_ins])

    @property
    def _too_kind(self) -> bool:
        """Whether the comparisons credit a circuit that was chosen on test rows."""
        return self.chosen_on_test and self._headline in CREDITING

    @cached_property
    def why(self) -> Why:
        """What its headline says beside the state, by `words.reason_of`."""
        if self.hero is None:
            return "no_hybrid"
        if self._too_kind:
            return "chosen"
        return reason_of(self.state, *self._words, self._lacks)

    @cached_property
    def missed(self) -> tuple[str, ...]:
        """The roles whose comparisons the verdict lacks for that reason."""
        return hangs_on(self.why, *self._words[:2], self._lacks)

    @property
    def _lacks(self) -> dict[str, Lack]:
        """Role -> what keeps its comparison from deciding."""
        lacks: dict[str, Lack] = {c.role: "barred" for c in self.stand_ins if self.barred(c)}
        for role in DECIDING:
            c = self.comparison(role)
            if c is None:
                lacks[role] = "absent"
            elif self.barred(c):
                lacks[role] = "barred"
            elif not c.estimate.known:
                lacks[role] = "no_interval"
        return lacks

    @property
    def _words(self) -> tuple[Word | None, Word | None, Word | None]:
        """Words against removed, twin and champion; None where that does not decide."""
        found: dict[str, Word] = {role: c.word for role, c in self.verdict.items()}
        return found.get("removed"), found.get("twin"), found.get(CHAMPION)


def paired(*arms: Contestant) -> list[tuple[CellResult, ...]]:
    """Cells of some contestants, each group of one seed and the same test rows."""
    first, *others = [{cell.cell.seed: cell for cell in arm.judged} for arm in arms]
    groups = [tuple(each[seed] for each in (first, *others)) for seed in first if all(seed in o for o in others)]
    return [group for group in groups if all(_same_rows(group[0], other) for other in group[1:])]


def _one_test_set(first: CellResult, second: CellResult) -> bool:
    """Whether cells of two seeds were tested on the same rows; False where nothing tells."""
    if all("test_rows" in cell.arrays for cell in (first, second)):
        return _same_rows(first, second)
    digests = {cell.data.get("test_digest") for cell in (first, second)}
    return None not in digests and len(digests) == 1


def _same_rows(first: CellResult, second: CellResult) -> bool:
    """Whether the rows that two cells were tested on have equal targets, and equal numbers where they are told."""
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
        damaged: see `Store.damaged`; what is known to be of another protocol is not told here.
        unfinished: see `Store.unfinished`; likewise.

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
    rest = [cell for cell in cells if cell.cell.protocol_hash != matching[0]]
    others = tuple(cell for cell in rest if cell.protocol.data == protocol.data)
    elsewhere = _digests(rest) if damaged or unfinished else set()
    damaged = tuple(item for item in damaged if item[0] not in elsewhere)
    unfinished = tuple(digest for digest in unfinished if digest not in elsewhere)
    return Summary(protocol, contestants_of(mine, protocol), others, damaged, unfinished)


def _digests(cells: Iterable[CellResult]) -> set[str]:
    """Digests of every cell, run or not, that the arms of `cells` have under their protocols."""
    found = {(cell.cell.arm_digest, cell.cell.protocol_hash): cell for cell in cells}
    return {replace(cell.cell, seed=seed).digest for cell in found.values() for seed in cell.protocol.seeds}
