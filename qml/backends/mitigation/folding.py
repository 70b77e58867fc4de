"""The same circuit with its noise made larger: gates undone and done again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from qml.backends.backend import Target
from qml.backends.transpiling import is_native
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits.angle import Angle
from qml.circuits.gate import Gate
from qml.circuits.gates import PREPARATIONS, invert
from qml.circuits.program import Program

FOLDS = ("local", "global")


def folded(native: Program, target: Target, scale: int, fold: str = "local") -> Program:
    """A Program that computes the same with `scale` times the gates, all of them the target's own.

        "local":   each gate G on two wires or more becomes G (G^-1 G)^k
        "global":  the whole circuit U becomes U (U^-1 U)^k,        scale = 1 + 2 k

    Angles keep their slots. The machine must run the result as it is written: a transpiler would cancel it.

    Args:
        native: gates of the target on its wires.
        target: whose gates the inverses must be.
        scale: odd, 1 or more.
        fold: "local" leaves the noise of gates on one wire as it is, which is right where that is small; "global"
            scales it too.

    Raises:
        ConfigError: a scale that is not odd and positive, or another way to fold.
        CapabilityError: the Program is not native, or a gate's inverse is not among the target's gates.

    References:
        Giurgica-Tiron, Hindy, LaRose, Mari and Zeng, IEEE QCE, 306 (2020).

    Example:
        >>> from qml.circuits import Circuit
        >>> native = Circuit(2).rz(0, 0.5).cnot((0, 1)).build()
        >>> target = Target("line", 2, ("RZ", "CNOT"))
        >>> [gate.name for gate in folded(native, target, 3).gates]
        ['RZ', 'CNOT', 'CNOT', 'CNOT']
        >>> [str(gate.angles[0]) for gate in folded(native, target, 3, "global").gates if gate.angles]
        ['0.5', '-0.5', '0.5']
    """
    check_scales((scale,))
    if fold not in FOLDS:
        raise ConfigError(f"fold={fold!r} is not known. Known: {', '.join(FOLDS)}.")
    if not is_native(native, target):
        raise CapabilityError(
            f"Folding was handed a Program that is not native to {target.name!r}: it would be transpiled, and what was "
            "folded cancelled. Fold `transpile(program, target)`."
        )
    times = (scale - 1) // 2
    gates: list[Gate] = []
    if fold == "local":
        for gate in native.gates:
            gates.append(gate)
            if len(gate.wires) > 1 and gate.name not in PREPARATIONS:
                gates.extend((*undoing(gate, target), gate) * times)
    else:
        starts = tuple(gate for gate in native.gates if gate.name in PREPARATIONS)
        turns = tuple(gate for gate in native.gates if gate.name not in PREPARATIONS)
        back = tuple(undone for gate in reversed(turns) for undone in undoing(gate, target)) if times else ()
        gates = [*starts, *turns, *((*back, *turns) * times)]
    return replace(
        native, gates=tuple(gates), name=f"{native.name} x {scale}" if native.name and times else native.name
    )


def undoing(gate: Gate, target: Target) -> tuple[Gate, ...]:
    """Gates of the target that undo `gate` up to a global phase.

    Raises:
        CapabilityError: there are none.
    """
    plain = invert(gate)
    for candidate in (plain, _between(gate, "RZ"), _between(gate, "PhaseShift")):
        if candidate and (not target.gate_set or all(one.name in target.gate_set for one in candidate)):
            return candidate
    raise CapabilityError(
        f"Folding was asked to undo {gate.name} by gates of {target.name!r} ({', '.join(target.gate_set)}); its "
        f'inverse {" ".join(one.name for one in plain)} is not among them. Take fold="local", which undoes gates on '
        "several wires only, or another machine."
    )


def _between(gate: Gate, turning: str) -> tuple[Gate, ...]:
    """A gate between two half turns of its first wire about Z, where that undoes it."""
    half = Gate(turning, gate.wires[:1], (Angle(math.pi),))
    return (half, gate, half) if gate.name in ("SX", "SXdg", "ISWAP", "ISWAPdg", "SISWAP", "SISWAPdg") else ()


def check_scales(scales: Sequence[int]) -> None:
    """Raise `ConfigError` unless every scale is an odd whole number of 1 or more."""
    whole = all(isinstance(scale, int) and not isinstance(scale, bool) for scale in scales)
    if not whole or any(scale % 2 != 1 or scale < 1 for scale in scales):
        raise ConfigError(
            f"Noise is scaled by folding gates, which makes them 1, 3, 5, ... of each; got scales {tuple(scales)}. "
            "Take odd whole numbers, such as (1, 3, 5)."
        )
