"""Many bindings of one Program as one job, or as few as a machine's limits allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qml.backends.backend import Backend, Limits, Outcome
from qml.backends.counts import Counts
from qml.backends.draws import checked_seed, checked_shots
from qml.backends.measuring import settings_of
from qml.base.errors import CapabilityError, ConfigError
from qml.base.registry import unknown
from qml.base.seeds import derive
from qml.circuits.program import Program

PLANS = ("eager", "weighted")


def checked_plan(who: str, plan: str | None, shots: object) -> int | None:
    """The number of shots as a plain integer; raise `ConfigError` where it, or the plan, is none."""
    if plan is not None and plan not in PLANS:
        raise unknown("plan", plan, [*PLANS])
    return None if shots is None else checked_shots(who, shots)


def check_machine(who: str, backend: object) -> None:
    """Raise `ConfigError` where `backend` is a name or anything else that runs no circuits.

    Example:
        >>> check_machine("SpsaExecutor", "aer")
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: SpsaExecutor got backend='aer'; it takes a Backend, such as backend_named('aer')...
    """
    if not callable(getattr(backend, "run", None)):
        name = backend if isinstance(backend, str) else "aer"
        raise ConfigError(
            f"{who} got backend={backend!r}; it takes a Backend, such as backend_named({name!r}). By words: "
            f"backend={name} backend.gradient.method=shift or spsa."
        )


def is_eager(plan: str | None, backend: Backend) -> bool:
    """Whether a step is one job: as the plan says, and without one where jobs wait in a queue."""
    return plan == "eager" if plan else backend.target.queued


def check_draws(who: str, backend: Backend, shots: int | None, seed: int | None, draws: bool) -> None:
    """Raise `CapabilityError` where something is to be drawn without a seed, or the machine has no such values.

    A seed that is no whole number is a `ConfigError`, also where nothing is drawn.
    """
    target = backend.target
    if shots is None and not target.exact:
        raise CapabilityError(f"{target.name} gives no exact values, and {who} has shots=None. Pass shots=1000.")
    if shots is not None and not target.sampled:
        raise CapabilityError(f"{target.name} gives exact values only, and {who} has shots={shots}. Pass shots=None.")
    if seed is None and (draws or shots is not None):
        what = "angles to be drawn" if shots is None else f"{shots} shots"
        raise CapabilityError(f"{who} was asked for {what} without a seed. Pass seed=1.")
    if seed is not None:
        checked_seed(who, seed, least=None)


def send(backend: Backend, program: Program, slots_RS: np.ndarray, shots: int | None, seed: int | None) -> Outcome:
    """Outcomes of `R` bindings, `(R, K)` values: one job, unless the target's limits ask for more.

    Several jobs have seeds of their own, and their records stand under "jobs".

    Args:
        backend: where to.
        program: what to run.
        slots_RS: `(R, S)` angles.
        shots: of each binding and setting.
        seed: of the whole.

    Raises:
        CapabilityError: one binding alone exceeds a limit; nothing was sent.
    """
    n_rows, n_values = len(slots_RS), program.n_values
    if not n_rows:
        empty = np.zeros((0, n_values))
        return Outcome(empty, None if shots is None else empty)
    size = rows_a_job(program, shots, backend.target.limits)
    if size is None or size >= n_rows:
        return backend.run(program, slots_RS, shots=shots, seed=seed)
    parts = []
    for number, start in enumerate(range(0, n_rows, size)):
        own = None if seed is None else derive(seed, "part", number)
        parts.append(backend.run(program, slots_RS[start : start + size], shots=shots, seed=own))
    return _joined(parts)


def rows_a_job(program: Program, shots: int | None, limits: Limits) -> int | None:
    """Bindings that fit into one job; None where nothing bounds them.

    Raises:
        CapabilityError: not one does.

    Example:
        >>> from qml.circuits import angle
        >>> rows_a_job(angle(2), 100, Limits(circuits=64, executions=1000))
        10
    """
    settings = max(1, len(settings_of(program.readout)))
    if shots is not None and limits.shots is not None and shots > limits.shots:
        raise CapabilityError(f"{shots} shots were asked for; the machine takes {limits.shots} of one circuit.")
    bounds = []
    if limits.circuits is not None:
        bounds.append(limits.circuits // settings)
    if limits.executions is not None and shots is not None:
        bounds.append(limits.executions // (settings * shots))
    if bounds and min(bounds) < 1:
        raise CapabilityError(
            f"One binding takes {settings} circuits of {shots} shots; a job of the machine holds {limits.circuits} "
            f"circuits and {limits.executions} executions. Take fewer shots, or a readout with fewer settings."
        )
    return min(bounds, default=None)


def _joined(parts: list[Outcome]) -> Outcome:
    variances = [part.variance_RK for part in parts if part.variance_RK is not None]
    counted = min(len(part.counts) for part in parts)
    record: Mapping[str, Any] = {"jobs": [dict(part.record) for part in parts]}
    return Outcome(
        np.concatenate([part.values_RK for part in parts]),
        np.concatenate(variances) if len(variances) == len(parts) else None,
        tuple(Counts.joined([part.counts[place] for part in parts]) for place in range(counted)),
        record,
    )


def allotted(weights_N: np.ndarray, total: int) -> np.ndarray:
    """`(N,)` whole numbers of at least one, in proportion to positive `weights_N`, with the sum `total >= N`.

    Estimates from `n_i` shots with factors `f_i` have the least sum of variances `f_i^2 / n_i` for `n_i`
    proportional to `|f_i|`. Each gets one at least, which keeps every estimate, and so their sum, without bias.

    Example:
        >>> allotted(np.array([1.0, 3.0, 0.01]), 9).tolist()
        [2, 6, 1]
    """
    n = len(weights_N)
    if not n:
        return np.zeros(0, int)
    found, free, rest = np.ones(n, int), np.ones(n, bool), total
    share = np.zeros(n)
    while free.any():
        share[free] = rest * weights_N[free] / weights_N[free].sum()
        small = free & (share < 1)
        if not small.any():
            break
        free &= ~small
        rest -= int(small.sum())
    found[free] = np.floor(share[free]).astype(int)
    remainder = np.where(free, share - found, -1.0)
    left = total - int(found.sum())
    found[np.argsort(-remainder, kind="stable")[:left]] += 1
    return found
