"""Losses of the wrong shape: a loss is asked whether it compares each output with its own target."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.bench.finding import Finding
from qml.data.source import Batch
from qml.learn.task import Task

TOLERANCE = 1e-4
Loss = Callable[[Any, Any], Any]


def loss_of(task: Task, ops: Any, player: str = "model") -> Loss:
    """The loss of a task as a function of outputs `(B, ...)` and targets `(B, ...)`.

    Args:
        task: what a batch means.
        ops: its array operations, such as `qml.learn.torch_ops`.
        player: whose loss.
    """

    def loss(outputs: Any, targets: Any) -> Any:
        batch = Batch(outputs, targets, np.arange(len(targets)))
        return task.losses(ops, lambda inputs: inputs, batch, 0)[0][player]

    return loss


def loss_findings(loss: Loss, outputs: Any, targets: Any, name: str = "The loss") -> tuple[Finding, ...]:
    """Whether a loss is one number, made of each row's output and that row's target.

    A loss over rows is the mean (or sum) of the losses of its rows. One that subtracts targets `(B,)` from outputs
    `(B, 1)` compares all B x B pairs instead: it is not that mean, and does not change when the targets are
    exchanged between the rows, so the model learns the mean target. Losses that compare rows on purpose (metric
    learning, contrastive ones) are told apart by that second sign.

    Args:
        loss: `(outputs, targets) -> scalar`.
        outputs: what a model gives for a few rows, `(B, ...)`, of any framework whose arrays can be indexed.
        targets: of the same rows, `(B, ...)`.
        name: for the finding.

    Raises:
        DataError: fewer than three rows, or rows whose outputs and targets are too alike to tell.

    Example:
        >>> outputs, targets = np.array([[0.1], [0.9], [0.4]]), np.array([0.0, 1.0, 1.0])
        >>> [f.level for f in loss_findings(lambda o, t: ((o - t) ** 2).mean(), outputs, targets)]
        ['severe']
        >>> [f.level for f in loss_findings(lambda o, t: ((o[:, 0] - t) ** 2).mean(), outputs, targets)]
        ['pass']
    """
    n_rows = len(targets)
    if n_rows < 3 or len(outputs) != n_rows:
        raise DataError(f"{name} is asked on three rows or more; got {len(outputs)} outputs and {n_rows} targets.")
    whole = loss(outputs, targets)
    shape = tuple(getattr(whole, "shape", ()))
    if math.prod(shape) != 1:
        text = f"For {n_rows} rows it gives an array of shape {shape}."
        effect = "What is lowered is decided by whoever sums it up later; gradients may be of another loss."
        return (Finding("severe", f"{name} is no single number", text, consequence=effect),)
    order = np.roll(np.arange(n_rows), 1)
    own = [_number(loss(outputs[i : i + 1], targets[i : i + 1])) for i in range(n_rows)]
    others = [_number(loss(outputs[i : i + 1], targets[j : j + 1])) for i, j in enumerate(order)]
    value, exchanged = _number(whole), _number(loss(outputs, targets[order]))
    if _near(value, exchanged) and _near(float(np.sum(own)), float(np.sum(others))):
        raise DataError(
            f"{name} is the same for these rows whichever target they are given ({value:.4g}), so nothing can "
            "be told. Use rows with different outputs and targets."
        )
    if _near(value, float(np.mean(own))) or _near(value, float(np.sum(own))):
        return (Finding("pass", f"{name} compares each row with its own target", f"{n_rows} rows, one by one."),)
    evidence = f"{n_rows} rows together {value:.6g}, mean of the rows one by one {np.mean(own):.6g}"
    return (_between_rows(name, evidence, exchanged if _near(value, exchanged) else None),)


def _between_rows(name: str, evidence: str, exchanged: float | None) -> Finding:
    """A loss that is not made of its rows; `exchanged` is its value with targets of other rows, if the same."""
    if exchanged is None:
        return Finding(
            "suspect",
            f"{name} is not made of its rows",
            "Rows act on each other; right for losses that compare rows, wrong for all others.",
            evidence,
            "Results depend on how rows fall into batches.",
        )
    return Finding(
        "severe",
        f"{name} compares every output with every target",
        "It does not change when the targets are exchanged between rows: shapes such as (B, 1) and (B,) were "
        "broadcast to (B, B).",
        f"{evidence}; with the targets of other rows {exchanged:.6g}",
        "Training fits the mean target: scores near chance are those of this fault, not of the model.",
    )


def _number(value: Any) -> float:
    """A scalar of any framework as a float."""
    return float(value.detach() if "torch" in type(value).__module__ else value)


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=1e-9)
