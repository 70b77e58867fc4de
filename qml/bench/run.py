"""From a contestant and a protocol to a finished cell: trials, the choice on validation rows, one look at test rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.base.seeds import derive, generator
from qml.bench.arm import Arm
from qml.bench.budget import best_trial, sample_settings
from qml.bench.cell import Cell, CellResult, Trial
from qml.bench.facts import check_splits, row_numbers, source_facts, targets
from qml.bench.protocol import Protocol
from qml.bench.provenance import provenance
from qml.bench.rows import rows_curve
from qml.bench.store import Store
from qml.bench.trial import TrialRunner
from qml.data.source import Source
from qml.learn.fit import Budget
from qml.learn.task import Metric, Task

BLOCKS = 100
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
    validation score, and only then are test targets looked at. A contestant that fails gives a failed cell
    with the reason; it does not end the benchmark.

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
        ConfigError: the seed or the ranking metric is not known.
        DataError: the source gives no labelled rows in one of its splits.
        KeyboardInterrupt: interrupted; start again to continue.

    Example:
        ```python
        store = Store("runs/digits")
        for seed in protocol.seeds:
            run_cell(arm, lambda seed: make_source("digits", seed=seed), make_task, protocol, seed, store)
        ```
    """
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
    return store.is_finished(cell) and not (retry_failed and store.get(cell).status == "failed")


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
    metrics = chosen_metrics(make_task(source).metrics(), protocol)
    rank = next(metric for metric in metrics if metric.name == protocol.rank)
    budget = Budget(epochs=protocol.epochs, cpu_s=protocol.cpu_s, patience=protocol.patience)
    on_validation = targets(source, "validation")
    runner = TrialRunner(arm, source, metrics, protocol.rank, budget, on_validation, store.work(cell))
    trials = _run_trials(runner, protocol, cell, rank, say)
    chosen = best_trial([trial.score for trial in trials], rank.higher_is_better)
    settled: dict[str, Any] = {"metrics": {}, "arrays": {}, "rows_curve": {}}
    if chosen is not None:
        settled = _read_test(runner, chosen, metrics, rank, on_validation, targets(source, "test"))
        settled["rows_curve"] = rows_curve(arm, source, rank, protocol, budget, trials[chosen], runner.folder)
    reason = None if chosen is not None else _reason(trials)
    if reason is not None:
        _logger.warning("%s, seed %d failed: %s", arm.info.name, cell.seed, reason)
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
        records=tuple((trial.number, record) for trial in trials for record in runner.records(trial.number)),
        **settled,
    )


def _run_trials(runner: TrialRunner, protocol: Protocol, cell: Cell, rank: Metric, say: Progress) -> tuple[Trial, ...]:
    """Every trial in order; predictions are kept of the best so far only."""
    settings = sample_settings(cell.arm.space, protocol.trials, derive(cell.seed, "trials"))
    trials: list[Trial] = []
    for number, setting in enumerate(settings):
        say(f"{cell.arm.name}, seed {cell.seed}: trial {number + 1} of {len(settings)} {setting or ''}".rstrip())
        repeat = sum(earlier == setting for earlier in settings[:number])
        trial = runner.run(number, setting, derive(cell.seed, "fit", repeat))
        trials.append(trial)
        best = best_trial([t.score for t in trials], rank.higher_is_better)
        for other in trials:
            if other.number != best:
                runner.drop_predictions(other.number)
        outcome = f"{protocol.rank} {trial.score:.4g}" if trial.score is not None else f"failed: {trial.reason}"
        say(f"{cell.arm.name}, seed {cell.seed}: trial {number + 1}: {outcome}")
    return tuple(trials)


def chosen_metrics(metrics: tuple[Metric, ...], protocol: Protocol) -> tuple[Metric, ...]:
    """The metrics that the protocol asks for, out of those that the task gives.

    Raises:
        ConfigError: a metric of the protocol is not one of the task's.
    """
    known = {metric.name: metric for metric in metrics}
    wanted = protocol.metrics or tuple(known)
    for name in (protocol.rank, *wanted):
        if name not in known:
            raise unknown(f"protocol {protocol.name!r}: metric", name, list(known))
    return tuple(known[name] for name in dict.fromkeys((protocol.rank, *wanted)))


def _read_test(
    runner: TrialRunner,
    chosen: int,
    metrics: tuple[Metric, ...],
    rank: Metric,
    on_validation: np.ndarray,
    on_test: np.ndarray,
) -> dict[str, Any]:
    """Metrics of both splits for the chosen trial; test targets are read only now, after every choice."""
    found = runner.predictions(chosen)
    truth = {"validation": on_validation, "test": on_test}
    scores = {}
    for split, wanted in truth.items():
        values = {metric.name: float(metric.compute(found[split], wanted)) for metric in metrics}
        scores[split] = {name: value for name, value in values.items() if np.isfinite(value)}
    arrays = {f"{split}_targets": wanted for split, wanted in truth.items()}
    arrays |= {f"{split}_predictions": found[split] for split in truth}
    numbers = row_numbers(runner.source, "test")
    if numbers is not None:
        arrays["test_rows"] = numbers
    arrays["test_left_out"] = left_out(rank, found["test"], on_test)
    return {"metrics": scores, "arrays": arrays}


def left_out(metric: Metric, found: np.ndarray, wanted: np.ndarray, blocks: int = BLOCKS) -> np.ndarray:
    """The metric with one block of rows left out at a time, for the jackknife over test rows.

    The blocks depend on the number of rows only, so two contestants on the same rows can be compared block
    by block.

    Args:
        metric: computed on the rows that stay.
        found: predictions `(N, C)` or `(N,)`.
        wanted: targets `(N,)`.
        blocks: how many blocks, at most N.

    Returns:
        `(G,)` values, G = min(blocks, N); empty when the metric is not defined on some of them.
    """
    count = min(blocks, len(wanted))
    block = generator(0, "blocks", len(wanted)).permutation(len(wanted)) % count if count > 1 else np.zeros(0)
    values = []
    for number in range(count if count > 1 else 0):
        stay = block != number
        try:
            values.append(float(metric.compute(found[stay], wanted[stay])))
        except ValueError:  # such as an area under the curve with one class left
            return np.zeros(0)
    result = np.array(values)
    return result if np.isfinite(result).all() else np.zeros(0)


def _reason(trials: tuple[Trial, ...]) -> str:
    reasons = list(dict.fromkeys(trial.reason or "no reason given" for trial in trials))
    return f"every one of {len(trials)} trials failed: " + "; ".join(reasons)


def cells_of(arms: tuple[Arm, ...], protocol: Protocol) -> tuple[Cell, ...]:
    """Every cell of a benchmark, seeds outermost, for `Store.missing` and for progress bars.

    Raises:
        ConfigError: two contestants have one name and one configuration.
    """
    cells = tuple(Cell.of(arm.info, protocol, seed) for seed in protocol.seeds for arm in arms)
    if len({cell.digest for cell in cells}) != len(cells):
        names = ", ".join(arm.info.name for arm in arms)
        raise ConfigError(f"The benchmark lists the same contestant twice: {names}. Leave one out or rename it.")
    return cells
