"""Qiskit's sampler primitive on an Executor: shots of every binding of a circuit in one call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from qml.backends import Executor, check_program, executor_named
from qml.backends.draws import checked_seed, checked_shots
from qml.backends.qiskit_circuits import Compact, KnownCircuits, rows_of
from qml.base.errors import CapabilityError, DataError, ProgramError
from qml.base.extras import require
from qml.circuits.readout import PauliSum

require("qiskit", extra="qiskit", purpose="EngineSampler")
from qiskit import QuantumCircuit
from qiskit.circuit import Measure
from qiskit.primitives import BaseSamplerV2, BitArray, DataBin, PrimitiveJob, PrimitiveResult, SamplerPubResult
from qiskit.primitives.containers import SamplerPubLike
from qiskit.primitives.containers.sampler_pub import SamplerPub


class EngineSampler(BaseSamplerV2):
    """Qiskit's `BaseSamplerV2` on an Executor that draws samples, by default our CPU engine.

    All bindings of a PUB are rows of one call. Measurements stand at the end of the circuit; a bit that nothing is
    measured into is 0.

    Args:
        shots: of PUBs that ask for no other number.
        executor: a name of `qml.backends.EXECUTORS`, an Executor, or None for the default.
        seed: 0 .. 2**63: samples of binding b of PUB n are a function of seed, n and b. None draws a fresh seed for
            each `run`.

    Raises:
        ConfigError: no shots, or a seed out of range.
        CapabilityError: an executor that draws no samples.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.h(0), circuit.cx(0, 1), circuit.measure_all()
        >>> result = EngineSampler(shots=100, executor="reference", seed=1).run([circuit]).result()
        >>> sorted(result[0].data.meas.get_counts())
        ['00', '11']
    """

    def __init__(self, *, shots: int = 1024, executor: str | Executor | None = None, seed: int | None = None):
        self._shots = checked_shots("EngineSampler", shots)
        self._seed = None if seed is None else checked_seed("EngineSampler", seed, least=0)
        self._executor: Any = executor_named(executor)
        if not self._executor.capabilities.samples:
            raise CapabilityError(
                f"Executor {self._executor.capabilities.name!r} draws no samples. Take one that does, such as "
                f"'engine_cpu'."
            )
        self._known = KnownCircuits()

    def run(
        self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None
    ) -> PrimitiveJob[PrimitiveResult[SamplerPubResult]]:
        """Samples of every PUB `(circuit, parameter values, shots)`.

        Circuits and values are checked before the job starts.

        Args:
            pubs: as for every `BaseSamplerV2`.
            shots: for the PUBs that have no number of their own.

        Returns:
            A job whose result holds, for each PUB, one `BitArray` a classical register, of the PUB's shape.

        Raises:
            ValueError: parameters without a value, or shots below 1 (Qiskit's own checks).
            ProgramError: a circuit that is no Program or measures nothing.
            CapabilityError: more qubits than the executor takes.
            DataError: parameter values that are not finite.
        """
        coerced = [SamplerPub.coerce(pub, self._shots if shots is None else shots) for pub in pubs]
        readings = [self._reading(number, pub) for number, pub in enumerate(coerced)]
        job = PrimitiveJob(self._run, coerced, readings)
        job._submit()
        return job

    def _reading(self, number: int, pub: SamplerPub) -> Compact:
        measured = sorted({qubit for qubit in measurements(pub.circuit) if qubit is not None})
        if not measured:
            raise ProgramError(f"PUB {number} measures no qubit. Add `circuit.measure_all()`.")
        if not np.isfinite(pub.parameter_values.as_array(pub.circuit.parameters)).all():
            raise DataError(f"PUB {number} holds parameter values that are not finite. Look for NaN in them.")
        looked_at = tuple(PauliSum(((1.0, ((qubit, "Z"),)),)) for qubit in measured)
        reading = self._known.circuit(pub.circuit).reading(looked_at)
        check_program(reading.program, self._executor)
        return reading

    def _run(self, pubs: list[SamplerPub], readings: list[Compact]) -> PrimitiveResult[SamplerPubResult]:
        start = int(np.random.default_rng().integers(2**63)) if self._seed is None else self._seed
        results = []
        for number, (pub, reading) in enumerate(zip(pubs, readings, strict=True)):
            seed = int(np.random.SeedSequence([start, number]).generate_state(1, np.uint64)[0])
            results.append(self._result(pub, reading, seed))
        return PrimitiveResult(results, metadata={"version": 2})

    def _result(self, pub: SamplerPub, reading: Compact, seed: int) -> SamplerPubResult:
        values = pub.parameter_values.as_array(pub.circuit.parameters)
        rows_RD = rows_of(values)
        bits_RSQ = self._executor.sample(reading.program, rows_RD, np.zeros(0), pub.shots, seed=seed)
        place = {qubit: position for position, qubit in enumerate(reading.qubits)}
        nothing = np.zeros(bits_RSQ.shape[:2], bits_RSQ.dtype)
        columns = [nothing if q is None else bits_RSQ[..., place[q]] for q in measurements(pub.circuit)]
        index = {bit: number for number, bit in enumerate(pub.circuit.clbits)}
        registers = {}
        for register in pub.circuit.cregs:
            chosen = np.stack([columns[index[bit]] for bit in register], axis=-1).astype(bool)
            chosen = chosen.reshape(*pub.shape, int(bits_RSQ.shape[1]), register.size)
            registers[register.name] = BitArray.from_bool_array(chosen, order="little")
        metadata = {"shots": pub.shots, "circuit_metadata": pub.circuit.metadata}
        return SamplerPubResult(DataBin(**registers, shape=pub.shape), metadata=metadata)


def measurements(circuit: QuantumCircuit) -> list[int | None]:
    """The qubit that is measured into each classical bit, the last one where there are several; None for none.

    Raises:
        ProgramError: something else than a measurement acts on a classical bit.
    """
    qubits = {qubit: number for number, qubit in enumerate(circuit.qubits)}
    bits = {bit: number for number, bit in enumerate(circuit.clbits)}
    found: list[int | None] = [None] * len(bits)
    for instruction in circuit.data:
        if isinstance(instruction.operation, Measure):
            found[bits[instruction.clbits[0]]] = qubits[instruction.qubits[0]]
        elif instruction.clbits:
            raise ProgramError(
                f"{instruction.operation.name!r} acts on classical bits; only measurements at the end do in a circuit "
                f"that is sampled here. Take it apart with `circuit.decompose()`."
            )
    return found
