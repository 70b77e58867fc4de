"""A circuit on a GPU as torch operators, so that `torch.compile` takes a model with it as one graph."""

from __future__ import annotations

import itertools
import weakref
from typing import TYPE_CHECKING

from qml.base.extras import require

require("torch", extra="torch", purpose="The CUDA engine for torch")
import torch

from qml.layers.torch_operators import differentiable

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


differentiable(cuda_values, cuda_gradients, lambda handle: _calls[handle].program)
