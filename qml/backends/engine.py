"""The Executor of our own CPU engine: compiled kernels, every gradient in one sweep."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np

from qml.backends.check import check_arguments
from qml.backends.executor import Capabilities, Gradients, Tangents, Values
from qml.base.errors import ConfigError, ShapeError
from qml.base.memory import physical_bytes
from qml.circuits.program import Program
from qml.engine.compile import compile_program
from qml.engine.finite import check_weights
from qml.engine.memory import budget_bytes
from qml.engine.runner import MAX_QUBITS, TILE_ROW_COST, Runner, runner_of
from qml.engine.sampling import sample_in_blocks
from qml.engine.states import check_states_memory, compile_states
from qml.engine.tangents import check_tangents_memory, compile_tangents
from qml.engine.wide.memory import check_memory

CAPABILITIES = Capabilities(
    "engine_cpu",
    exact=True,
    max_qubits=MAX_QUBITS,
    states=True,
    samples=True,
    tangents=True,
    memory=physical_bytes(),
)


@dataclass(frozen=True)
class _Kept:
    """What a forward run leaves for its gradient: its columns, and its kets where memory allowed."""

    columns: tuple[np.ndarray, np.ndarray, np.ndarray | None]
    kets: Any


@dataclass(frozen=True)
class EngineExecutor:
    """Exact values and adjoint gradients on the CPU, in float32 or float64 as handed in.

    A row of NaN or infinite inputs, or of an angle beyond about 1e15 radians (neighbouring float64 numbers are a
    turn apart there), gives NaN values and input gradients in that row only; its NaN reaches the gradients of
    shared weights, which sum over rows. Weights that are not finite are refused. Results are the same bits for any
    number of threads. The first call on a machine compiles the kernels that it needs (some seconds; `python -m
    qml.engine.warmup` does it ahead). Memory grows as `2**n_qubits`; the checkpoints that make gradients fast stay
    within a budget, beyond which states are un-computed instead (about 1.3 times the work).

    Args:
        threads: threads of one call; None decides by the work and by `qml.base.threads`.
        checkpoint_mib: MiB for all checkpoints; None reads `QML_CHECKPOINT_MIB`, else 64.

    Raises:
        ConfigError: an argument is out of range.

    Example:
        >>> from qml.circuits import Gate, Program, input_slot
        >>> program = Program(1, (Gate("RX", (0,), (input_slot(0),)),), n_inputs=1)
        >>> EngineExecutor().forward(program, np.array([[0.0], [np.pi]]), np.zeros(0)).values_BK
        array([[ 1.],
               [-1.]])
    """

    threads: int | None = None
    checkpoint_mib: float | None = None
    _budget: int = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        if self.threads is not None and not (isinstance(self.threads, Integral) and self.threads >= 1):
            raise ConfigError(
                "EngineExecutor needs a whole number of threads >= 1, or None to decide by the work; "
                f"got {self.threads!r}."
            )
        object.__setattr__(self, "_budget", budget_bytes(self.checkpoint_mib))

    @property
    def budget(self) -> int:
        """Bytes that kept kets may take."""
        return self._budget

    @property
    def capabilities(self) -> Capabilities:
        """Exact values of any readout, up to `max_qubits` qubits."""
        return CAPABILITIES

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
    ) -> Values:
        """Values of `B` rows; with `keep`, a residual that spares `vjp` the forward half where memory allows.

        Args:
            program: what to run.
            inputs_BD: `(B, D)`, radians before coefficients.
            weights: `(P,)`, or `(B, P)` for one set a row.
            seed: not used; values are exact.
            keep: leave a residual.

        Returns:
            `values_BK` in the dtype of the inputs, without variance.

        Raises:
            ShapeError: shapes or dtypes do not fit the Program.
            DataError: a weight is not finite, or amplitudes to be prepared have no length.
            CapabilityError: more qubits than memory holds; nothing has been allocated.
        """
        compiled, runner = self._runner(program, inputs_BD, weights)
        rows, shared, initial = _columns(program, compiled, inputs_BD, weights)
        run = runner.forward(rows, shared, initial, keep=keep, threads=self.threads)
        kept = _Kept((rows, shared, initial), run.residual) if keep else None
        return Values(compiled.word_map.values(run.words_BW), None, kept)

    def vjp(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        cotangent_BK: np.ndarray,
        *,
        seed: int | None = None,
        residual: _Kept | None = None,
        want_inputs: bool = True,
    ) -> Gradients:
        """Gradients of `sum(values_BK * cotangent_BK)`; arguments as for `forward`, whose residual may be handed in.

        A residual belongs to the very Program, inputs and weights of the `forward` that left it. Without `want_inputs`
        the gradient of the inputs may be left at zero, where that spares work: for rows that are data.
        """
        compiled, runner = self._runner(program, inputs_BD, weights)
        if residual is None or len(residual.columns[0]) != len(inputs_BD):
            rows, shared, initial = _columns(program, compiled, inputs_BD, weights)
        else:
            rows, shared, initial = residual.columns
        check_arguments(self, program, cotangents=cotangent_BK)
        _check_cotangent(program, inputs_BD, cotangent_BK)
        cotangent_BW = np.ascontiguousarray(compiled.word_map.pull_back(cotangent_BK))
        kept = None if residual is None else residual.kets
        run = runner.gradients(rows, shared, cotangent_BW, initial, residual=kept, threads=self.threads)
        by_columns = run.rows_BM, run.shared_S, run.initial_BA
        back = compiled.columns.pull_back(inputs_BD, weights, *by_columns, want_inputs=want_inputs)
        return Gradients(back.inputs_BD, back.weights)

    def states(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """States behind the last gate, `(B, A)` with `A = 2**n_qubits`; qubit 0 most significant.

        The global phase is the one that the matrices of the gate table define; the readout plays no part.

        Args:
            program: what to run.
            inputs_BD: `(B, D)`, radians before coefficients.
            weights: `(P,)`, or `(B, P)` for one set a row.

        Returns:
            complex64 for float32 inputs, complex128 for float64.

        Raises:
            ShapeError: shapes or dtypes do not fit the Program.
            DataError: a weight is not finite, or amplitudes to be prepared have no length.
            CapabilityError: too many qubits, or more states than memory holds (nothing has been allocated).

        Example:
            >>> from qml.circuits import Gate, Program
            >>> plus_i = Program(1, (Gate("Hadamard", (0,)), Gate("S", (0,))))
            >>> EngineExecutor().states(plus_i, np.zeros((1, 0)), np.zeros(0)).round(3)
            array([[0.707+0.j   , 0.   +0.707j]])
        """
        check_arguments(self, program, inputs=inputs_BD, weights=weights)
        check_memory(program.n_qubits, inputs_BD.dtype, 1)
        check_states_memory(program, len(inputs_BD), inputs_BD.dtype)
        compiled = compile_states(program, weights.ndim == 2)
        rows, shared, initial = _columns(program, compiled, inputs_BD, weights)
        runner = runner_of(compiled.plan, inputs_BD.dtype, self._budget, len(inputs_BD))
        kets_BA = runner.kets(rows, shared, initial, threads=self.threads)
        return compiled.ending.states(kets_BA, inputs_BD, weights)

    def tangents(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> Tangents:
        """States and their derivatives by every slot, in one sweep over the circuit.

        A batch of kets grows by one for each number that turns something: its derivative enters where it turns, and
        goes on through the rest of the circuit with all others.

        Args:
            program: what to run; the readout plays no part.
            inputs_BD: `(B, D)`.
            weights: `(P,)` or `(B, P)`; derivatives are of each row by its own weights in both cases.

        Returns:
            States, `(B, C, A)` tangents and `(B, C, D + P)` slopes.

        Raises:
            ShapeError: shapes or dtypes do not fit the Program.
            DataError: a weight is not finite, or amplitudes to be prepared have no length.
            CapabilityError: too many qubits, or more tangents than memory holds (nothing has been allocated).

        Example:
            >>> from qml.circuits import Gate, Program, input_slot
            >>> program = Program(1, (Gate("RX", (0,), (input_slot(0),)),), n_inputs=1)
            >>> EngineExecutor().tangents(program, np.zeros((1, 1)), np.zeros(0)).by_slot()
            array([[[0.+0.j , 0.-0.5j]]])
        """
        check_arguments(self, program, inputs=inputs_BD, weights=weights)
        check_memory(program.n_qubits, inputs_BD.dtype, 1)
        compiled = compile_tangents(program, weights.ndim == 2)
        check_tangents_memory(program, compiled.n_along, len(inputs_BD), inputs_BD.dtype)
        check_weights(program, weights)

        def run_kets(plan, rows_RM, shared_S, initial_RA):
            runner = runner_of(plan, rows_RM.dtype, self._budget, len(rows_RM))
            return runner.kets(rows_RM, shared_S, initial_RA, threads=self.threads)

        return Tangents(*compiled.run(inputs_BD, weights, run_kets))

    def sample(
        self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray, shots: int, *, seed: int
    ) -> np.ndarray:
        """Bits of every qubit in the computational basis, `(B, S, Q)` uint8.

        States are made and dropped in blocks of rows. See `qml.engine.sampling.draw_bits`.

        Args:
            program: what to run; the readout plays no part.
            inputs_BD: `(B, D)`.
            weights: `(P,)` or `(B, P)`.
            shots: samples `S` a row.
            seed: 0 .. 2**64 - 1; samples of row `b` depend on its state, the seed and `b` alone.

        Raises:
            ConfigError: shots or seed out of range.
            DataError: a row whose state is not finite; beyond that as for `states`.

        Example:
            >>> from qml.circuits import Gate, Program
            >>> bell = Program(2, (Gate("Hadamard", (0,)), Gate("CNOT", (0, 1))))
            >>> bits_BSQ = EngineExecutor().sample(bell, np.zeros((1, 0)), np.zeros(0), 100, seed=1)
            >>> bool((bits_BSQ[..., 0] == bits_BSQ[..., 1]).all())
            True
        """
        return sample_in_blocks(
            lambda rows: self.states(program, inputs_BD[rows], weights if weights.ndim == 1 else weights[rows]),
            len(inputs_BD),
            program.n_qubits,
            shots,
            seed=seed,
        )

    def direct(self, program: Program, dtype: np.dtype) -> Runner | None:
        """The runner of a Program whose row values are its inputs, shared values its weights and words its values.

        A caller that has checked its arrays may then hand their addresses to `Runner.forward_at` and
        `Runner.gradients_at`: the whole cost of a call beside the kernels. None where something stands in between, or
        where the batch decides which engine runs.
        """
        compiled = compile_program(program)
        columns, plan = compiled.columns, compiled.plan
        bare = columns.rows_are_slots and columns.shared_are_slots and compiled.word_map.is_identity
        if not bare or plan.initial or not plan.n_words or program.n_qubits >= min(TILE_ROW_COST):
            return None
        runner = runner_of(plan, dtype, self._budget)
        return runner if isinstance(runner, Runner) else None

    def _runner(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray):
        check_arguments(self, program, inputs=inputs_BD, weights=weights)
        check_memory(program.n_qubits, inputs_BD.dtype, 1)
        compiled = compile_program(program, weights.ndim == 2)
        return compiled, runner_of(compiled.plan, inputs_BD.dtype, self._budget, len(inputs_BD))


def _check_cotangent(program: Program, inputs_BD: np.ndarray, cotangent_BK: np.ndarray) -> None:
    """Refuse what the kernels, which are handed bare addresses, would read beyond its end."""
    shape = (len(inputs_BD), program.n_values)
    if cotangent_BK.shape != shape or cotangent_BK.dtype != inputs_BD.dtype:
        raise ShapeError(
            f"EngineExecutor.vjp got a cotangent of shape {cotangent_BK.shape} and dtype {cotangent_BK.dtype}; values "
            f"of these inputs are {shape} {inputs_BD.dtype}, so their cotangent must be too."
        )


def _columns(program: Program, compiled, inputs_BD: np.ndarray, weights: np.ndarray):
    """Row values, shared values and initial amplitudes, contiguous; weights that are not finite are refused."""
    check_weights(program, weights)
    columns = compiled.columns
    rows_BM, shared_S = columns.values(inputs_BD, weights)
    initial = columns.initial_amplitudes(inputs_BD, weights) if columns.initial and len(inputs_BD) else None
    if initial is not None:
        initial = np.ascontiguousarray(initial)
    return np.ascontiguousarray(rows_BM), np.ascontiguousarray(shared_S), initial
