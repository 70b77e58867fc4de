"""Noise as a value: which channel follows which gate on which wires, and how often a measured bit is read wrong."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from os import PathLike
from typing import Any

import numpy as np

from qml.backends.backend import Target
from qml.backends.exchange import is_exchangeable
from qml.backends.noise.channel import Channel
from qml.base.digest import digest
from qml.base.errors import ConfigError
from qml.base.lazy import cached_property
from qml.circuits.angle import Angle
from qml.circuits.gate import Gate
from qml.circuits.gates import GATES, PREPARATIONS

LOG = logging.getLogger(__name__)
Key = tuple[str | None, tuple[int, ...] | None]  # a gate or all of them, wires or all of them


@dataclass(frozen=True)
class GateNoise:
    """What follows a gate.

    Args:
        channel: on the wires of the gate, in their order.
        gate: a row of the gate table; None for every gate on as many wires.
        wires: of the gate, in order; None for all. A gate that is the same with its wires exchanged, such as CZ, has
            the channel in the other order too, unless that has an entry of its own.

    Raises:
        ConfigError: no such gate, or a channel of another number of wires.
    """

    channel: Channel
    gate: str | None = None
    wires: tuple[int, ...] | None = None

    def __post_init__(self):
        if self.gate is not None and (self.gate in PREPARATIONS or GATES[self.gate].n_wires is None):
            raise ConfigError(f"Noise cannot follow {self.gate}, whose number of wires varies. Leave the gate out.")
        sizes: set[int | None] = {len(self.wires)} if self.wires is not None else set()
        if self.gate is not None:
            sizes.add(GATES[self.gate].n_wires)
        if self.wires is not None:
            object.__setattr__(self, "wires", tuple(int(wire) for wire in self.wires))
            if len(set(self.wires)) != len(self.wires) or min(self.wires, default=0) < 0:
                raise ConfigError(f"The wires of a gate are distinct and 0 or more; got {self.wires}.")
        if sizes - {self.channel.n_wires}:
            raise ConfigError(
                f"A channel of {self.channel.n_wires} wires was to follow {self.gate or 'every gate'} on wires "
                f"{self.wires or 'of any number'}. Give it one on as many wires."
            )

    @property
    def key(self) -> Key:
        """What it follows, without what."""
        return self.gate, self.wires


@dataclass(frozen=True)
class ReadoutError:
    """How often a measured bit is read wrong.

    Args:
        one_given_zero: probability to read 1 where 0 was.
        zero_given_one: probability to read 0 where 1 was.
        wire: of the machine; None for all.

    Raises:
        ConfigError: not within 0 to 1.
    """

    one_given_zero: float
    zero_given_one: float
    wire: int | None = None

    def __post_init__(self):
        if not (0 <= self.one_given_zero <= 1 and 0 <= self.zero_given_one <= 1):
            raise ConfigError(
                f"Readout errors are probabilities of 0 to 1; got {self.one_given_zero!r} and {self.zero_given_one!r}."
            )

    @property
    def confusion(self) -> np.ndarray:
        """`(2, 2)` column-stochastic: probability to read the row where the column was."""
        a, b = self.one_given_zero, self.zero_given_one
        return np.array([[1 - a, b], [a, 1 - b]])

    @property
    def z_map(self) -> tuple[float, float]:
        """(slope, offset): a measured mean of Z is slope times the true one, plus offset."""
        return 1 - self.one_given_zero - self.zero_given_one, self.zero_given_one - self.one_given_zero


@dataclass(frozen=True)
class NoiseModel:
    """The noise of a machine, attached to the gates that it runs.

    The most specific entry counts, alone: a gate on given wires, then a gate, then wires, then the number of wires.
    `a + b` is the noise of both: on each gate that of `a`, and that of `b` behind it. An angle plays no part, so one
    entry serves a rotation by any angle. Preparations and the change of basis before a measurement are without noise.

    Args:
        gates: what follows which gate; one entry a key.
        readout: how measured bits are read; one entry a wire.
        target: the machine that it is the noise of: its gates and wires are what the entries speak of.
        name: for records; equal noise is equal under any name.
        source: where the figures are from, in words.

    Raises:
        ConfigError: two entries for the same gate and wires, or for the same measured wire.

    Example:
        >>> from qml.backends.noise.channel import depolarising
        >>> noise = NoiseModel((GateNoise(depolarising(0.01)), GateNoise(depolarising(0.02), "SX", (3,))))
        >>> noise.channel_of(Gate("SX", (3,))).matrix[1][1], noise.channel_of(Gate("SX", (0,))).matrix[1][1]
        (0.98, 0.99)
    """

    gates: tuple[GateNoise, ...] = ()
    readout: tuple[ReadoutError, ...] = ()
    target: Target | None = None
    name: str = field(default="", compare=False)
    source: str = field(default="", compare=False)

    def __post_init__(self):
        object.__setattr__(self, "gates", tuple(sorted((*self.gates, *_exchanged(self.gates)), key=_order)))
        object.__setattr__(self, "readout", tuple(sorted(self.readout, key=lambda r: -1 if r.wire is None else r.wire)))
        keys = [(entry.key, entry.channel.n_wires) for entry in self.gates]
        wires = [entry.wire for entry in self.readout]
        twice = next(_twice(keys), None)
        if twice is not None or len(set(wires)) != len(wires):
            raise ConfigError(
                f"A NoiseModel has one entry for each gate and wires, and one for each measured wire; "
                f"{twice or 'a wire'} has two. Join two models with `+`, or two channels with `.then`."
            )
        if self.target is not None and (silent := _silent_pairs(self.gates, self.target)):
            _warn_once(self.target.name, silent)

    @cached_property
    def digest(self) -> str:
        """Content key: equal noise has equal digests in every process."""
        return digest(self)

    @cached_property
    def _hash(self) -> int:
        return hash(self.digest)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        of = f" of {self.target.name}" if self.target is not None else ""
        return (
            f"NoiseModel({self.name or 'unnamed'}#{self.digest[:8]}{of}: behind {len(self.gates)} kinds of gates, "
            f"{len(self.readout)} readout errors)"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("gates", "readout", "target", "name", "source")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @cached_property
    def _by_key(self) -> dict[tuple[Key, int], Channel]:
        return {(entry.key, entry.channel.n_wires): entry.channel for entry in self.gates}

    @cached_property
    def _by_wire(self) -> dict[int | None, ReadoutError]:
        return {entry.wire: entry for entry in self.readout}

    @property
    def is_trivial(self) -> bool:
        """Whether it changes no value."""
        exact = all(entry.channel.is_identity for entry in self.gates)
        return exact and all((entry.one_given_zero, entry.zero_given_one) == (0, 0) for entry in self.readout)

    def channel_of(self, gate: Gate) -> Channel | None:
        """What follows this gate of the machine; None for nothing."""
        return self._found(gate.name, gate.wires, len(gate.wires))

    def _found(self, name: str | None, wires: tuple[int, ...] | None, n_wires: int) -> Channel | None:
        for key in ((name, wires), (name, None), (None, wires), (None, None)):
            if (key, n_wires) in self._by_key:
                return self._by_key[key, n_wires]
        return None

    def speaks_of(self, gate: Gate) -> bool:
        """Whether silence about a gate means that it is exact: not on three wires where all smaller have noise."""
        small = len(gate.wires) <= 2 or not any(entry.key == (None, None) for entry in self.gates)
        return small or any(entry.channel.n_wires >= len(gate.wires) for entry in self.gates)

    def check_machine(self, who: str, machine: Target) -> None:
        """Raise `ConfigError` where this is the noise of a target, and `machine` has what that one has not.

        Gates, qubits or couplings of which the noise says nothing would be without noise. Of a noise without a target
        all is taken as it is.
        """
        mine = self.target
        if mine is None or _is_part(machine, mine):
            return
        gates, pairs = ", ".join(mine.gate_set) or "all", "all" if mine.coupling is None else len(mine.coupling)
        raise ConfigError(
            f"{who} got the machine {machine.name!r} of {machine.n_qubits} qubits with the noise of {mine.name!r}, "
            f"which has {mine.n_qubits}, the gates {gates} and {pairs} couplings: its noise would be left out where "
            "they differ. Leave the machine out, or make the noise for it."
        )

    def readout_of(self, wire: int) -> ReadoutError | None:
        """How a bit of this wire is read; None where it is read right."""
        return self._by_wire.get(wire, self._by_wire.get(None))

    def __add__(self, other: NoiseModel) -> NoiseModel:
        """The noise of both, that of `self` first on each gate; readout errors one behind the other.

        Raises:
            ConfigError: they are of different machines.
        """
        if not isinstance(other, NoiseModel):
            return NotImplemented
        if None not in (self.target, other.target) and self.target != other.target:
            raise ConfigError("Noise of two different targets cannot be joined. Make both for one machine.")
        gates = []
        for gate, wires, n_wires in _keys((*self.gates, *other.gates)):
            parts = [part for part in (m._found(gate, wires, n_wires) for m in (self, other)) if part is not None]
            if parts:
                channel = parts[0] if len(parts) == 1 else parts[0].then(parts[1])
                gates.append(GateNoise(channel, gate, wires))
        readout = [_joined(wire, self, other) for wire in {**self._by_wire, **other._by_wire}]
        names = " + ".join(filter(None, (self.name, other.name)))
        sources = "; ".join(filter(None, (self.source, other.source)))
        return NoiseModel(tuple(gates), tuple(readout), self.target or other.target, names, sources)

    def joined(self, *others: NoiseModel) -> NoiseModel:
        """`self` and all `others`, as `+` joins two."""
        return reduce(NoiseModel.__add__, others, self)

    def without_readout(self) -> NoiseModel:
        """The same noise of gates, with bits read right."""
        return replace(self, readout=())

    def renamed(self, name: str) -> NoiseModel:
        """The same noise under another name."""
        return replace(self, name=name)

    @classmethod
    def of_qiskit(cls, backend: Any, *, readout: str = "asymmetric", name: str = "") -> NoiseModel:
        """The noise of a Qiskit `BackendV2`, as its calibration tells; see `Calibration.of_qiskit` and `.noise`.

        Args:
            backend: a fake backend of `qiskit_ibm_runtime.fake_provider`, or a real one (nothing is submitted).
            readout: "asymmetric" (the two error probabilities of the calibration, where given), "symmetric" (one
                probability a wire, which is what Aer's `NoiseModel.from_backend` takes) or "none".
            name: the name of the backend when left out.

        Raises:
            MissingExtraError: Qiskit is not installed.
            ConfigError: the backend has a gate that no row of the gate table is.
        """
        from qml.backends.noise.qiskit_calibration import calibration_of_qiskit

        return calibration_of_qiskit(backend, name=name).noise(readout=readout)

    def to_aer(self) -> Any:
        """The same noise as a `qiskit_aer.noise.NoiseModel`, channel by channel, for circuits of the Qiskit bridge.

        A row of the gate table that Qiskit has no gate for becomes several there, each with noise of its own.

        Raises:
            MissingExtraError: Aer is not installed.
        """
        from qml.backends.noise.qiskit_aer_noise import aer_noise

        return aer_noise(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as JSON, for `NOISES["snapshot"](path=path)`."""
        from qml.backends.noise.stored import save_noise

        save_noise(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> NoiseModel:
        """Read what `save`, or `Calibration.save`, has written.

        Raises:
            ConfigError: no such file, or it does not hold noise of a known schema; the message names the place.
        """
        from qml.backends.noise.stored import load_noise

        return load_noise(path)


def _is_part(machine: Target, whole: Target) -> bool:
    """Whether every gate, qubit and coupling of `machine` is one of `whole`."""
    if machine.n_qubits > whole.n_qubits:
        return False
    if whole.gate_set and not (machine.gate_set and set(machine.gate_set) <= set(whole.gate_set)):
        return False
    if whole.coupling is None or machine.n_qubits == 1:
        return True
    joined = {frozenset(pair) for pair in whole.coupling}
    return machine.coupling is not None and {frozenset(pair) for pair in machine.coupling} <= joined


def _exchanged(entries: tuple[GateNoise, ...]) -> list[GateNoise]:
    """Entries of gates that are the same with their wires exchanged, such as CZ, in the order that is not there."""
    known = {entry.key for entry in entries}
    return [
        GateNoise(entry.channel.exchanged, entry.gate, entry.wires[::-1])
        for entry in entries
        if entry.gate is not None
        and entry.wires is not None
        and (entry.gate, entry.wires[::-1]) not in known
        and is_exchangeable(Gate(entry.gate, entry.wires, (Angle(),) * (GATES[entry.gate].n_angles or 0)))
    ]


def _silent_pairs(entries: tuple[GateNoise, ...], target: Target) -> tuple[tuple[int, int], ...]:
    """Pairs that a machine joins and that no entry speaks of, where entries speak of others."""
    places = [entry.wires for entry in entries if entry.channel.n_wires == 2]
    if target.coupling is None or not places or None in places:
        return ()
    known = {frozenset(wires) for wires in places if wires is not None}
    return tuple(pair for pair in target.coupling if frozenset(pair) not in known)


@lru_cache(maxsize=256)
def _warn_once(name: str, silent: tuple[tuple[int, int], ...]) -> None:
    LOG.warning(
        "The noise of %s says nothing of gates on the pairs %s, which the machine joins: they are taken as exact.",
        name,
        ", ".join(map(str, silent)),
    )


def _order(entry: GateNoise) -> tuple:
    return entry.channel.n_wires, entry.gate or "", entry.wires or ()


def _twice(keys: list[Any]) -> Iterator[Any]:
    seen = set()
    for key in keys:
        if key in seen:
            yield key
        seen.add(key)


def _keys(entries: tuple[GateNoise, ...]) -> Iterator[tuple[str | None, tuple[int, ...] | None, int]]:
    """Every pairing of a gate and wires that one of the entries could decide."""
    for n_wires in sorted({entry.channel.n_wires for entry in entries}):
        mine = [entry for entry in entries if entry.channel.n_wires == n_wires]
        gates = sorted({entry.gate for entry in mine} | {None}, key=str)
        wires = sorted({entry.wires for entry in mine} | {None}, key=str)
        yield from ((gate, place, n_wires) for gate, place in itertools.product(gates, wires))


def _joined(wire: int | None, first: NoiseModel, second: NoiseModel) -> ReadoutError:
    """The confusion of `second` behind that of `first`."""
    both = np.eye(2)
    for model in (first, second):
        entry = model._by_wire.get(wire, model._by_wire.get(None))
        if entry is not None:
            both = entry.confusion @ both
    return ReadoutError(float(both[1, 0]), float(both[0, 1]), wire)
