"""What can be told of a trained hybrid by looking at its circuit: whether the signal goes through, and what is dead."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from qml.base.errors import CapabilityError
from qml.base.seeds import generator
from qml.circuits.program import Program
from qml.data.source import Source
from qml.learn.fit import Fitted
from qml.learn.task import Task
from qml.models import HybridSpec, Spec
from qml.models.dead import dead_weights

ROWS, CHUNK = 2000, 500
WITH_CIRCUIT = ("", "frozen", "product", "unweighted")
Pair = tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]


def circuit_facts(spec: Spec, fitted: Fitted, task: Task, source: Source, seed: int) -> dict[str, float]:
    """Facts about the circuit of a trained hybrid, from some of its validation rows; test rows are never read.

    Args:
        spec: what was trained; for a model without a circuit there are no facts, nor for an executor that
            samples, whose runs may cost money.
        fitted: trained.
        task: with its metrics.
        source: has validation rows, else only the weights are looked at.
        seed: of the exchange of rows.

    Returns:
        "dead_weights": trained weights that can change no value. "circuit_sd": standard deviation of a value of
        the circuit over the rows, mean over the values. "score_circuit/<metric>": of these rows.
        "score_shuffled_circuit/<metric>": of these rows, when each is given the circuit's values of another.
    """
    if not isinstance(spec, HybridSpec) or spec.ablation not in WITH_CIRCUIT or not is_exact(spec):
        return {}
    dead = None if spec.ablation == "frozen" else _dead(spec.program)
    found = {} if dead is None else {"dead_weights": float(dead)}
    inputs, targets = _rows(source, seed)
    if targets is None or len(targets) < 2:
        return found
    from qml.learn.metrics import scores

    values, head = halves(spec, fitted.model)
    values_BK = np.concatenate([values(inputs[i : i + CHUNK]) for i in range(0, len(inputs), CHUNK)])
    others = generator(seed, "shuffled circuit").permutation(len(values_BK))
    found["circuit_sd"] = float(values_BK.std(axis=0).mean())
    for name, handed in (("score_circuit", values_BK), ("score_shuffled_circuit", values_BK[others])):
        outputs_BC = np.asarray(head(handed), dtype=np.float64)
        found |= {f"{name}/{k}": v for k, v in scores(task.metrics(), task.predictions(outputs_BC), targets).items()}
    return found


def is_exact(spec: HybridSpec) -> bool:
    """Whether the circuit runs on an exact executor."""
    from qml.backends import executor_named

    return executor_named(spec.executor).capabilities.exact


def halves(spec: HybridSpec, model: Any) -> Pair:
    """A trained hybrid cut behind its circuit: rows to values `(B, K)`, and values to outputs `(B, C)`."""
    if spec.framework == "jax":
        network, params = model.model, model.params
        return lambda rows: np.asarray(network.values(params, rows)), lambda v: np.asarray(network.head(params, v))
    from qml.models.hybrid import halves as torch_halves

    return torch_halves(model)


@lru_cache(maxsize=64)
def _dead(program: Program) -> int | None:
    """How many weights are dead; None where the circuit is too large to be simulated here."""
    try:
        return len(dead_weights(program))
    except CapabilityError:
        return None


def _rows(source: Source, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
    """At most `ROWS` validation rows drawn from all of them (of a stream the first), and their targets."""
    size = source.schema.sizes.get("validation", 0)
    empty = np.zeros((0, *source.schema.input_shape), np.float32)
    if size == 0:
        return empty, None
    rng = generator(seed, "circuit rows")
    chosen = rng.choice(size, ROWS, replace=False) if size is not None and size > ROWS else None
    inputs, targets, count = [empty], [], 0
    for batch in source.batches("validation", CHUNK):
        here = slice(None) if chosen is None else np.isin(batch.rows, chosen)
        inputs.append(batch.inputs[here])
        targets.append(None if batch.targets is None else batch.targets[here])
        count += len(inputs[-1])
        if count >= ROWS:
            break
    labelled = all(part is not None for part in targets)
    return np.concatenate(inputs), np.concatenate(targets) if labelled else None
