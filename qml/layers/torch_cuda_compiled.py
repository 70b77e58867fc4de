"""A circuit on a GPU as torch operators, so that `torch.compile` takes a model with it as one graph."""

from __future__ import annotations

import itertools
import weakref
from typing import TYPE_CHECKING, Any

from qml.base.extras import require

require("torch", extra="torch", purpose="The CUDA engine for torch")
import torch
from torch import Tensor

if TYPE_CHECKING:
    from qml.layers.torch_cuda import CudaCall

_numbers = itertools.count()
_calls: weakref.WeakValueDictionary[str, CudaCall] = weakref.WeakValueDictionary()


def entered(call: CudaCall) -> str:
    """A name for `call` in this process: operators can be handed nothing but tensors and strings."""
    handle = f"cuda-call-{next(_numbers)}"
    _calls[handle] = call
    return handle


@torch.library.custom_op(
    "qml::cuda_values", mutates_args=(), schema="(Tensor inputs, Tensor weights, str handle) -> Tensor"
)
def cuda_values(inputs, weights, handle):
    """Values `(B, K)` of the circuit that `handle` names."""
    values = _calls[handle].run(inputs, weights)
    return values.clone() if values.data_ptr() == inputs.data_ptr() else values


@torch.library.custom_op(
    "qml::cuda_gradients",
    mutates_args=(),
    schema="(Tensor inputs, Tensor weights, Tensor cotangent, str handle) -> (Tensor, Tensor)",
)
def cuda_gradients(inputs, weights, cotangent, handle):
    """Gradients of inputs and weights, in their shapes; runs forward again."""
    tensors = [tensor.detach().requires_grad_() for tensor in (inputs, weights)]
    with torch.enable_grad():
        values = _calls[handle].run(*tensors)
        found = torch.autograd.grad(values, tensors, cotangent, allow_unused=True, materialize_grads=True)
    return found[0].clone(), found[1].clone()


@cuda_values.register_fake
def _(inputs, weights, handle):
    return inputs.new_empty(inputs.shape[0], _calls[handle].program.n_values)


@cuda_gradients.register_fake
def _(inputs, weights, cotangent, handle):
    return inputs.new_empty(inputs.shape), weights.new_empty(weights.shape)


def _setup(ctx: Any, inputs: tuple, output: Tensor) -> None:
    *tensors, ctx.handle = inputs
    ctx.save_for_backward(*tensors)


def _backward(ctx: Any, cotangent: Tensor) -> tuple:
    return *cuda_gradients(*ctx.saved_tensors, cotangent, ctx.handle), None


cuda_values.register_autograd(_backward, setup_context=_setup)
