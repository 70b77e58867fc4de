"""The torch modules of the study's models of rows of numbers."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from qml.base.errors import ShapeError
from qml.base.extras import require
from qml.base.seeds import derive
from qml.circuits.program import Program
from qml.circuits.published import overlap
from qml.models.networks import seeded

require("torch", extra="torch", purpose="a published model in torch")
import torch
from torch import nn

from qml.layers.torch import CircuitLayer


class Scaled(nn.Module):
    """Rows of any shape flattened, shifted and multiplied column by column, `(B, ...)` to `(B, D)`; nothing is trained.

    It is the identity until `set`.
    """

    shift: torch.Tensor
    factor: torch.Tensor

    def __init__(self, n_features: int):
        super().__init__()
        self.register_buffer("shift", torch.zeros(n_features))
        self.register_buffer("factor", torch.ones(n_features))

    def set(self, shift_D: np.ndarray, factor_D: np.ndarray) -> None:
        """Take shift and factor of each column, both `(D,)`."""
        self.shift.copy_(torch.from_numpy(np.asarray(shift_D)))
        self.factor.copy_(torch.from_numpy(np.asarray(factor_D)))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """`(inputs - shift) * factor`, `(B, ...)` to `(B, D)`, in the dtype of the inputs."""
        rows = inputs.reshape(len(inputs), -1)
        return (rows - self.shift.to(rows.dtype)) * self.factor.to(rows.dtype)


class OneValue(nn.Module):
    """A circuit with one value, and a trained bias where there is one: `(B, D)` to `(B, 1)`.

    Args:
        program: reads the scaled row.
        n_features: of a row.
        executor: who runs it.
        seed: of the weights.
        bias: its start; "normal" draws it with standard deviation 0.1, None leaves it out.
    """

    def __init__(
        self,
        program: Program,
        n_features: int,
        executor: Any,
        seed: int,
        bias: float | Literal["normal"] | None = None,
    ):
        super().__init__()
        self.scaled = Scaled(n_features)
        self.circuit = CircuitLayer(program, executor=executor, seed=derive(seed, "circuit"))
        self.bias = None
        if bias is not None:
            with seeded(seed, "bias"):
                self.bias = nn.Parameter(0.1 * torch.randn(1) if bias == "normal" else torch.full((1,), float(bias)))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """`circuit(scaled(inputs)) + bias`, `(B, D)` to `(B, 1)`."""
        values_BK = self.circuit(self.scaled(inputs))
        return values_BK if self.bias is None else values_BK + self.bias


class Reuploading(nn.Module):
    """Weighted fidelities to each class, and the mean of <Z> to predict by: `(B, D)` to `(B, 2W + 1)`.

    With z of a wire, the fidelity to class 0 is (1 - z)/2 and to class 1 (1 + z)/2; each has a trained weight.

    Args:
        program: reads the scaled row padded with zeros, returns W values.
        n_features: of a row.
        executor: who runs it.
        seed: of the weights, which start uniform in [0, 1).
    """

    def __init__(self, program: Program, n_features: int, executor: Any, seed: int):
        super().__init__()
        self.scaled = Scaled(n_features)
        self.padding = program.n_inputs - n_features
        self.circuit = CircuitLayer(program, executor=executor, init="unit", seed=derive(seed, "circuit"))
        self.class_weights = nn.Parameter(torch.ones(2, program.n_values))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """To class 0, to class 1, and the mean, `(B, D)` to `(B, 2W + 1)`."""
        z_BW = self.circuit(nn.functional.pad(self.scaled(inputs), (0, self.padding)))
        to_zero, to_one = self.class_weights[0] * (1 - z_BW) / 2, self.class_weights[1] * (1 + z_BW) / 2
        return torch.cat([to_zero, to_one, z_BW.mean(1, keepdim=True)], dim=1)


class DressedNetwork(nn.Module):
    """`outputs = V circuit(pi/2 tanh(U x))` without biases: `(B, D)` to `(B, 2)`.

    U and V start normal with standard deviation 1/D.

    Args:
        program: a circuit of D inputs and D values.
        executor: who runs it.
        seed: of the weights.
    """

    def __init__(self, program: Program, executor: Any, seed: int):
        super().__init__()
        size = program.n_inputs
        self.scaled = Scaled(size)
        with seeded(seed, "dressing"):
            self.before = nn.Parameter(torch.randn(size, size) / size)
            self.behind = nn.Parameter(torch.randn(2, size) / size)
        self.circuit = CircuitLayer(program, executor=executor, seed=derive(seed, "circuit"))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits, `(B, D)` to `(B, 2)`."""
        angles_BD = math.pi / 2 * torch.tanh(self.scaled(inputs) @ self.before.T)
        return self.circuit(angles_BD) @ self.behind.T


class MetricNetwork(nn.Module):
    """Overlaps of embedded rows: of pairs `(B, 2D)` to `(B, 1)`, of rows with examples of each class to `(B, 2)`.

    Pairs go through the circuit and its inverse, where the derivative is; rows are compared as states, one matrix
    product for all, which carries no derivative.

    Args:
        embedding: the trained circuit, without preparations.
        examples: of each class, to be set by `remember`.
        executor: who runs it.
        seed: of the weights, which start normal with standard deviation 0.1.
    """

    examples: torch.Tensor

    def __init__(self, embedding: Program, examples: int, executor: Any, seed: int):
        super().__init__()
        self.embedding = embedding
        self.scaled = Scaled(embedding.n_inputs)
        self.register_buffer("examples", torch.zeros(2, examples, embedding.n_inputs))
        self.circuit = CircuitLayer(
            overlap(embedding), executor=executor, init="small_angle", seed=derive(seed, "circuit")
        )
        self._executor = executor

    def remember(self, examples_LED: np.ndarray) -> None:
        """Take the examples of both classes, `(2, E, D)`, as they stand in the data."""
        self.examples.copy_(torch.from_numpy(np.asarray(examples_LED)))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Overlaps of pairs, or with the examples.

        Raises:
            ShapeError: inputs are neither pairs `(B, 2D)` nor rows `(B, D)`.
        """
        rows, width = inputs.reshape(len(inputs), -1), self.embedding.n_inputs
        if rows.shape[1] == 2 * width:
            pairs = torch.cat([self.scaled(rows[:, :width]), self.scaled(rows[:, width:])], dim=1)
            return self.circuit(pairs)[:, :1]
        if rows.shape[1] != width:
            raise ShapeError(
                f"A metric learner takes rows of {width} numbers, or pairs of {2 * width}; got {rows.shape[1]}."
            )
        states_BA = self._states(rows)
        examples_NA = self._states(self.examples.reshape(-1, width).to(rows.dtype))
        overlaps_BN = (states_BA @ examples_NA.mH).abs().square()
        return overlaps_BN.reshape(len(rows), 2, -1).mean(2)

    def _states(self, rows_BD: torch.Tensor) -> torch.Tensor:
        """States `(B, A)` of rows, without a derivative."""
        from qml.backends import executor_named

        runner: Any = executor_named(self._executor)
        weights = np.concatenate([p.detach().cpu().numpy().ravel() for p in self.circuit.parameters()])
        scaled = self.scaled(rows_BD).detach().cpu().numpy()
        return torch.from_numpy(runner.states(self.embedding, scaled, weights.astype(scaled.dtype)))
