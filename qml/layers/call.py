"""A Program with the Executor that runs it: the NumPy side of every layer, the same for torch and JAX."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

import numpy as np

from qml.backends import BACKENDS, ENGINE_GPU, EXECUTORS, Executor, check_program, executor_named
from qml.backends.engine import EngineExecutor
from qml.backends.executor import Capabilities
from qml.base.errors import CapabilityError, ShapeError
from qml.base.registry import unknown
from qml.circuits.program import Program
from qml.engine.runner import Runner
from qml.engine.traced import MAX_QUBITS

TRACED = "traced"
KEPT = 16  # residuals of forward runs that wait for their gradients

_numbers = itertools.count()
_calls: weakref.WeakValueDictionary[str, Call] = weakref.WeakValueDictionary()


class Call:
    """Runs one Program on one Executor; NumPy in, NumPy out.

    Holds specifications only, so it pickles and copies; `handle` names it within this process, for operators that
    can be handed nothing but tensors and strings.

    Args:
        program: the circuit.
        executor: a name, an Executor, None for the default.

    Raises:
        CapabilityError: the Executor cannot run the Program.
        ConfigError: no Executor has that name.
    """

    def __init__(self, program: Program, executor: str | Executor | None = None):
        if isinstance(executor, str) and executor not in (*EXECUTORS, *BACKENDS, ENGINE_GPU):
            raise unknown(EXECUTORS.noun, executor, [*EXECUTORS, *BACKENDS, TRACED])
        self.program = program
        self.executor = executor_named(executor)
        check_program(program, self.executor)
        self.capabilities: Capabilities = self.executor.capabilities
        self._enter()

    def _enter(self) -> None:
        self.handle = f"call-{next(_numbers)}"
        _calls[self.handle] = self
        self.n_values = self.program.n_values
        self._spares_ahead = self.capabilities.spares_inputs  # it need not make gradients of inputs
        self._spares = self._spares_ahead or isinstance(self.executor, EngineExecutor)
        self.threads = self.executor.threads if isinstance(self.executor, EngineExecutor) else None
        self._direct: dict[Any, Runner | None] = {}
        self._kept: dict[int, tuple[np.ndarray, np.ndarray, int | None, Any]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"program": self.program, "executor": self.executor}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.program, self.executor = state["program"], state["executor"]
        self.capabilities = self.executor.capabilities
        self._enter()

    @staticmethod
    def of(handle: str) -> Call:
        """The living Call with that handle."""
        return _calls[handle]

    def direct(self, dtype: Any) -> Runner | None:
        """The runner that takes addresses of inputs and of one block of weights; None where there is none.

        Args:
            dtype: of all arrays, in the words of any array package; looked up once each.
        """
        if dtype not in self._direct:
            found, executor = None, self.executor
            if isinstance(executor, EngineExecutor) and len(self.program.blocks or ()) == 1:
                found = executor.direct(self.program, np.dtype(str(dtype).removeprefix("torch.")))
            self._direct[dtype] = found
        return self._direct[dtype]

    def values(
        self,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        seed: int | None = None,
        keep: bool = False,
        want_inputs: bool = True,
    ) -> tuple[np.ndarray, Any]:
        """`values_BK` and the residual that `gradients` may reuse, with `want_inputs` as it will be asked there."""
        spared = {"want_inputs": False} if keep and not want_inputs and self._spares_ahead else {}
        out = self.executor.forward(self.program, inputs_BD, weights, seed=seed, keep=keep, **spared)
        return out.values_BK, out.residual

    def values_ahead(self, inputs_BD: np.ndarray, weights: np.ndarray, seed: int | None = None) -> np.ndarray:
        """`values_BK`; the residual stays here until `gradients_after` asks for it with the same arrays."""
        values_BK, residual = self.values(inputs_BD, weights, seed, keep=True)
        if residual is not None:
            self._kept[next(_numbers)] = (inputs_BD.copy(), weights.copy(), seed, residual)
            for number in [*self._kept][:-KEPT]:
                self._kept.pop(number, None)
        return values_BK

    def gradients_after(
        self, inputs_BD: np.ndarray, weights: np.ndarray, cotangent_BK: np.ndarray, seed: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Gradients as from `gradients`, with the residual of `values_ahead` where it still is."""
        for number, (inputs, numbers, of, residual) in [*self._kept.items()]:
            if of == seed and np.array_equal(inputs, inputs_BD) and np.array_equal(numbers, weights):
                self._kept.pop(number, None)
                return self.gradients(inputs_BD, weights, cotangent_BK, seed, residual)
        return self.gradients(inputs_BD, weights, cotangent_BK, seed)

    def gradients(
        self,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        cotangent_BK: np.ndarray,
        seed: int | None = None,
        residual: Any = None,
        want_inputs: bool = True,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Gradients in the shapes of inputs and weights; that of the inputs may be zero where it is not wanted."""
        spared = {} if want_inputs or not self._spares else {"want_inputs": False}
        out = self.executor.vjp(self.program, inputs_BD, weights, cotangent_BK, seed=seed, residual=residual, **spared)
        return out.inputs_BD, out.weights

    def check_traceable(self, what: str) -> None:
        """Raise `CapabilityError` unless `what` (a derivative) may come from the traced form."""
        if not self.capabilities.second_order:
            raise CapabilityError(
                f"{what} was asked of executor {self.capabilities.name!r}, whose values are not exact functions of its "
                "inputs, or not those of the ideal circuit: shots, noise and mitigation have first derivatives only. "
                f'Use an exact executor without noise, or executor="{TRACED}".'
            )
        if self.program.n_qubits > MAX_QUBITS:
            raise CapabilityError(
                f"{what} was asked for a Program of {self.program.n_qubits} qubits; it is exact up to {MAX_QUBITS} and "
                "not available beyond. Use first derivatives in reverse mode, which have no such bound."
            )


def width_error(who: str, shape: tuple[int, ...], program: Program) -> ShapeError:
    """The error for inputs whose last dimension is not the number of input slots."""
    wanted = program.n_inputs
    remedy = "Leave the row empty: it reads no data."
    if wanted and not shape:
        remedy = f"One number is no row: hand in {wanted} numbers a row."
    elif wanted:
        width = shape[-1]
        remedy = f"Put a Linear({width}, {wanted}) in front, or encode with `reupload(n_inputs={width}, ...)`."
    return ShapeError(
        f"{who} got inputs of shape {tuple(shape)}; this Program has {wanted} input slots, "
        f"so it needs (..., {wanted}).\n{remedy}"
    )
