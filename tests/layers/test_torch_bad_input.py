"""What the torch layer is handed: tensors of any strides, devices, precisions, and weights that are not finite."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn.utils import parametrizations, parametrize

from qml.base.errors import CapabilityError, DataError, ShapeError
from qml.circuits import angle, reupload, sel
from qml.engine import reference
from qml.layers.torch import CircuitLayer
from qml.layers.torch_cuda import CudaCall
from tests.engine.gpu.emulated import emulated_driver
from tests.engine.gpu.test_torch_cuda import EmulatedSite

PROGRAM = angle(4) + sel(4, depth=2)
PROGRAMS = {"by addresses": PROGRAM, "by arrays": reupload(4, n_inputs=4, depth=2)}
BAD = (float("nan"), float("inf"), -float("inf"))


def layer_of(program=PROGRAM, dtype=torch.float64, **options):
    return CircuitLayer(program, seed=0, dtype=dtype, **options)


def expected(layer, inputs, cotangent):
    """Values and gradients of the dense reference."""
    weights = torch.cat([parameter.detach().reshape(-1) for parameter in layer.parameters()]).numpy()
    given = layer.program, inputs.detach().contiguous().numpy().astype(float), weights.astype(float)
    found = reference.gradients(*given, cotangent.contiguous().numpy().astype(float))
    return reference.values(*given), found.inputs_BD, found.weights


def agree(layer, inputs, cotangent, tolerance=1e-10):
    """The layer gives the reference's values and gradients for tensors as they lie."""
    layer.zero_grad()
    leaf = inputs.detach().requires_grad_()
    assert leaf.stride() == inputs.stride()
    values = layer(leaf)
    (by_inputs,) = torch.autograd.grad(values, leaf, cotangent, retain_graph=True)
    values.backward(cotangent)
    by_weights = torch.cat([parameter.grad.reshape(-1) for parameter in layer.parameters()])
    found = [tensor.detach().numpy() for tensor in (values, by_inputs, by_weights)]
    for got, right in zip(found, expected(layer, inputs, cotangent), strict=True):
        np.testing.assert_allclose(got, right, atol=tolerance)
    with torch.no_grad():
        np.testing.assert_array_equal(layer(inputs).numpy(), found[0])
    with torch.inference_mode():
        np.testing.assert_array_equal(layer(inputs).numpy(), found[0])


def layouts(tensor):
    """The numbers of a tensor `(B, N)`, laid out otherwise."""
    rows, columns = tensor.shape
    apart = torch.full((2 * rows, 3 * columns), torch.nan, dtype=tensor.dtype)
    apart[::2, ::3] = tensor
    behind = torch.full((rows + 3, columns), torch.nan, dtype=tensor.dtype)
    behind[2:-1] = tensor
    return {
        "transposed": tensor.T.contiguous().T,
        "sliced": apart[::2, ::3],
        "an offset into others": behind[2:-1],
        "expanded": tensor[:1].expand(rows, columns),
        "one number": tensor[:1, :1].expand(rows, columns),
        "negated view": torch.complex(tensor, -tensor).conj().imag,
        "flipped": tensor.flip(0, 1),
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("layout", layouts(torch.zeros(1, 1)))
@pytest.mark.parametrize("program", PROGRAMS)
def test_tensors_of_any_strides(program, layout, dtype):
    draw = torch.Generator().manual_seed(3)
    inputs, cotangent = torch.randn(2, 33, 4, generator=draw, dtype=dtype)
    layer = layer_of(PROGRAMS[program], dtype)
    tolerance = 1e-10 if dtype is torch.float64 else 2e-5
    agree(layer, layouts(inputs)[layout], cotangent, tolerance)
    agree(layer, inputs, layouts(cotangent)[layout], 40 * tolerance)


@pytest.mark.parametrize("layout", ["transposed", "sliced", "an offset into others", "negated view"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_weights_of_any_strides(program, layout):
    layer = layer_of(PROGRAMS[program])
    (name, block), *_ = layer.named_parameters()
    flat = layouts(block.detach().reshape(block.shape[0], -1))[layout]
    layer.register_parameter(name, torch.nn.Parameter(flat.unflatten(1, block.shape[1:])))
    agree(layer, torch.randn(5, 4, dtype=torch.float64), torch.ones(5, 4, dtype=torch.float64))


def test_a_view_of_a_leaf_gets_its_part_of_the_gradient():
    layer = layer_of()
    whole = torch.randn(6, 9, dtype=torch.float64, requires_grad=True)
    layer(whole[1::2, 2:6]).sum().backward()
    part = whole.detach()[1::2, 2:6].clone().requires_grad_()
    layer(part).sum().backward()
    wanted = torch.zeros(6, 9, dtype=torch.float64)
    wanted[1::2, 2:6] = part.grad
    torch.testing.assert_close(whole.grad, wanted)


@pytest.mark.parametrize("program", PROGRAMS)
def test_zeros_without_memory(program):
    layer, nothing = layer_of(PROGRAMS[program]), torch._efficientzerotensor((5, 4), dtype=torch.float64)
    inputs = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    layer(inputs).backward(nothing)
    assert not inputs.grad.any()
    torch.testing.assert_close(layer(nothing), layer(torch.zeros(5, 4, dtype=torch.float64)))


class Doubled(torch.nn.Module):
    """Weights that are twice a parameter, laid out by columns."""

    def forward(self, weights):
        return (2 * weights).transpose(0, -1).contiguous().transpose(0, -1)


@pytest.mark.parametrize("program", PROGRAMS)
def test_parametrized_weights(program):
    plain, layer = layer_of(PROGRAMS[program]), layer_of(PROGRAMS[program])
    (name, block), *_ = plain.named_parameters()
    parametrize.register_parametrization(layer, name, Doubled())
    with torch.no_grad():
        block *= 2
    inputs = torch.randn(5, 4, dtype=torch.float64)
    found, wanted = layer(inputs), plain(inputs)
    torch.testing.assert_close(found, wanted)
    found.sum().backward()
    wanted.sum().backward()
    torch.testing.assert_close(layer.parametrizations[name].original.grad, 2 * block.grad)


def test_weight_norm():
    plain, layer = layer_of(), parametrizations.weight_norm(layer_of(), "weights")
    inputs = torch.randn(5, 4, dtype=torch.float64)
    torch.testing.assert_close(layer(inputs), plain(inputs))
    layer(inputs).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() and parameter.grad.any() for parameter in layer.parameters())


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("shape", [(0, 4), (3, 0, 4), (4,), (2, 3, 4)])
def test_batches_of_any_shape(program, shape):
    layer = layer_of(PROGRAMS[program])
    inputs = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    values = layer(inputs)
    values.sum().backward()
    assert values.shape == (*shape[:-1], 4)
    assert inputs.grad.shape == shape
    assert all(parameter.grad.shape == parameter.shape for parameter in layer.parameters())
    wanted = reference.values(layer.program, inputs.detach().reshape(-1, 4).numpy(), layer_weights(layer))
    np.testing.assert_allclose(values.detach().reshape(-1, 4).numpy(), wanted, atol=1e-12)


def layer_weights(layer):
    return torch.cat([parameter.detach().reshape(-1) for parameter in layer.parameters()]).numpy()


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (torch.zeros(()), "needs .*4"),
        (torch.zeros(2, 3), "4 input slots"),
        (torch.zeros(2, 4, dtype=torch.float64), r"float64 .*weights of dtype torch\.float32.*layer\.double"),
        (torch.zeros(2, 4, dtype=torch.int64), r"int64.*inputs\.float"),
        (torch.zeros(2, 4, dtype=torch.bool), r"bool.*inputs\.float"),
        (torch.zeros(2, 4, dtype=torch.complex64), r"complex64.*inputs\.real"),
        (np.zeros((2, 4), np.float32), "numpy.ndarray.*as_tensor"),
        ([[0.0] * 4], "list.*as_tensor"),
    ],
)
def test_what_is_no_tensor_of_angles_is_refused(inputs, words):
    with pytest.raises(ShapeError, match="(?s)" + words):
        layer_of(dtype=torch.float32)(inputs)


# ------------------------------------------------------------------------------------------------ devices
def test_another_device_is_refused():
    layer = layer_of(dtype=torch.float32)
    with pytest.raises(CapabilityError, match=r"'meta'.*'cpu'.*\.to\('cpu'\)"):
        layer(torch.zeros(2, 4, device="meta"))
    with pytest.raises(CapabilityError, match=r"'meta'.*'cpu'"):
        layer.to("meta")(torch.zeros(2, 4))


@pytest.fixture
def site(monkeypatch):
    return EmulatedSite(emulated_driver(monkeypatch))


def test_the_gpu_refuses_weights_elsewhere_before_a_launch(site):
    inputs, weights = torch.zeros(2, 4, device="meta"), torch.zeros(24)
    with pytest.raises(CapabilityError, match=r"inputs on 'meta' and weights on 'cpu'.*layer\.to\('meta'\)"):
        CudaCall(PROGRAM, site).values(inputs, weights)
    assert not site.launches


def test_a_gpu_layer_refuses_tensors_of_the_host():
    layer = layer_of(dtype=torch.float32, executor="engine_cuda")
    with pytest.raises(CapabilityError, match=r"'cpu'.*'engine_cuda' runs on 'cuda'"):
        layer(torch.zeros(2, 4))


@pytest.mark.parametrize("layout", layouts(torch.zeros(1, 1)))
def test_the_gpu_copies_strides(site, layout):
    call, draw = CudaCall(PROGRAM, site), torch.Generator().manual_seed(3)
    inputs = layouts(torch.randn(5, 4, generator=draw, dtype=torch.float64))[layout]
    weights = torch.randn(48, generator=draw, dtype=torch.float64)[::2]
    wanted = reference.values(PROGRAM, inputs.contiguous().numpy(), weights.contiguous().numpy())
    np.testing.assert_allclose(call.values(inputs, weights).numpy(), wanted, atol=1e-10)


def test_the_gpu_gives_nan_for_weights_that_are_not_finite(site):
    """Documented: a look at the numbers would make the host wait."""
    weights = torch.zeros(24).fill_(torch.nan)
    assert torch.isnan(CudaCall(PROGRAM, site).values(torch.ones(2, 4), weights)).all()


# ------------------------------------------------------------------------------------------------ weights
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("executor", [None, "reference"])
def test_weights_that_are_not_finite_are_refused(program, bad, executor):
    layer = layer_of(PROGRAMS[program], torch.float32, executor=executor)
    (name, block), *_ = layer.named_parameters()
    good = block.detach().clone()
    with torch.no_grad():
        block[1].fill_(bad)
    where = rf"{block[1].numel()} of the {layer.program.n_weights} weights .* first is '{name}'\[1, 0.*\] = -?(nan|inf)"
    inputs = torch.randn(40, 4)
    for rows in (inputs, inputs[:3], inputs.T.contiguous().T, inputs.requires_grad_()):
        with pytest.raises(DataError, match=where):
            layer(rows)
        with torch.no_grad(), pytest.raises(DataError, match=where):
            layer(rows)
    with pytest.raises(DataError, match=where):
        torch.func.vmap(layer)(inputs)
    with torch.no_grad():
        block.copy_(good)
    assert torch.isfinite(layer(inputs)).all()


def test_a_compiled_model_refuses_them():
    layer = layer_of(dtype=torch.float32)
    model = torch.compile(layer, backend="aot_eager", fullgraph=True)
    model(torch.zeros(2, 4)).sum().backward()
    with torch.no_grad():
        layer.weights[0, 0, 0] = torch.nan
    with pytest.raises(DataError, match=r"'weights'\[0, 0, 0\] = nan"):
        model(torch.zeros(2, 4))


def test_a_row_of_inputs_that_is_not_finite_stays_in_its_row():
    layer, inputs = layer_of(dtype=torch.float32), torch.ones(20, 4)
    inputs[7, 2] = torch.nan
    values = layer(inputs)
    assert torch.isnan(values[7]).any()
    assert torch.isfinite(values[torch.arange(20) != 7]).all()
