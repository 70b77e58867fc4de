"""What the page of a suite is handed: the sets, the table of scores, what they say together, names and glyphs."""

from __future__ import annotations

from dataclasses import dataclass

from qml.base.lazy import cached_property
from qml.bench.across import Across, Contrast, read
from qml.bench.contestant import Contestant
from qml.bench.posterior import Posterior, bayesian_signed_rank
from qml.bench.protocol import CHAMPION
from qml.bench.ranks import FEWEST_DATA, Ranking, rank
from qml.bench.report.marks import boxed, drawn
from qml.bench.report.view import View
from qml.bench.scale import Scale
from qml.bench.suite import Suite
from qml.bench.suite_scores import SuiteScores, stands_for, suite_scores
from qml.bench.summary import Summary

HERO = "hybrid"
SPOKEN = {
    HERO: "the hybrid",
    CHAMPION: "the best classical baseline of each set",
    "removed": "the same model without its circuit",
    "twin": "its classical twin",
    "product": "the hybrid without entanglement",
    "frozen": "the hybrid with a frozen circuit",
}


@dataclass(frozen=True)
class SuiteView:
    """A suite with the summary of each of its data sets, in its order.

    Args:
        suite: the terms.
        summaries: one a data set.
    """

    suite: Suite
    summaries: tuple[Summary, ...]

    @cached_property
    def views(self) -> tuple[View, ...]:
        """The view of each data set."""
        return tuple(View(summary) for summary in self.summaries)

    @cached_property
    def table(self) -> SuiteScores:
        """One number an arm and data set, and who is left out."""
        return suite_scores(self.suite, self.summaries)

    @cached_property
    def across(self) -> Across | None:
        """What the sets say together; None where no contrast of the suite has both its arms."""
        contrasts = self.table.contrasts(self.suite)
        if not contrasts:
            return None
        return read(
            self.table.scores,
            contrasts,
            self.suite.rope,
            level=self.suite.level,
            named=len(self.suite.contrasts),
            unjudged=[arm for arm, _ in self.table.cut],
            parts=self.table.parts,
        )

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """The contrasts that could be read."""
        return self.across.contrasts if self.across is not None else ()

    @property
    def n_data(self) -> int:
        """Data sets."""
        return len(self.suite.protocols)

    @property
    def scale(self) -> Scale:
        """How the ranking metric is written: as on the first data set."""
        return self.summaries[0].scale

    @cached_property
    def ranking(self) -> Ranking | None:
        """Ranks of all arms; None with fewer than three arms or five data sets, where they show nothing.

        Without the champion, which is on each data set one of the others.
        """
        scores = self.table.scores
        arms = [arm for arm in scores.arms if arm != CHAMPION]
        if len(arms) < 3 or self.n_data < FEWEST_DATA:
            return None
        return rank(scores.only(arms), self.suite.level)

    @cached_property
    def mean_ranks(self) -> dict[str, float]:
        """Mean rank of each arm over data sets, without the champion; the best first."""
        scores = self.table.scores
        arms = [arm for arm in scores.arms if arm != CHAMPION]
        found = dict(zip(arms, scores.only(arms).ranks().mean(axis=0).tolist(), strict=True)) if arms else {}
        return dict(sorted(found.items(), key=lambda pair: pair[1]))

    @cached_property
    def posteriors(self) -> dict[str, Posterior]:
        """Arm -> probabilities that the hybrid is worse than it, equal, better; every arm of the table but itself."""
        scores = self.table.scores
        if HERO not in scores.arms:
            return {}
        known = {c.against: c.posterior for c in self.contrasts if c.arm == HERO}
        others = [arm for arm in scores.arms if arm != HERO]
        return {a: known.get(a) or bayesian_signed_rank(scores.differences(HERO, a), self.suite.rope) for a in others}

    def arm(self, role: str) -> Contestant | None:
        """Who stands for a role on the first data set that has it."""
        found = (stands_for(summary, role) for summary in self.summaries)
        return next((arm for arm in found if arm is not None), None)

    def title(self, role: str) -> str:
        """The one name of a role; the best of several circuits differs from set to set and is called by its kind."""
        if role == CHAMPION:
            return "Champion"
        arms = [arm for summary in self.summaries if (arm := stands_for(summary, role)) is not None]
        arms = arms or [
            arm for summary in self.summaries for arm in summary.arms if arm.role == role
        ]  # without a score
        titles = list(dict.fromkeys(arm.title for arm in arms))
        return titles[0] if len(titles) == 1 else titles[0].partition(" (")[0] if titles else role

    def spoken(self, role: str) -> str:
        """The name inside a sentence."""
        if role in SPOKEN:
            return SPOKEN[role]
        title, arm = self.title(role), self.arm(role)
        return title if arm is None or arm.family != "control" else title[:1].lower() + title[1:]

    def family(self, role: str) -> str:
        """The family of a role."""
        arm = self.arm(role)
        return "baseline" if role == CHAMPION or arm is None else arm.family

    def glyph(self, role: str, x: float, y: float, radius: float = 5, tip: str = "") -> str:
        """The mark of a role: that of its arm on the first data set that has it; the champion's is its own."""
        if role == CHAMPION:
            return drawn("hollow", "b", x, y, radius, tip)
        for view in self.views:
            arm = stands_for(view.summary, role)
            if arm is not None:
                return view.marks.glyph(arm, x, y, radius, tip)
        return drawn("plus", "b", x, y, radius, tip)

    def icon(self, role: str) -> str:
        """The mark as a 14 px drawing for tables."""
        return boxed(self.glyph(role, 7, 7))
