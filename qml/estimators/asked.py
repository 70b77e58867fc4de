"""What contestants are asked before their first cell: loss, optimiser, and whether circuits are those on record."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.base.seeds import generator
from qml.bench import Cell, Protocol, Store
from qml.bench.attempt import attempt
from qml.bench.checks.cells import CHECKED
from qml.bench.checks.losses import loss_findings, loss_of
from qml.bench.checks.provenance import circuit_findings
from qml.bench.checks.steps import step_findings
from qml.bench.finding import Finding
from qml.data.source import Batch, Source
from qml.estimators.arms import SpecArm, in_units_of
from qml.estimators.choices import Training
from qml.estimators.fits import step_of
from qml.estimators.inside import is_exact
from qml.estimators.looking import builder, task_of
from qml.estimators.warmup import FewRows
from qml.learn.abilities import prepare_task
from qml.learn.generators import own_generators
from qml.learn.step import Step
from qml.learn.task import Task
from qml.learn.two_class import Overlaps
from qml.models import HybridSpec, Spec

ROWS, BATCHES = 8, 4
PROGRAM = "program"  # the detail of an arm that holds the digest of its circuit
_logger = logging.getLogger(__name__)


def asked(arms: Iterable[SpecArm], source: Source) -> tuple[SpecArm, ...]:
    """The same contestants, each with what was found of its training among its details, where every cell keeps it.

    Args:
        arms: contestants that are about to run.
        source: of the first cell; only some of its training rows are read.
    """
    told = []
    for arm in arms:
        found = training_findings(arm, source)
        for one in found:
            if one.is_severe:
                _logger.warning("%s: %s. %s", arm.info.name, one.title, one.words)
        details = {**arm.info.details, CHECKED: [one.to_json() for one in found]} if found else arm.info.details
        told.append(replace(arm, info=replace(arm.info, details=details)))
    return tuple(told)


def training_findings(arm: SpecArm, source: Source) -> tuple[Finding, ...]:
    """Whether a contestant's loss compares each row with its own target, and its optimiser remembers.

    The loss is asked on made-up outputs of the shape that the model gives, the optimiser in a few updates on training
    rows. Not asked are models that are fitted as a whole, losses that compare rows on purpose, and executors that
    sample, whose runs may cost money. A contestant that fails here will say so in its cell.

    Args:
        arm: the contestant.
        source: with labelled training rows.

    Example:
        ```python
        for finding in training_findings(arm, source):
            print(finding.level, finding.title)
        ```
    """
    spec, target = arm.spec, source.schema.target
    if spec.framework == "whole" or target is None or (isinstance(spec, HybridSpec) and not is_exact(spec)):
        return ()
    training = replace(arm.training, schedule="constant")

    def ask() -> tuple[Finding, ...]:
        few = FewRows(source, BATCHES * min(training.batch_size, source.schema.sizes.get("train") or 1))
        placed = in_units_of(spec, few)
        task = task_of(placed, training, target)
        if isinstance(task, Overlaps):
            return ()
        step = step_of(placed, training)
        with own_generators(0):
            return _asked(step, builder(placed, few), prepare_task(task, few), few, placed, training)

    found = attempt(ask)
    if isinstance(found, Exception):
        _logger.debug("asking %s: %s: %s", arm.info.name, type(found).__name__, found)
        return ()
    return found


def _asked(step: Step, model: Any, task: Task, few: FewRows, spec: Spec, training: Training) -> tuple[Finding, ...]:
    """Loss, then optimiser."""
    rows = few.schema.sizes["train"] or 0
    batches = [batch for batch in few.batches("train", max(1, rows // BATCHES))][:BATCHES]
    outputs = step.predict(step.init(model, task, 0), batches[0])
    ops = importlib.import_module(f"qml.learn.{spec.framework}_ops")
    shown, targets = made_up(outputs, batches[0], few)
    loss = loss_of(task, ops)
    found = loss_findings(loss, ops.asarray(shown), ops.asarray(targets))
    if len(batches) == BATCHES:
        found += step_findings(step, model, task, batches, remembers=training.optimiser != "sgd")
    return found


def made_up(outputs: np.ndarray, batch: Batch, source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Outputs `(8, ...)` in -1..1 and targets `(8,)` that differ from row to row, as the model and the data have them.

    Args:
        outputs: what the model gives, for shape and dtype.
        batch: for the dtype of targets.
        source: says how many classes there are, or that there are none.
    """
    rng = generator(0, "made-up rows")
    shown = rng.uniform(-1, 1, (ROWS, *outputs.shape[1:])).astype(outputs.dtype)
    target, dtype = source.schema.target, np.asarray(batch.targets).dtype
    if target is not None and target.kind == "classes":
        return shown, (np.arange(ROWS) % len(target.labels)).astype(dtype)
    return shown, rng.uniform(-1, 1, ROWS).astype(outputs.dtype)


def check_circuits(arms: Sequence[SpecArm], protocol: Protocol, seeds: Sequence[int], store: Store) -> None:
    """Refuse a store whose finished cells ran other circuits under the same configurations.

    Raises:
        DataError: a circuit is not the one whose digest its cells hold; names the contestant and both digests.
    """
    now, recorded = {}, {}
    for arm in arms:
        if PROGRAM not in arm.info.details:
            continue
        for seed in seeds:
            cell = Cell.of(arm.info, protocol, seed)
            found = store.find(cell)
            if found is not None:
                name = f"{arm.info.name}, seed {seed}"
                now[name] = str(arm.info.details[PROGRAM])
                recorded[name] = str(found.cell.arm.details.get(PROGRAM, ""))
    wrong = [one for one in circuit_findings(recorded, now) if one.is_severe]
    if wrong:
        raise DataError(
            f"The store {str(store.folder)!r} was to be continued; {wrong[0].title} ({wrong[0].evidence}), and so in "
            f"{len(wrong)} of {len(now)} cells. Circuits have changed since: continue with the version that wrote "
            "them, or start a new store."
        )
