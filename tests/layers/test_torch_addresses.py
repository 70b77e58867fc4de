"""The torch layer hands bare addresses to the engine: only tensors that have numbers of the right size get there."""

from __future__ import annotations

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from qml.base.errors import ShapeError
from qml.circuits import angle, sel
from qml.layers.torch import CircuitLayer


@pytest.fixture
def layer() -> CircuitLayer:
    made = CircuitLayer(angle(4) + sel(4, depth=2), seed=0)
    assert made._call.direct(torch.float32) is not None  # pyright: ignore[reportOptionalMemberAccess]
    return made


@pytest.mark.parametrize("shape", [(1,), (24,), (5, 2, 4, 3)])
def test_weights_of_another_shape_are_refused(layer, shape):
    with pytest.raises(ShapeError, match="block of shape"):
        torch.func.functional_call(layer, {"weights": torch.zeros(shape)}, torch.zeros(2, 4))
    layer.weights = torch.nn.Parameter(torch.zeros(shape))
    with pytest.raises(ShapeError, match="block of shape"):
        layer(torch.zeros(2, 4))


def test_tensors_of_known_zeros_have_no_memory(layer):
    zeros = torch._efficientzerotensor(3, 4)
    assert torch.equal(layer(zeros), layer(torch.zeros(3, 4)))
    inputs = torch.randn(3, 4, requires_grad=True)
    assert not torch.autograd.grad(layer(inputs), inputs, zeros)[0].any()


@pytest.mark.filterwarnings("ignore")  # tracing is deprecated, and warns of sizes that it takes as fixed
def test_recorded_graphs_hold_an_operator(layer):
    inputs, others = torch.randn(3, 4), torch.randn(3, 4)
    for recorded in (make_fx(layer)(inputs), torch.jit.trace(layer, inputs, check_trace=False)):
        assert torch.equal(recorded(others), layer(others))


def test_cotangents_mapped_over_one_graph(layer):
    inputs = torch.randn(2, 4, requires_grad=True)
    values = layer(inputs)
    each = torch.eye(8).view(8, 2, 4)
    mapped = torch.func.vmap(lambda v: torch.autograd.grad(values, inputs, v, retain_graph=True)[0])(each)
    looped = torch.stack([torch.autograd.grad(values, inputs, v, retain_graph=True)[0] for v in each])
    torch.testing.assert_close(mapped, looped)
