"""Calibration of a machine's readout: few circuits, one job, kept as long as its owner trusts it."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.backends.backend import Backend
from qml.backends.counts import Counts
from qml.backends.measuring import Setting, settings_of
from qml.backends.mitigation.confusion import Confusion, words_to_prepare
from qml.backends.mitigation.flipping import bound, preparation, turns
from qml.backends.mitigation.twirled import Faded, flipped_back, masks
from qml.base.errors import CapabilityError
from qml.base.seeds import derive
from qml.circuits.angle import Angle
from qml.circuits.gate import Gate
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities

LOG = logging.getLogger(__name__)
OLD_H = 24.0  # hours after which a machine has been calibrated anew, as a rule, by those who run it
EXACT_WIRES = 12  # exact outcomes are a table of 2**M numbers a binding


@dataclass(frozen=True, eq=False)
class Calibration:
    """What was measured of the readout of some wires.

    Args:
        of: the errors of each wire, or what comes through of each word behind random flips.
        record: when (left out where a job store does not tell), with how many circuits and shots, from which seed, and
            what the run itself recorded.
    """

    of: Confusion | Faded
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Recipe:
    """How to calibrate.

    Args:
        shots: of the whole, divided among its circuits; None for exact outcomes.
        seed: of the draw.
        twirls: random flips; 0 prepares basis states and reads the errors of each wire.
    """

    shots: int | None
    seed: int
    twirls: int = 0


def calibrated(inner: Backend, wires: Sequence[int], n_qubits: int, recipe: Recipe) -> Calibration:
    """Calibrate `wires` by one run of `inner`: every circuit is a binding of one Program.

    Raises:
        CapabilityError: its gates cannot flip a wire, it gives no outcomes, or what it reads says next to nothing.
    """
    program = preparation(wires, inner.target, n_qubits)
    twirled = recipe.twirls > 0
    words = masks(recipe.twirls, len(wires), recipe.seed) if twirled else words_to_prepare(len(wires))
    shots = None if recipe.shots is None else math.ceil(recipe.shots / len(words))
    (counts,), record = outcomes(inner, program, math.pi * words, shots, derive(recipe.seed, "calibration"))
    told = {
        **taken(record, inner.target.name),
        "seed": recipe.seed,
        "wires": list(wires),
        "circuits": len(words),
        "shots_a_circuit": shots,
    }
    if twirled:
        faded = Faded(tuple(wires), flipped_back(counts, words), exact=shots is None)
        told["factors"] = [faded.factor([wire])[0] for wire in wires]
        return Calibration(faded, {**told, "run": dict(record)})
    confusion = Confusion.of_counts(wires, words, counts, exact=shots is None)
    told["errors"] = np.stack([confusion.e0_Q, confusion.e1_Q], axis=1).tolist()
    return Calibration(confusion, {**told, "run": dict(record)})


def taken(record: Mapping[str, Any], name: str) -> dict[str, str]:
    """When a calibration ran, by the record of its run, and a line of the log with its age.

    A machine without a job store ran it now, which is no line of the log. One job of several, or one kept before such
    times were, leaves it out.

    Args:
        record: of the run.
        name: of the machine, for the log.

    Returns:
        "taken", and "submitted" of a job: it ran between the two. Empty where that is not known.
    """
    now, jobs = time.time(), [*_jobs(record)]
    if not jobs:
        return {"taken": _told(now)}
    ends = [job["finished"] for job in jobs if job.get("finished")]
    starts = [job["submitted"] for job in jobs if job.get("submitted")]
    if len(ends) < len(jobs):
        LOG.warning("The readout of %s is calibrated by a job of which the store does not tell when it ran.", name)
        return {}
    age_h = (now - min(ends)) / 3600
    level = logging.INFO if age_h < OLD_H else logging.WARNING
    LOG.log(level, "The readout of %s is calibrated by a run of %s, %.1f hours ago.", name, _told(min(ends)), age_h)
    submitted = {"submitted": _told(min(starts))} if starts else {}
    return {"taken": _told(min(ends)), **submitted}


def _jobs(record: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Jobs of a store in the record of one run, or of several."""
    yield from record.get("jobs", ())
    for run in record.get("runs", ()):
        yield from _jobs(run)


def _told(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def outcomes(
    inner: Backend, native: Program, inputs_RD: np.ndarray, shots: int | None, seed: int | None
) -> tuple[tuple[Counts, ...], Mapping[str, Any]]:
    """Outcomes of each setting of the readout of a native Program, and the record of the run.

    With shots they are the raw counts of one run. Without, each setting is a run of its own, and its exact
    probabilities stand in the place of the counts.

    Raises:
        CapabilityError: the machine gave none, or exact outcomes of too many wires were asked for.
    """
    if shots is not None:
        outcome = inner.run(native, bound(native, inputs_RD), shots=shots, seed=seed)
        if len(outcome.counts) != len(settings_of(native.readout)):
            raise CapabilityError(
                f"Readout mitigation asked {inner.target.name!r} for outcomes of shots; it gave values alone. Take a "
                "machine that gives counts, such as a sampler in the place of an estimator."
            )
        return outcome.counts, outcome.record
    found, records = [], []
    for setting in settings_of(native.readout):
        if len(setting.wires) > EXACT_WIRES:
            raise CapabilityError(
                f"Readout mitigation was asked for exact values of {len(setting.wires)} wires that are read together; "
                f"it takes at most {EXACT_WIRES}. Pass shots=."
            )
        read = _read_in(native, setting, inner)
        outcome = inner.run(read, bound(read, inputs_RD), shots=None, seed=seed)
        found.append(_as_counts(outcome.values_RK, len(setting.wires)))
        records.append(outcome.record)
    return tuple(found), records[0] if len(records) == 1 else {"runs": [dict(record) for record in records]}


def _read_in(native: Program, setting: Setting, inner: Backend) -> Program:
    """`native` with the basis of `setting` turned to that of the outcomes, by gates of the machine."""
    more: list[Gate] = []
    for wire, letter in setting.word:
        if letter == "X":
            more.extend(turns("Z", wire, Angle(math.pi / 2), inner.target))
        if letter != "Z":
            more.extend(turns("X", wire, Angle(math.pi / 2), inner.target))
    readout = Probabilities(setting.wires)
    return Program(native.n_qubits, (*native.gates, *more), readout, native.n_inputs, name=native.name)


def _as_counts(shares_RO: np.ndarray, n_bits: int) -> Counts:
    """Exact probabilities `(R, 2**M)` as counts whose times are these, and add up to one a binding."""
    n_rows, size = shares_RO.shape
    bits = (np.arange(size)[:, None] >> np.arange(n_bits)[::-1] & 1).astype(np.uint8)
    times = np.maximum(shares_RO, 0)
    times = times / times.sum(axis=1, keepdims=True)
    return Counts(n_rows, np.repeat(np.arange(n_rows), size), np.tile(bits, (n_rows, 1)), times.ravel())
