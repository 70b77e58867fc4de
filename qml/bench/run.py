"""From a contestant and a protocol to a finished cell: trials, the choice on validation rows, one look at test rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np

from qml.base.errors import ConfigError, DataError, kind_of
from qml.base.registry import unknown
from qml.base.seeds import derive
from qml.bench.arm import Arm, ArmInfo
from qml.bench.budget import Sampler, Settings, check_sampler
from qml.bench.budget_curve import best_finished
from qml.bench.cell import Cell, CellResult, Trial
from qml.bench.chance import chance_scores, constant_answer
from qml.bench.facts import check_splits, source_facts, targets
from qml.bench.inner import inner_folds
from qml.bench.judged import judged
from qml.bench.protocol import Protocol
from qml.bench.provenance import provenance
from qml.bench.rows import rows_curve
from qml.bench.sealed import SealedSource
from qml.bench.store import Store
from qml.bench.trial import TrialRunner
from qml.data.source import Source
from qml.learn.fit import Budget
from qml.learn.task import Metric, Task

Progress = Callable[[str], None]
_logger = logging.getLogger(__name__)


def run_cell(
    arm: Arm,
    make_source: Callable[[int], Source],
    make_task: Callable[[Source], Task],
    protocol: Protocol,
    seed: int,
    store: Store,
    *,
    progress: Progress | None = None,
    retry_failed: bool = False,
    command: Sequence[str] = (),
) -> CellResult | None:
    """Run one cell and add it to the store, unless it is finished or another process is at it.

    The settings are drawn from the contestant's space, each is fitted in its own folder (so that a killed
    fit continues from its checkpoint and a finished trial is never repeated), the best is chosen by its
    validation score, or by its mean over inner folds, and only then are test targets looked at. The contestant
    is handed rows whose test targets are sealed. One that fails gives a failed cell with the reason, which counts
    as chance; it does not end the benchmark.

    Args:
        arm: the contestant.
        make_source: seed -> the rows with their splits "train", "validation" and "test".
        make_task: source -> the task, whose metrics are kept.
        protocol: the terms.
        seed: one of the protocol's seeds.
        store: where finished cells are kept.
        progress: called with one line of text as each trial begins and ends; None is silent.
        retry_failed: run a cell again that was finished as failed.
        command: words that run this again, kept with the cell; by default those that started the process.

    Returns:
        The finished cell, or None when it was finished before or is being run by another process.

    Raises:
        ConfigError: no Arm, or the seed or the ranking metric is not known.
        DataError: the source gives no labelled rows in one of its splits, a class has fewer rows than there are
            inner folds, or the ranking metric is not defined on validation rows.
        KeyboardInterrupt: interrupted; start again to continue.

    Example:
        ```python
        store = Store("runs/digits")
        for seed in protocol.seeds:
            run_cell(arm, lambda seed: make_source("digits", seed=seed), make_task, protocol, seed, store)
        ```
    """
    if not isinstance(getattr(arm, "info", None), ArmInfo):
        raise ConfigError(
            f"run_cell was given a {kind_of(arm)} as the contestant; it takes an Arm, which has `info` and `fit`. "
            "`qml.estimators.arms_for` makes those of models."
        )
    cell = Cell.of(arm.info, protocol, seed)
    say = progress or _silent
    label = f"{arm.info.name}, seed {seed}"
    if _is_settled(store, cell, retry_failed):
        store.tidy(cell)
        say(f"{label}: finished before")
        return None
    with store.claim(cell) as mine:
        if not mine:
            say(f"{label}: another process is at it")
            return None
        if _is_settled(store, cell, retry_failed):
            say(f"{label}: finished meanwhile")
            return None
        if retry_failed and store.is_finished(cell):
            store.discard(cell)
        result = _run(arm, make_source(seed), make_task, protocol, cell, store, say, command)
        store.finish(result)
    return result


def _is_settled(store: Store, cell: Cell, retry_failed: bool) -> bool:
    """Whether there is nothing to do."""
    found = store.find(cell)
    return found is not None and not (retry_failed and found.status == "failed")


def _silent(line: str) -> None:
    """Say nothing."""


def _run(
    arm: Arm,
    source: Source,
    make_task: Callable[[Source], Task],
    protocol: Protocol,
    cell: Cell,
    store: Store,
    say: Progress,
    command: Sequence[str],
) -> CellResult:
    check_splits(source)
    metrics = chosen_metrics(make_task(SealedSource(source, watched=True)).metrics(), protocol)
    rank = next(metric for metric in metrics if metric.name == protocol.rank)
    on_validation, answer = targets(source, "validation"), constant_answer(source)
    runner = TrialRunner(
        arm,
        source,
        metrics,
        protocol.rank,
        Budget(epochs=protocol.epochs, cpu_s=protocol.cpu_s, patience=protocol.patience, watch=protocol.rank),
        on_validation,
        store.work(cell),
        _chance_of(answer, rank, on_validation, source),
        inner_folds(source, protocol.inner, derive(cell.seed, "inner")) if isinstance(protocol.inner, int) else (),
    )
    trials, tried = _run_trials(runner, protocol, cell, rank, say)
    chosen = best_finished(trials, rank.higher_is_better)
    refit = None if chosen is None or not runner.folds else runner.refit(trials[chosen], tried[chosen])
    reason = _reason(trials) if chosen is None else _refit_reason(refit)
    if reason is not None:
        _logger.warning("%s, seed %d failed: %s", arm.info.name, cell.seed, reason)
        chosen = None
    best = None if chosen is None else refit or trials[chosen]
    return CellResult(
        cell=cell,
        protocol=protocol,
        status="finished" if reason is None else "failed",
        reason=reason,
        chosen=chosen,
        trials=trials,
        metric_facts={m.name: {"higher_is_better": m.higher_is_better, "unit": m.unit} for m in metrics},
        data=source_facts(source),
        provenance=provenance(command),
        rows_curve={} if best is None else rows_curve(arm, source, rank, protocol, runner.budget, best, runner.folder),
        refit=refit,
        **judged(runner, rank, answer, trials, chosen, refit),
    )


def _chance_of(answer: np.ndarray, rank: Metric, wanted: np.ndarray, source: Source) -> float:
    """The validation value of the constant prediction.

    Raises:
        DataError: the ranking metric is not defined for it, and so for no choice among these rows.
    """
    scores = chance_scores(answer, (rank,), wanted)
    if rank.name not in scores:
        raise DataError(
            f"Settings are ranked by {rank.name!r}; it is not defined on the validation rows of {source.schema.name!r} "
            f"(a single class, or a constant target). Rank by another metric, or give validation more rows."
        )
    return scores[rank.name]


def _run_trials(
    runner: TrialRunner, protocol: Protocol, cell: Cell, rank: Metric, say: Progress
) -> tuple[tuple[Trial, ...], list[Settings]]:
    """Every trial in order, and its setting as it was drawn; predictions are kept of those that led when they ended."""
    sampler = Sampler(protocol.sampler, cell.arm.space, protocol.trials, derive(cell.seed, "trials"))
    trials: list[Trial] = []
    tried: list[Settings] = []
    for number in range(protocol.trials):
        history = [(tried[trial.number], trial.score) for trial in trials if trial.score is not None]
        setting = sampler.next(history, rank.higher_is_better)
        say(f"{cell.arm.name}, seed {cell.seed}: trial {number + 1} of {protocol.trials} {setting or ''}".rstrip())
        repeat = sum(earlier == setting for earlier in tried)
        trial = runner.run(number, setting, derive(cell.seed, "fit", repeat))
        trials.append(trial)
        tried.append(setting)
        if best_finished(trials, rank.higher_is_better) != number:
            runner.drop_predictions(number)
        outcome = f"{protocol.rank} {trial.score:.4g}" if trial.status == "finished" else f"failed: {trial.reason}"
        say(f"{cell.arm.name}, seed {cell.seed}: trial {number + 1}: {outcome}")
    return tuple(trials), tried


def chosen_metrics(metrics: tuple[Metric, ...], protocol: Protocol) -> tuple[Metric, ...]:
    """The metrics that the protocol asks for, out of those that the task gives.

    Raises:
        ConfigError: a metric of the protocol is not one of the task's.
    """
    known = {metric.name: metric for metric in metrics}
    wanted = protocol.metrics or tuple(known)
    for name in (protocol.rank, *wanted):
        if name not in known:
            kind = "a number: where it names classes, say task=classes" if "r2" in known else "one of some classes"
            said = unknown(f"protocol {protocol.name!r}: metric", name, list(known))
            raise ConfigError(f"{said} The target is {kind}.")
    return tuple(known[name] for name in dict.fromkeys((protocol.rank, *wanted)))


def _reason(trials: tuple[Trial, ...]) -> str:
    reasons = list(dict.fromkeys(trial.reason or "no reason given" for trial in trials))
    return f"every one of {len(trials)} trials failed: " + "; ".join(reasons)


def _refit_reason(refit: Trial | None) -> str | None:
    """Why the chosen setting gave no predictions, though its trial did."""
    return f"the chosen setting failed on the whole training part: {refit.reason}" if refit and refit.reason else None


def cells_of(arms: tuple[Arm, ...], protocol: Protocol) -> tuple[Cell, ...]:
    """Every cell of a benchmark, seeds outermost, for `Store.missing` and for progress bars.

    Raises:
        ConfigError: two contestants have one name and one configuration, or the sampler cannot go through the space
            of one of them in the trials of the protocol.
    """
    for arm in arms:
        check_sampler(protocol.sampler, arm.info.space, protocol.trials, arm.info.name)
    cells = tuple(Cell.of(arm.info, protocol, seed) for seed in protocol.seeds for arm in arms)
    if len({cell.digest for cell in cells}) != len(cells):
        names = ", ".join(arm.info.name for arm in arms)
        raise ConfigError(f"The benchmark lists the same contestant twice: {names}. Leave one out or rename it.")
    return cells
