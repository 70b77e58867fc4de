"""What a machine's owner measured of it, and the noise model that follows: damping by time, the rest depolarising."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import reduce
from os import PathLike
from typing import Any

from qml.backends.backend import Target
from qml.backends.exchange import is_exchangeable
from qml.backends.noise.channel import Channel, depolarising, thermal_relaxation
from qml.backends.noise.model import GateNoise, NoiseModel, ReadoutError
from qml.base.errors import ConfigError
from qml.circuits.angle import Angle
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES

READOUTS = ("asymmetric", "symmetric", "none")
RELAXED = 1e-12  # of a fidelity above chance: below it, nothing of a state is left


@dataclass(frozen=True)
class QubitCalibration:
    """Figures of one qubit; None where none is given.

    Args:
        t1: seconds in which its population decays by 1/e.
        t2: seconds in which its coherence decays by 1/e; above `2 * t1` it counts as that.
        readout_error: mean of the two probabilities below.
        one_given_zero: probability to read 1 where 0 was.
        zero_given_one: probability to read 0 where 1 was.
    """

    t1: float | None = None
    t2: float | None = None
    readout_error: float | None = None
    one_given_zero: float | None = None
    zero_given_one: float | None = None

    def __post_init__(self):
        bad = [t for t in (self.t1, self.t2) if t is not None and not t > 0]
        shares = (self.readout_error, self.one_given_zero, self.zero_given_one)
        if bad or any(share is not None and not 0 <= share <= 1 for share in shares):
            raise ConfigError(f"Times are above 0 seconds and readout errors within 0 to 1; got {self}.")


@dataclass(frozen=True)
class GateCalibration:
    """Figures of one gate on given wires; None where none is given.

    Args:
        gate: a row of the gate table.
        wires: in order.
        error: one minus the average gate fidelity.
        duration: seconds.
    """

    gate: str
    wires: tuple[int, ...]
    error: float | None = None
    duration: float | None = None

    def __post_init__(self):
        row = GATES[self.gate]
        object.__setattr__(self, "wires", tuple(self.wires))
        figures = [value for value in (self.error, self.duration) if value is not None]
        if row.n_wires != len(self.wires) or any(not 0 <= value < math.inf for value in figures):
            raise ConfigError(f"A gate has its number of wires, and an error and a duration of 0 or more; got {self}.")

    @property
    def is_exchangeable(self) -> bool:
        """Whether it is the same gate with its two wires exchanged."""
        return is_exchangeable(Gate(self.gate, self.wires, (Angle(),) * (GATES[self.gate].n_angles or 0)))


@dataclass(frozen=True)
class Calibration:
    """A machine at one time: its qubits, its gates, which pairs they join, and what was measured of them.

    Args:
        name: of the machine.
        qubits: figures of each.
        gates: figures of each gate on each of its wires; those without an error or duration are exact and instant.
        date: of the figures, ISO 8601.
        source: where they are from, in words.

    Raises:
        ConfigError: no qubits, a wire that is none of them, or one gate twice on the same wires.
    """

    name: str
    qubits: tuple[QubitCalibration, ...]
    gates: tuple[GateCalibration, ...]
    date: str = ""
    source: str = ""

    def __post_init__(self):
        places = [(gate.gate, gate.wires) for gate in self.gates]
        outside = [gate for gate in self.gates if not all(0 <= wire < len(self.qubits) for wire in gate.wires)]
        if not self.qubits or outside or len(set(places)) != len(places):
            raise ConfigError(
                f"The calibration of {self.name!r} has {len(self.qubits)} qubits; every gate stands once on wires "
                f"among them. {f'Got {outside[0]}.' if outside else 'A gate stands twice, or there are no qubits.'}"
            )

    @property
    def target(self) -> Target:
        """The machine's gates and which pairs they join; directed where a CNOT, say, was measured in one order only."""
        names = tuple(dict.fromkeys(gate.gate for gate in self.gates))
        pairs = {(gate.wires[0], gate.wires[1]) for gate in self.gates if len(gate.wires) == 2}
        told_apart = [gate.wires for gate in self.gates if len(gate.wires) == 2 and not gate.is_exchangeable]
        directed = any((second, first) not in pairs for first, second in told_apart)
        coupling = pairs if directed else {(min(pair), max(pair)) for pair in pairs}
        return Target(self.name, len(self.qubits), names, tuple(sorted(coupling)), directed=directed)

    def noise(self, *, readout: str = "asymmetric") -> NoiseModel:
        """Thermal relaxation for the duration of each gate, after depolarising that makes up the rest of its error.

        The formulas are those of Aer's `NoiseModel.from_backend` at temperature zero: relaxation of each wire; where
        the error of the gate exceeds what relaxation explains, depolarising such that the average gate fidelity of
        both is the one measured. Idle wires do not relax. A gate on two wires that was measured in one order only has
        the same figures in the other.

        Args:
            readout: "asymmetric" (two probabilities a wire where the calibration has them, else one), "symmetric" (one
                a wire, as Aer takes it) or "none".

        Raises:
            ConfigError: another word.
        """
        if readout not in READOUTS:
            raise ConfigError(f"readout of a calibration is one of {', '.join(READOUTS)}; got {readout!r}.")
        gates = [(entry, self._channel(entry)) for entry in (*self.gates, *self._turned_round())]
        return NoiseModel(
            tuple(GateNoise(channel, entry.gate, entry.wires) for entry, channel in gates if channel is not None),
            () if readout == "none" else tuple(self._readouts(readout)),
            self.target,
            name=self.name,
            source=f"{self.source} of {self.date}, {readout} readout",
        )

    def _turned_round(self) -> list[GateCalibration]:
        """Gates on two wires that were measured in one order only, in the other: a target joins pairs in either."""
        known = {(entry.gate, entry.wires) for entry in self.gates}
        return [
            replace(entry, wires=entry.wires[::-1])
            for entry in self.gates
            if len(entry.wires) == 2 and (entry.gate, entry.wires[::-1]) not in known
        ]

    def _channel(self, entry: GateCalibration) -> Channel | None:
        relaxed = None
        if entry.duration:
            parts = [self._relaxation(wire, entry.duration) for wire in entry.wires]
            relaxed = reduce(Channel.beside, parts)
        unexplained = (entry.error or 0.0) - (relaxed.infidelity if relaxed else 0.0)
        if unexplained <= 0:
            return relaxed
        side = 2 ** len(entry.wires)
        unexplained = min(entry.error or 0.0, side / (side + 1)) - (relaxed.infidelity if relaxed else 0.0)
        fidelity = 1 - (relaxed.infidelity if relaxed else 0.0)
        left = side * fidelity - 1  # nothing where relaxation is complete: there depolarising makes up for no error
        share = min(side * unexplained / left, side**2 / (side**2 - 1)) if left > RELAXED else 1.0
        rest = depolarising(share, len(entry.wires))
        return rest if relaxed is None else rest.then(relaxed)

    def _relaxation(self, wire: int, duration: float) -> Channel:
        qubit = self.qubits[wire]
        t1 = math.inf if qubit.t1 is None else qubit.t1
        return thermal_relaxation(t1, min(2 * t1, math.inf if qubit.t2 is None else qubit.t2), duration)

    def _readouts(self, kind: str):
        for wire, qubit in enumerate(self.qubits):
            both = (qubit.one_given_zero, qubit.zero_given_one)
            if kind == "symmetric" or None in both:
                both = (qubit.readout_error, qubit.readout_error)
            if both[0] is not None and both[1] is not None and any(both):
                yield ReadoutError(both[0], both[1], wire)

    @classmethod
    def of_qiskit(cls, backend: Any, *, name: str = "") -> Calibration:
        """The figures of a Qiskit `BackendV2`: its target, and its `properties()` for the two readout errors.

        Raises:
            MissingExtraError: Qiskit is not installed.
            ConfigError: the backend has a gate that no row of the gate table is.
        """
        from qml.backends.noise.qiskit_calibration import calibration_of_qiskit

        return calibration_of_qiskit(backend, name=name)

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as JSON, for `Calibration.load` and `NOISES["snapshot"](path=path)`."""
        from qml.backends.noise.stored import save_calibration

        save_calibration(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Calibration:
        """Read what `save` has written.

        Raises:
            ConfigError: no such file, or it holds no calibration of a known schema; the message names the place.
        """
        from qml.backends.noise.stored import load_calibration

        return load_calibration(path)
