"""A circuit as torch operators, so that `torch.compile` takes a model with a circuit in it as one graph."""

from __future__ import annotations

from qml.base.extras import require

require("torch", extra="torch", purpose="The torch layer")
import torch

from qml.layers.call import Call
from qml.layers.torch_functions import array_of
from qml.layers.torch_operators import differentiable


def recorded() -> bool:
    """Whether somebody writes down what is done to tensors, who must see an operator and not what it does to memory.

    That is `torch.compile`, `torch.jit.trace`, and every dispatch mode: `make_fx`, fake tensors, counters of flops.
    """
    if torch.compiler.is_compiling():
        return True
    return torch._C._len_torch_dispatch_stack() > 0 or torch._C._get_tracing_state() is not None


def drawn_seed(call: Call) -> int | None:
    """A seed for one run, drawn from torch's generator as a dropout mask is; None for an exact executor."""
    if call.capabilities.exact:
        return None
    return int(torch.randint(1, 2**31 - 1, (), device="cpu"))


@torch.library.custom_op(
    "qml::circuit_values", mutates_args=(), schema="(Tensor inputs, Tensor weights, str handle) -> Tensor"
)
def circuit_values(inputs, weights, handle):
    """Values `(B, K)` of the circuit that `handle` names."""
    call = Call.of(handle)
    return torch.from_numpy(call.values(array_of(inputs), array_of(weights), drawn_seed(call))[0])


@torch.library.custom_op(
    "qml::circuit_gradients",
    mutates_args=(),
    schema="(Tensor inputs, Tensor weights, Tensor cotangent, str handle) -> (Tensor, Tensor)",
)
def circuit_gradients(inputs, weights, cotangent, handle):
    """Gradients of inputs and weights, in their shapes."""
    call = Call.of(handle)
    pair = call.gradients(array_of(inputs), array_of(weights), array_of(cotangent), drawn_seed(call))
    return torch.from_numpy(pair[0]), torch.from_numpy(pair[1])


differentiable(circuit_values, circuit_gradients, lambda handle: Call.of(handle).program)
