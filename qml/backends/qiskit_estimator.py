"""Qiskit's estimator primitive on an Executor: one call for all bindings and observables of a circuit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.backends import Executor, check_program, executor_named
from qml.backends.qiskit_circuits import KnownCircuit, KnownCircuits, Observables, rows_of, unique
from qml.base.errors import CapabilityError, ConfigError, DataError
from qml.base.extras import require

require("qiskit", extra="qiskit", purpose="EngineEstimator")
from qiskit.primitives import BaseEstimatorV2, DataBin, PrimitiveJob, PrimitiveResult, PubResult
from qiskit.primitives.containers import EstimatorPubLike
from qiskit.primitives.containers.estimator_pub import EstimatorPub

VALUES_AT_ONCE = 1 << 22


class EngineEstimator(BaseEstimatorV2):
    """Qiskit's `BaseEstimatorV2` on an Executor, by default our CPU engine.

    PUBs of one `run` that share a circuit become one call: rows are bindings, columns the union of their
    observables. Circuits are read once and recognised by their gates, so that a training loop converts nothing.

    With `precision=0.0`, values are exact, and a precision that `run` or a PUB asks for is a target that exact values
    meet (the rule of Qiskit Machine Learning's own estimator). With a positive `precision`, values get normal noise of
    that standard deviation, or of the one that `run` or the PUB asks for, and `stds` says so, as Aer's
    EstimatorV2 does. For real shots use `EngineSampler`.

    Args:
        precision: standard deviation of the noise where nobody asks for another; 0 for exact values.
        executor: a name of `qml.backends.EXECUTORS`, an Executor, or None for the default.
        seed: of the noise: an integer (PUB n of each `run` then has noise of its own that depends on seed and n
            alone), a NumPy generator, or None.

    Raises:
        ConfigError: a precision that is no number of 0 or more.
        CapabilityError: an executor that does not give exact values.

    References:
        The V2 primitives: https://docs.quantum.ibm.com/api/qiskit/primitives. `EstimatorPub`, broadcasting and the
        result types are Qiskit's own.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from qiskit.circuit import Parameter
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.ry(Parameter("a"), 0), circuit.cx(0, 1)
        >>> estimator = EngineEstimator(executor="reference")
        >>> job = estimator.run([(circuit, [["ZI"], ["ZZ"]], [[0.0], [np.pi]])])
        >>> job.result()[0].data.evs.round(6)
        array([[ 1., -1.],
               [ 1.,  1.]])
    """

    def __init__(
        self,
        *,
        precision: float = 0.0,
        executor: str | Executor | None = None,
        seed: int | np.random.Generator | None = None,
    ):
        if not isinstance(precision, (int, float)) or not 0 <= precision < float("inf"):
            raise ConfigError(f"EngineEstimator needs a finite precision of 0 or more; got {precision!r}.")
        self._executor = executor_named(executor)
        if not self._executor.capabilities.exact:
            raise CapabilityError(
                f"EngineEstimator adds the noise that it is asked for to exact values; executor "
                f"{self._executor.capabilities.name!r} estimates its own. Take an exact one, such as 'engine_cpu'."
            )
        self._precision = float(precision)
        self._seed = seed
        self._known = KnownCircuits()

    @property
    def executor(self) -> Executor:
        """Who runs the circuits."""
        return self._executor

    @property
    def precision(self) -> float:
        """Standard deviation of the noise where nobody asks for another; 0 says that values are exact."""
        return self._precision

    def run(
        self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None
    ) -> PrimitiveJob[PrimitiveResult[PubResult]]:
        """Expectation values of every PUB `(circuit, observables, parameter values, precision)`.

        Circuits and values are checked before the job starts.

        Args:
            pubs: as for every `BaseEstimatorV2`; observables and parameter values broadcast against each other.
            precision: for the PUBs that have none of their own.

        Returns:
            A job whose result holds, for each PUB, `data.evs` and `data.stds` of the PUB's shape.

        Raises:
            ValueError: shapes that do not broadcast, or parameters without a value (Qiskit's own checks).
            ProgramError: a circuit or an observable that is no Program.
            CapabilityError: more qubits than the executor takes.
            DataError: parameter values that are not finite.
        """
        wanted = self._precision if precision is None else precision
        coerced = [EstimatorPub.coerce(pub, wanted) for pub in pubs]
        read: dict[int, KnownCircuit] = {}
        for pub in coerced:
            if id(pub.circuit) not in read:
                read[id(pub.circuit)] = self._known.circuit(pub.circuit)
        requests = [self._request(number, pub, read[id(pub.circuit)]) for number, pub in enumerate(coerced)]
        job = PrimitiveJob(self._run, coerced, requests)
        job._submit()
        return job

    def _request(self, number: int, pub: EstimatorPub, known: KnownCircuit) -> Request:
        table = pub.observables.sparse_observables_array()
        rows = pub.parameter_values.as_array(pub.circuit.parameters).astype(np.float64, copy=False)
        if not np.isfinite(rows).all():
            raise DataError(f"PUB {number} holds parameter values that are not finite. Look for NaN in them.")
        sums = self._known.observables(table.ravel(), pub.circuit.num_qubits)
        if sums:
            check_program(known.reading(sums).program, self._executor)
        return Request(known, rows, sums, table.shape)

    def _run(self, pubs: list[EstimatorPub], requests: list[Request]) -> PrimitiveResult[PubResult]:
        exact = expectation_values(requests, self._executor)
        results = [self._result(number, pub, evs) for number, (pub, evs) in enumerate(zip(pubs, exact, strict=True))]
        return PrimitiveResult(results, metadata={"version": 2})

    def _result(self, number: int, pub: EstimatorPub, evs: np.ndarray) -> PubResult:
        noise = float(pub.precision or 0.0) if self._precision else 0.0
        if noise:
            seed = [self._seed, number] if isinstance(self._seed, (int, np.integer)) else self._seed
            evs = np.random.default_rng(seed).normal(evs, noise)
        data = DataBin(evs=evs, stds=np.full(evs.shape, noise), shape=evs.shape)
        metadata = {"target_precision": pub.precision, "exact": not noise, "circuit_metadata": pub.circuit.metadata}
        return PubResult(data, metadata=metadata)


@dataclass(frozen=True)
class Request:
    """What one PUB asks for.

    Args:
        known: the circuit.
        rows: parameter values `(..., D)` in the circuit's order.
        sums: the observables, flat.
        shape: of the observables array.
    """

    known: KnownCircuit
    rows: np.ndarray
    sums: Observables
    shape: tuple[int, ...]

    def picked(self, table_RK: np.ndarray, rows_R: np.ndarray, values_K: np.ndarray) -> np.ndarray:
        """The entries of a table, in the PUB's shape: binding n is row `rows_R[n]`, observable k `values_K[k]`."""
        rows, columns = np.broadcast_arrays(rows_R.reshape(self.rows.shape[:-1]), values_K.reshape(self.shape))
        return table_RK[rows, columns]


def expectation_values(requests: Iterable[Request], executor: Executor) -> list[np.ndarray]:
    """Exact values of every request, in its broadcast shape.

    Requests with the same circuit and bindings pool their observables; then those with the same circuit and
    observables pool their rows; each pool is one call (more, where the values would not fit in 32 MiB).
    """
    requests = list(requests)
    pools: dict[tuple, list[int]] = {}
    for number, request in enumerate(requests):
        bindings = (id(request.known), request.rows.shape[-1], request.rows.tobytes())
        pools.setdefault(bindings, []).append(number)
    calls: dict[tuple, list[tuple[list[int], np.ndarray]]] = {}
    for (circuit, *_), members in pools.items():
        sums, where = unique(item for number in members for item in requests[number].sums)
        calls.setdefault((circuit, sums), []).append((members, where))
    results: list[Any] = [None] * len(requests)
    for (_, sums), blocks in calls.items():
        rows = [rows_of(requests[members[0]].rows) for members, _ in blocks]
        known = requests[blocks[0][0][0]].known
        table_RK = _table(known, sums, np.concatenate(rows), executor)
        start = 0
        for (members, where), block in zip(blocks, rows, strict=True):
            places = np.arange(start, start + len(block))
            start += len(block)
            first = 0
            for number in members:
                count = len(requests[number].sums)
                results[number] = requests[number].picked(table_RK, places, where[first : first + count])
                first += count
    return results


def _table(known: KnownCircuit, sums: Observables, rows_RD: np.ndarray, executor: Executor) -> np.ndarray:
    """Values `(R, K)` of all observables at all bindings."""
    if not sums or not len(rows_RD):
        return np.zeros((len(rows_RD), len(sums)))
    program, weights = known.reading(sums).program, np.zeros(0)
    step = max(1, VALUES_AT_ONCE // len(sums))
    parts = [
        executor.forward(program, np.ascontiguousarray(rows_RD[start : start + step]), weights).values_BK
        for start in range(0, len(rows_RD), step)
    ]
    return np.concatenate(parts)
