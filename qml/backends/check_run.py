"""Can this machine run this, and is what it was handed sound? Asked before anything runs or is sent."""

from __future__ import annotations

import numpy as np

from qml.backends.backend import Target
from qml.backends.check import check_is_program
from qml.backends.draws import checked_seed, checked_shots
from qml.backends.measuring import settings_of
from qml.base.errors import CapabilityError, DataError, ShapeError, kind_of
from qml.circuits.program import Program
from qml.circuits.slots import amplitude_tables, angle_table


def check_run(target: Target, program: Program, slots_RS: np.ndarray, shots: int | None, seed: int | None) -> None:
    """All that is asked before `Backend.run`; silent where the machine can do it.

    Args:
        target: the machine.
        program: what to run.
        slots_RS: `(R, S)` radians, one column a rotation of `qml.circuits.steps.steps(program)`.
        shots: of each binding and measurement setting; None is exact.
        seed: of the draw; not looked at where nothing is drawn.

    Raises:
        ProgramError: `program` is none.
        ShapeError, DataError: slots that are no real array `(R, S)`, or not finite.
        ConfigError: shots that are no whole number of at least 1, or a seed that is none.
        CapabilityError: a Program that is too wide, exact values of a machine that only draws or shots of one that only
            computes, shots without a seed, prepared amplitudes that depend on slots, or more than one job may hold.

    Example:
        >>> from qml.circuits import angle
        >>> check_run(Target("mine", 1), angle(2), np.zeros((1, 2)), None, None)
        Traceback (most recent call last):
        ...
        qml.base.errors.CapabilityError: mine was asked for a Program of 2 qubits; it has 1. Take a narrower Program...
    """
    check_is_program(target.name, program)
    _check_slots(target, program, slots_RS)
    _check_draw(target, shots, seed)
    if program.n_qubits > target.n_qubits:
        raise CapabilityError(
            f"{target.name} was asked for a Program of {program.n_qubits} qubits; it has {target.n_qubits}. Take a "
            "narrower Program or a larger machine."
        )
    if any(table.varies.any() for table in amplitude_tables(program)):
        raise CapabilityError(
            f"{target.name} was asked for a Program whose prepared amplitudes depend on inputs or weights; a machine "
            "is handed rotation angles only. Encode with rotations, such as `angle`, or use an exact simulator."
        )
    _check_limits(target, len(settings_of(program.readout)), len(slots_RS), shots)


def _check_slots(target: Target, program: Program, slots_RS: np.ndarray) -> None:
    n_slots = len(angle_table(program).constant)
    if not isinstance(slots_RS, np.ndarray) or slots_RS.dtype.kind not in "fiu":
        found = f"an array of {slots_RS.dtype}" if isinstance(slots_RS, np.ndarray) else f"a {kind_of(slots_RS)}"
        raise ShapeError(
            f"{target.name} got slots that are {found}; hand in a NumPy array of real numbers, "
            "`qml.circuits.slots.slots(program, inputs, weights)`."
        )
    if slots_RS.ndim != 2 or slots_RS.shape[1] != n_slots:
        raise ShapeError(
            f"{target.name} got slots of shape {slots_RS.shape}; this Program has {n_slots} rotations, so it needs "
            f"(R, {n_slots}). `qml.circuits.slots.slots(program, inputs, weights)` makes them."
        )
    bad = np.argwhere(~np.isfinite(slots_RS))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            f"{target.name} got {len(bad)} of {slots_RS.size} angles that are not finite; the first is slot {column} "
            f"of binding {row} = {slots_RS[row, column]}. Nothing was run. Look where inputs or weights became so."
        )


def _check_draw(target: Target, shots: int | None, seed: int | None) -> None:
    if shots is None:
        if not target.exact:
            raise CapabilityError(
                f"{target.name} was asked for exact values (shots=None); it only draws shots. Pass shots=1024, say."
            )
        return
    checked_shots(target.name, shots)
    if not target.sampled:
        raise CapabilityError(
            f"{target.name} was asked for {shots} shots; it gives exact values only. Pass shots=None, or take another "
            "machine."
        )
    if seed is None:
        raise CapabilityError(f"{target.name} was asked for {shots} shots without a seed. Pass seed=1, say.")
    checked_seed(target.name, seed)


def _check_limits(target: Target, n_settings: int, n_rows: int, shots: int | None) -> None:
    circuits = n_rows * n_settings
    limits = target.limits
    asked = [("circuits", circuits, limits.circuits)]
    if shots is not None:
        asked += [
            ("shots of a circuit", shots, limits.shots),
            ("shots of all circuits", shots * circuits, limits.executions),
        ]
    for what, number, most in asked:
        if most is not None and number > most:
            raise CapabilityError(
                f"{target.name} was asked for a job of {number:,} {what} ({n_rows:,} bindings x {n_settings} settings"
                f"{'' if shots is None else f' x {shots:,} shots'}); one job holds at most {most:,}. Hand in "
                "fewer rows at once, or take fewer shots."
            )
