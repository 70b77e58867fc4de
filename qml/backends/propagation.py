"""The Executor for circuits that no state vector holds: Pauli propagation, every value within a bound or refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.backends.check import check_call
from qml.backends.executor import Capabilities, Gradients, Values
from qml.base.errors import ConfigError, ShapeError
from qml.base.threads import default_threads
from qml.circuits.program import Program
from qml.engine.compile import Compiled, compile_program
from qml.engine.pool import CREW
from qml.engine.propagation import Propagated, propagate
from qml.engine.turn_angles import Reader

MAX_QUBITS = 1024


@dataclass(frozen=True)
class Bounded:
    """Values with the bounds on their errors and the effort they took.

    Args:
        values_BK: expectation values, float64.
        errors_BK: each exact value lies within `values_BK +- errors_BK`.
        n_terms_BK: most Pauli words that any moment of the propagation held.
    """

    values_BK: np.ndarray
    errors_BK: np.ndarray
    n_terms_BK: np.ndarray


@dataclass(frozen=True)
class PropagationExecutor:
    """Expectation values and gradients of wide, shallow circuits by Pauli propagation with truncation.

    Each observable is carried backwards through the circuit as a sum of Pauli words; small words are left out as long
    as what they could matter stays within `max_error`. The cost of a value grows with its light cone and with the
    number of turns by angles that are not small, not with the number of qubits: 50 or 100 qubits are fine at a few
    layers. It is no use for deep circuits and below about 20 qubits, where the state vector is faster and exact.

    Every value errs by at most `max_error` times the sum of the magnitudes of its observable's coefficients where
    that sum exceeds one; a gradient by at most `max_error` times the sum of `|cotangent x coefficient of the slot|`.
    A value that cannot be bounded within `max_mib` is refused with a `CapabilityError`. It computes in float64
    whatever the dtype of the arrays. A row of NaN or infinite inputs gives NaN in that row;
    weights that are not finite are refused.

    Args:
        max_error: the bound, 0 for no truncation.
        max_mib: memory in MiB for the words of one value.
        threads: values computed at a time; None takes `qml.base.threads`.

    Raises:
        ConfigError: an argument is out of range.

    Example:
        >>> import numpy as np
        >>> from qml.circuits import angle, hardware_efficient
        >>> program = angle(60) + hardware_efficient(60, depth=1)
        >>> executor = PropagationExecutor(max_error=1e-6)
        >>> out = executor.bounded(program, np.full((1, 60), 0.1), np.full(program.n_weights, 0.2))
        >>> out.values_BK.shape, bool(out.errors_BK.max() <= 1e-6)
        ((1, 60), True)
    """

    max_error: float = 1e-4
    max_mib: float = 1024.0
    threads: int | None = None

    def __post_init__(self):
        if not 0 <= self.max_error < 1:
            raise ConfigError(f"PropagationExecutor needs 0 <= max_error < 1; got {self.max_error}.")
        if not 0 < self.max_mib < float("inf"):
            raise ConfigError(f"PropagationExecutor needs a number of MiB above 0 as max_mib; got {self.max_mib}.")
        if self.threads is not None and self.threads < 1:
            raise ConfigError(f"PropagationExecutor needs threads >= 1, or None for all; got {self.threads}.")

    @property
    def capabilities(self) -> Capabilities:
        """Expectation values within `max_error`; no second order, since a bound says nothing about slopes of slopes."""
        return Capabilities(
            "propagation",
            exact=True,
            max_qubits=MAX_QUBITS,
            readouts=("Expectations",),
            second_order=False,
            max_error=self.max_error,
        )

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
    ) -> Values:
        """Values of `B` rows in the dtype of the inputs; the seed is not used, and no residual is kept.

        Raises:
            CapabilityError: a value cannot be bounded within the memory; nothing is returned.
        """
        return Values(self.bounded(program, inputs_BD, weights).values_BK.astype(inputs_BD.dtype))

    def vjp(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        cotangent_BK: np.ndarray,
        *,
        seed: int | None = None,
        residual: Any = None,
    ) -> Gradients:
        """Gradients of `sum(values_BK * cotangent_BK)`; arguments as for `forward`.

        Raises:
            CapabilityError: a derivative cannot be bounded within the memory.
            ShapeError: the cotangent does not fit.
        """
        case = self._case(program, inputs_BD, weights)
        shape = (len(inputs_BD), program.n_values)
        if cotangent_BK.shape != shape:
            raise ShapeError(f"PropagationExecutor.vjp needs a cotangent of shape {shape}; got {cotangent_BK.shape}.")
        jobs = [(b, k) for b, k in np.ndindex(shape) if cotangent_BK[b, k] != 0]
        by_angle_BT = np.zeros(case.angles_BT.shape)
        for (b, k), found in zip(jobs, self._run(case, jobs, slopes=True), strict=True):
            by_angle_BT[b] += float(cotangent_BK[b, k]) * found.slopes_T
        rows_BM, shared_S = (slopes.astype(inputs_BD.dtype) for slopes in case.reader.pull_back(by_angle_BT))
        back = case.compiled.columns.pull_back(inputs_BD, weights, rows_BM, shared_S)
        return Gradients(back.inputs_BD, back.weights)

    def bounded(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> Bounded:
        """Values with the bounds on their errors; arguments and errors as for `forward`."""
        case = self._case(program, inputs_BD, weights)
        shape = (len(inputs_BD), program.n_values)
        found = self._run(case, list(np.ndindex(shape)), slopes=False)
        parts = [np.array([getattr(one, name) for one in found]) for name in ("value", "error", "n_terms")]
        return Bounded(*(part.reshape(shape) for part in parts))

    def _case(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> _Case:
        check_call(self, program, inputs_BD, weights)
        compiled = compile_program(program, weights.ndim == 2)
        plan = compiled.plan
        reader = Reader(plan.turns, plan.n_rows, plan.n_shared)
        angles_BT = 2 * reader.half_angles(*compiled.columns.values(inputs_BD, weights))
        return _Case(compiled, reader, angles_BT, compiled.word_map.pull_back(np.eye(program.n_values)))

    def _run(self, case: _Case, jobs: list[tuple[int, int]], slopes: bool) -> list[Propagated]:
        """One propagation a job `(row, value)`, several at a time; the first error ends all."""
        found: list[Propagated | None] = [None] * len(jobs)
        errors: list[Exception] = []
        tickets: Iterator[int] = itertools.count()

        def work(_: int) -> None:
            while not errors and (ticket := next(tickets)) < len(jobs):
                try:
                    found[ticket] = self._one(case, *jobs[ticket], slopes)
                except (MemoryError, NotImplementedError) as error:
                    errors.append(error)

        CREW.run(work, max(1, min(self.threads or default_threads(), len(jobs))))
        if errors:
            raise errors[0]
        return [one for one in found if one is not None]

    def _one(self, case: _Case, row: int, value: int, slopes: bool) -> Propagated:
        plan, angles_T = case.compiled.plan, case.angles_BT[row]
        if not np.isfinite(angles_T).all():
            nothing = np.full(len(angles_T) if slopes else 0, np.nan)
            return Propagated(np.nan, np.nan, nothing, nothing, 0)
        coefficients_W = case.coefficients_KW[value]
        (places,) = np.nonzero(coefficients_W)
        return propagate(
            plan,
            angles_T,
            [plan.words[place] for place in places],
            [float(coefficients_W[place]) for place in places],
            max_error=self.max_error * max(1.0, float(np.abs(coefficients_W).sum())),
            max_bytes=int(self.max_mib * 2**20),
            slopes=slopes,
        )


@dataclass(frozen=True)
class _Case:
    """A Program at given numbers: the angle of each turn in each row, and each value as a sum of words."""

    compiled: Compiled
    reader: Reader
    angles_BT: np.ndarray
    coefficients_KW: np.ndarray
