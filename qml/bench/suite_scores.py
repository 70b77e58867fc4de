"""The summaries of a suite's data sets as one table, seeds averaged first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.errors import DataError
from qml.bench.contestant import Contestant
from qml.bench.protocol import CHAMPION
from qml.bench.scale import listed
from qml.bench.scores import Scores
from qml.bench.suite import Suite
from qml.bench.summary import Summary
from qml.bench.words import DECIDING, STAND_INS


@dataclass(frozen=True)
class SuiteScores:
    """A table of scores, and who is not in it.

    Args:
        scores: mean test score over seeds, an arm that is whole on every data set a column; "champion" is on each data
            set its best baseline by validation score.
        left_out: (arm, why), for the findings of a report.
        cut: (arm, where) of those in a table that the cap of CPU seconds has cut on some data set.
        parts: a table for each stand-in of the circuit that some data set lacks, beside the hybrid, on the others.
    """

    scores: Scores
    left_out: tuple[tuple[str, str], ...]
    cut: tuple[tuple[str, str], ...] = ()
    parts: tuple[Scores, ...] = ()

    def contrasts(self, suite: Suite) -> tuple[tuple[str, str], ...]:
        """The contrasts of the suite that may be judged: both arms are in the table, and no cap has cut them."""
        dropped = {pair for pair, _ in self.dropped(suite)}
        return tuple(pair for pair in suite.contrasts if pair not in dropped)

    def dropped(self, suite: Suite) -> tuple[tuple[tuple[str, str], tuple[tuple[str, str], ...]], ...]:
        """The other contrasts of the suite, each with the arms that are the reason and what is wrong with them."""
        wrong = {**dict(self.left_out), **dict(self.cut)}
        found = [(pair, tuple((arm, wrong[arm]) for arm in pair if arm in wrong)) for pair in suite.contrasts]
        return tuple((pair, reasons) for pair, reasons in found if reasons)


def suite_scores(suite: Suite, summaries: Sequence[Summary]) -> SuiteScores:
    """The table of a suite.

    An arm stands for itself by its role. Where a data set has several hybrids, the one of the verdict (best by
    validation score) stands for all, with its own ablations, as in the report of that data set.

    Args:
        suite: the terms.
        summaries: one for each of its data sets, in any order.

    Raises:
        DataError: cells of another protocol, a data set without cells, or no arm that is whole on every one.
    """
    by_hash = {summary.protocol.hash: summary for summary in summaries}
    for key, summary in by_hash.items():
        if key not in {protocol.hash for protocol in suite.protocols}:
            raise DataError(
                f"The suite {suite.name!r} ({suite.hash}) was to be read; the cells of {summary.protocol.data!r} ran "
                f"under protocol {key}, which is none of its own. Run them under the suite, or leave that report out."
            )
    absent = [protocol.data for protocol in suite.protocols if protocol.hash not in by_hash]
    if absent:
        raise DataError(
            f"The suite {suite.name!r} has no cells on {listed(absent)}. Run them first; nothing is read of a part."
        )
    chosen = [by_hash[protocol.hash] for protocol in suite.protocols]
    named = [name for pair in suite.contrasts for name in pair]
    others = [arm.role for summary in chosen for arm in summary.arms]
    columns, left_out = {}, []
    for name in dict.fromkeys([*named, *others]):
        reasons = {summary.protocol.data: why for summary in chosen if (why := _reason(summary, name))}
        if reasons:
            left_out.append((name, _said(reasons)))
        else:
            columns[name] = [_score(stands_for(summary, name)) for summary in chosen]
    if not columns:
        reasons = "; ".join(f"{name}: {why}" for name, why in left_out[:3])
        more = f"; and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        raise DataError(
            f"A report across the data sets of {suite.name!r} was asked for, and no arm is whole on all of them: "
            f"{reasons}{more}. Run the cells that are missing first."
        )
    values = np.array(list(columns.values())).T
    scores = Scores(tuple(columns), suite.data, values, chosen[0].scale.higher_is_better)
    parts = _parts(suite, chosen, [name for name, _ in left_out])
    cut = {name: _cut(chosen, name) for name in dict.fromkeys(arm for table in (scores, *parts) for arm in table.arms)}
    return SuiteScores(scores, tuple(left_out), tuple((name, where) for name, where in cut.items() if where), parts)


def _parts(suite: Suite, chosen: Sequence[Summary], left_out: Sequence[str]) -> tuple[Scores, ...]:
    """The stand-ins that are left out, each beside the hybrid on the data sets that have both whole."""
    heroes, found = [arm for arm, against in suite.contrasts if against in DECIDING], []
    for name in [name for name in STAND_INS if name in left_out and heroes]:
        pair = (heroes[0], name)
        both = [summary for summary in chosen if not any(_reason(summary, arm) for arm in pair)]
        if both:
            values = [[_score(stands_for(summary, arm)) for arm in pair] for summary in both]
            data = tuple(summary.protocol.data for summary in both)
            found.append(Scores(pair, data, np.array(values), chosen[0].scale.higher_is_better))
    return tuple(found)


def _cut(chosen: Sequence[Summary], name: str) -> str:
    """Where the cap has cut who stands for a role; empty where nowhere."""
    arms = {summary.protocol.data: stands_for(summary, name) for summary in chosen}
    where = [data for data, arm in arms.items() if arm is not None and arm.cut]
    return f"cut by the cap of CPU seconds on {listed(where)}" if where else ""


def stands_for(summary: Summary, role: str) -> Contestant | None:
    """Who stands for a role on one data set."""
    hero = summary.hero
    return hero if hero is not None and hero.role == role and role != CHAMPION else summary.reference(role)


def _reason(summary: Summary, role: str) -> str:
    """Why nobody can stand for that role on this data set; empty where somebody can."""
    arm = stands_for(summary, role)
    if arm is None:
        return "absent"
    return "" if summary.is_whole(arm) else "lacks some of the seeds"


def _score(arm: Contestant | None) -> float:
    """Mean test score over seeds."""
    return float(np.mean(list(arm.scores.values()))) if arm is not None else float("nan")


def _said(reasons: Mapping[str, str]) -> str:
    return "; ".join(f"{why} on {data}" for data, why in reasons.items())
