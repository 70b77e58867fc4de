"""The Executor of noise: exact values and gradients of mixed states, for training with the noise of a machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qml.backends.backend import Target
from qml.backends.check import check_call
from qml.backends.executor import Capabilities, Gradients, Values
from qml.backends.noise import NoiseModel, noise_named
from qml.backends.noisy.plan import MAX_WIRES, Plan, plan_of
from qml.backends.noisy.runner import Stores, slopes_of, words_of
from qml.backends.slotted import slotted
from qml.backends.transpiling import check_transpiling, transpile
from qml.base.bounds import check_whole
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.base.threads import default_threads
from qml.circuits.program import Program
from qml.circuits.slots import amplitude_tables, slots, slots_vjp

DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class NoisyExecutor:
    """Values under noise, exactly, with gradients in one sweep back: no shots, no trajectories.

    The Program is transpiled to the gates of the target, once, and the noise attached to each; then real Pauli vectors,
    `4**n` numbers a row for the `n` wires that act on what is read, go through all gates at once for a register of
    rows. Readout errors act on what is read: the mean of a Pauli word, and the probabilities of outcomes. Made for up
    to 8 wires; 10 take seconds a row and up to a few GiB. Without noise, take the engine.

    Args:
        noise: a NoiseModel, or its name in `NOISES`.
        target: whose gates are run; the noise's own when left out. With neither, the noise follows the gates of
            `slotted(program)` on its own wires.
        dtype: to compute in, "float32" or "float64"; that of the inputs when left out.
        threads: of one call; None asks `qml.base.threads`.
        seed: of the transpiler.
        level: of the transpiler.

    Raises:
        ConfigError: no such noise, dtype or number of threads, or a target with gates, qubits or couplings that the
            noise of another one says nothing of.

    Example:
        >>> from qml.circuits import Gate, Program, input_slot
        >>> program = Program(1, (Gate("RX", (0,), (input_slot(0),)),), n_inputs=1)
        >>> noisy = NoisyExecutor(noise_named("depolarising", p1=0.1))
        >>> noisy.forward(program, np.array([[0.0], [np.pi]]), np.zeros(0)).values_BK.round(6)
        array([[ 0.9],
               [-0.9]])
    """

    noise: NoiseModel = field(default_factory=NoiseModel)
    target: Target | None = None
    dtype: str | None = None
    threads: int | None = None
    seed: int = 1
    level: int = 1

    def __post_init__(self):
        object.__setattr__(self, "noise", noise_named(self.noise))
        if self.dtype is not None and self.dtype not in DTYPES:
            raise ConfigError(f"NoisyExecutor computes in {' or '.join(DTYPES)}; got dtype={self.dtype!r}.")
        if self.threads is not None:
            check_whole("NoisyExecutor", 1, threads=self.threads)
        check_transpiling("NoisyExecutor", self.seed, self.level)
        if self.target is not None:
            self.noise.check_machine("NoisyExecutor", self.target)

    @property
    def machine(self) -> Target | None:
        """Whose gates are run; None for the Program's own."""
        return self.target if self.target is not None else self.noise.target

    @property
    def capabilities(self) -> Capabilities:
        """Exact values of the noisy circuit; the second derivative is refused, since the traced form knows no noise.

        On a machine of more than 10 qubits a Program may be as wide as it, as long as no more act on what is read.
        """
        most = MAX_WIRES if self.machine is None else self.machine.n_qubits
        return Capabilities("noisy", exact=True, max_qubits=most, second_order=False)

    def native(self, program: Program) -> Program:
        """What is run: the Program in the gates of the machine, its inputs the angles of `slots` of `program`.

        Without a machine it is `slotted(program)`, as a simulator without gates of its own runs it: gates that turn by
        several angles become one gate a rotation, each with its noise. A native Program is run gate by gate.
        """
        if self.machine is None:
            return slotted(program)
        return transpile(program, self.machine, seed=self.seed, level=self.level)

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
    ) -> Values:
        """Values of `B` rows under noise, `(B, K)` in the dtype of the inputs; no seed is used.

        With `keep` the residual spares `vjp` what is made ready, and where the whole batch leaves 2.5 MiB or less, the
        forward sweep too; more is sooner made anew, a register of rows at a time, than written and fetched.

        Raises:
            ShapeError: shapes or dtypes do not fit the Program.
            DataError: a weight is not finite.
            CapabilityError: too many wires, a gate that the noise says nothing of, amplitudes that depend on a slot,
                or more memory than can be had; nothing has been allocated.
        """
        self._check(program, inputs_BD, weights)
        native, plan = self._compiled(program)
        inner, angles_BS = _angles(program, native, inputs_BD, weights)
        words_BW, stores = words_of(plan, angles_BS, self._dtype(inputs_BD), self._threads, keep=keep)
        kept = _Kept(program, native, plan, inner, angles_BS, self._dtype(inputs_BD), stores) if keep else None
        return Values((words_BW @ plan.readings.map_WK).astype(inputs_BD.dtype), residual=kept)

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
        """Gradients of `sum(values_BK * cotangent_BK)`; arguments and errors as for `forward`.

        A residual belongs to the very Program, inputs and weights of the `forward` that left it.
        """
        self._check(program, inputs_BD, weights)
        if cotangent_BK.shape != (len(inputs_BD), program.n_values):
            raise ShapeError(
                f"NoisyExecutor.vjp got a cotangent of shape {cotangent_BK.shape}; values of these inputs are "
                f"{(len(inputs_BD), program.n_values)}, so their cotangent must be too."
            )
        dtype = self._dtype(inputs_BD)
        kept = residual if isinstance(residual, _Kept) and residual.serves(program, len(inputs_BD), dtype) else None
        if kept is None:
            native, plan = self._compiled(program)
            kept = _Kept(program, native, plan, *_angles(program, native, inputs_BD, weights), dtype)
        cotangent_BW = np.asarray(cotangent_BK, float) @ kept.plan.readings.map_WK.T
        slopes = slopes_of(kept.plan, kept.angles_BS, cotangent_BW, dtype, self._threads, kept.stores)
        slopes = slots_vjp(kept.native, kept.inner_BS, np.zeros(0), slopes)[0]
        found = slots_vjp(program, inputs_BD.astype(float), weights.astype(float), slopes)
        return Gradients(*(gradient.astype(inputs_BD.dtype) for gradient in found))

    @property
    def _threads(self) -> int:
        return default_threads() if self.threads is None else self.threads

    def _dtype(self, inputs_BD: np.ndarray) -> str:
        return self.dtype or inputs_BD.dtype.name

    def _check(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> None:
        check_call(self, program, inputs_BD, weights)
        if inputs_BD.dtype.name not in DTYPES or weights.dtype != inputs_BD.dtype:
            raise ShapeError(
                f"NoisyExecutor takes inputs and weights of one dtype, float32 or float64; got {inputs_BD.dtype} and "
                f"{weights.dtype}."
            )

    def _compiled(self, program: Program) -> tuple[Program, Plan]:
        if any(table.varies.any() for table in amplitude_tables(program)):
            raise CapabilityError(
                "Executor 'noisy' was asked for a Program whose prepared amplitudes depend on inputs or weights; noise "
                "follows gates. Encode with rotations, such as `angle`."
            )
        native = self.native(program)
        return native, plan_of(native, self.noise)


@dataclass(frozen=True, eq=False)
class _Kept:
    """What a run leaves for its gradient: angles of the Program and of what is run, and states where they are few."""

    program: Program
    native: Program
    plan: Plan
    inner_BS: np.ndarray
    angles_BS: np.ndarray
    dtype: str
    stores: Stores | None = None

    def serves(self, program: Program, n_rows: int, dtype: str) -> bool:
        """Whether it is of a batch of this Program and size, in the same precision."""
        return self.program is program and len(self.angles_BS) == n_rows and self.dtype == dtype


def _angles(program: Program, native: Program, inputs_BD, weights) -> tuple[np.ndarray, np.ndarray]:
    """Angles of the Program, and of what is run, in float64."""
    angles = slots(program, inputs_BD.astype(float), weights.astype(float))
    return angles, slots(native, angles, np.zeros(0))
