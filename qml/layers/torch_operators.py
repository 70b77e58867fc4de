"""What makes two torch operators differentiable and traceable: shapes without numbers, and who is whose gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qml.base.extras import require

require("torch", extra="torch", purpose="The torch layer")
from torch import Tensor

from qml.circuits.program import Program


def differentiable(values: Any, gradients: Any, program_of: Callable[[str], Program]) -> None:
    """Register the shapes of both operators, and the second as the gradient of the first.

    Args:
        values: custom operator `(inputs, weights, handle) -> values`.
        gradients: custom operator `(inputs, weights, cotangent, handle) -> (by inputs, by weights)`.
        program_of: the Program that a handle names.
    """

    def shape_of_values(inputs: Tensor, weights: Tensor, handle: str) -> Tensor:
        return inputs.new_empty(inputs.shape[0], program_of(handle).n_values)

    def shapes_of_gradients(inputs: Tensor, weights: Tensor, cotangent: Tensor, handle: str) -> tuple[Tensor, Tensor]:
        return inputs.new_empty(inputs.shape), weights.new_empty(weights.shape)

    def setup(ctx: Any, inputs: tuple, output: Tensor) -> None:
        *tensors, ctx.handle = inputs
        ctx.save_for_backward(*tensors)

    def backward(ctx: Any, cotangent: Tensor) -> tuple:
        return *gradients(*ctx.saved_tensors, cotangent, ctx.handle), None

    values.register_fake(shape_of_values)
    gradients.register_fake(shapes_of_gradients)
    values.register_autograd(backward, setup_context=setup)
