"""An Executor under a name of its own, by which records tell it from others that are made of the same parts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qml.backends.executor import Capabilities, Executor, Gradients, Tangents, Values
from qml.base.errors import CapabilityError
from qml.circuits.program import Program


@dataclass(frozen=True)
class LabelledExecutor:
    """Another Executor in all but its name.

    Args:
        executor: what runs and differentiates.
        label: its name in records and messages.
        larger: what to take where it has too few qubits, see `Capabilities`; None leaves what the Executor says.

    Example:
        >>> from qml.backends import executor_named
        >>> LabelledExecutor(executor_named("reference"), "mine").capabilities.name
        'mine'
    """

    executor: Executor
    label: str
    larger: tuple[tuple[str, int], ...] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.label!r})"

    @property
    def capabilities(self) -> Capabilities:
        """Those of the Executor, with the label for a name."""
        able = self.executor.capabilities
        return replace(able, name=self.label, larger=able.larger if self.larger is None else self.larger)

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
        want_inputs: bool = True,
    ) -> Values:
        """Values of `B` rows."""
        spared = spare(self.executor, want_inputs)
        return self.executor.forward(program, inputs_BD, weights, seed=seed, keep=keep, **spared)

    def vjp(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        cotangent_BK: np.ndarray,
        *,
        seed: int | None = None,
        residual: Any = None,
        want_inputs: bool = True,
    ) -> Gradients:
        """Gradients in the shapes of inputs and weights."""
        spared = spare(self.executor, want_inputs)
        return self.executor.vjp(program, inputs_BD, weights, cotangent_BK, seed=seed, residual=residual, **spared)

    def states(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """States, where `capabilities.states` says so."""
        executor = self._able("states")
        return executor.states(program, inputs_BD, weights)

    def tangents(self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray) -> Tangents:
        """Derivatives of states, where `capabilities.tangents` says so."""
        executor = self._able("tangents")
        return executor.tangents(program, inputs_BD, weights)

    def sample(
        self, program: Program, inputs_BD: np.ndarray, weights: np.ndarray, shots: int, *, seed: int
    ) -> np.ndarray:
        """Bits of every qubit, where `capabilities.samples` says so."""
        executor = self._able("samples")
        return executor.sample(program, inputs_BD, weights, shots, seed=seed)

    def _able(self, word: str) -> Any:
        """The Executor, which gives what is asked for."""
        able = self.capabilities
        if not getattr(able, word):
            raise CapabilityError(
                f"{word} were asked of {able.name}, which does not give them. Take values, engine_cpu, or for samples "
                "a machine with shots."
            )
        return self.executor


def spare(executor: Executor, want_inputs: bool) -> dict[str, bool]:
    """What tells `executor` that no gradient of inputs is wanted; nothing where it is, or where it knows no such word.

    Example:
        >>> from qml.backends import executor_named
        >>> spare(executor_named("reference"), want_inputs=False)
        {}
    """
    return {} if want_inputs or not executor.capabilities.spares_inputs else {"want_inputs": False}
