"""What fits tell of the budget of an arm: trials that gave nothing new, curves not kept, seconds over the cap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qml.base.words import plural
from qml.bench.cell import CellResult, Trial, plain
from qml.bench.finding import Finding
from qml.bench.inner_trial import BY_ITSELF
from qml.bench.scale import listed
from qml.bench.summary import Summary


def identical_trials(s: Summary) -> Iterator[Finding]:
    """Trials of a cell that differ in their settings and in nothing that came of them.

    Two trials are one and the same where every validation metric is equal to the last bit, a loss among them: equal
    shares of right rows alone are common.
    """
    for arm in s.arms:
        found = [(cell, first, again) for cell in arm.cells for first, again in _identical(cell)]
        if not found:
            continue
        keys = sorted({key for _, first, again in found for key in _differing(first.settings, again.settings)})
        cell, first, again = found[0]
        score = f"{s.protocol.rank} {again.score!r}"
        trials = sum(len(cell.trials) for cell in arm.cells)
        yield Finding(
            "warn",
            f"{len(found)} of {plural(trials, 'trial')} of {arm.title} gave nothing new",
            f"each gave what an earlier trial of its cell gave, with other settings ({', '.join(keys)}).",
            f"seed {cell.cell.seed}: trials {first.number} and {again.number} both have {score}",
            "They count as tried, so this arm chose among fewer settings than the others",
        )


def missing_curves(s: Summary) -> Iterator[Finding]:
    """Arms that were trained by epochs and kept no curve of the ranking metric."""
    without = [
        arm.title
        for arm in s.arms
        if any(c.best and c.best.cost.get("epochs", 0) > 1 and not c.curve(s.protocol.rank) for c in arm.cells)
    ]
    if without:
        text = (
            f"{listed(without)}: trained by epochs, with no validation {s.scale.label} by epoch in some cell. Whether "
            "they were still rising at the end of their budget is not known."
        )
        yield Finding("warn", f"{plural(len(without), 'arm')} without a learning curve", text)


def over_the_cap(s: Summary) -> Iterator[Finding]:
    """Fits that cannot be stopped and spent more than the cap."""
    cap = s.protocol.cpu_s
    for arm in s.arms:
        fits = [fit for cell in arm.cells for fit in cell.fits]
        over = [float(fit.cost["cpu_s"]) for fit in fits if _ended_by_itself_over(fit)]
        if cap is not None and over:
            text = (
                f"it is fitted as a whole and cannot be stopped: {len(over)} of {plural(len(fits), 'fit')} took up to "
                f"{max(over):.3g} CPU seconds, and count. It had more time than an arm that is stopped at the cap."
            )
            yield Finding("warn", f"{arm.title} spent more than {cap:g} CPU seconds", text)


def _identical(cell: CellResult) -> Iterator[tuple[Trial, Trial]]:
    """Pairs of a trial and the first before it with the same scores and other settings."""
    losses = {name for name, facts in cell.metric_facts.items() if not facts["higher_is_better"]}
    earlier: dict[tuple[Any, ...], Trial] = {}
    for trial in cell.trials:
        if trial.status != "finished" or not losses & trial.validation.keys():
            continue
        first = earlier.setdefault(tuple(sorted(trial.validation.items())), trial)
        if plain(first.settings) != plain(trial.settings):
            yield first, trial


def _differing(first: Any, again: Any) -> list[str]:
    """Settings in which the two differ."""
    return [key for key in {*first, *again} if first.get(key) != again.get(key)]


def _ended_by_itself_over(fit: Trial) -> bool:
    """Whether a fit met the cap and was not stopped by it."""
    return bool(fit.cost.get("capped")) and fit.cost.get("stopped") in BY_ITSELF


FIT_CHECKS = (identical_trials, missing_curves, over_the_cap)
