"""The torch layer beyond `check_layer`: against the reference, at the door, across higher derivatives."""

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vmap

from qml.backends import Capabilities, Gradients, Values
from qml.backends.reference import ReferenceBackend
from qml.backends.shifts import ShiftedExecutor
from qml.base.errors import CapabilityError, ConfigError, ProgramError, ShapeError
from qml.circuits import Gate, Program, WeightBlock, amplitude, angle, basic, initialise, reupload, sel
from qml.engine import reference
from qml.layers.torch import CircuitLayer

PROGRAM = reupload(2, n_inputs=3, depth=2)  # two blocks: frequencies and angles


def layers(program=PROGRAM, **options):
    """The same weights on the engine and as plain torch operations."""
    options = {"seed": 3, "dtype": torch.float64} | options
    return CircuitLayer(program, **options), CircuitLayer(program, executor="traced", **options)


def rows(*shape, seed=0):
    return torch.randn(*shape, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


class Counting:
    """Counts calls, and their rows, on the way to another executor."""

    def __init__(self, inner):
        self.inner, self.calls = inner, []

    @property
    def capabilities(self):
        return self.inner.capabilities

    def forward(self, program, inputs_BD, weights, *, seed=None, keep=False) -> Values:
        self.calls.append(("forward", len(inputs_BD), keep))
        return self.inner.forward(program, inputs_BD, weights, seed=seed, keep=keep)

    def vjp(self, program, inputs_BD, weights, cotangent_BK, *, seed=None, residual=None) -> Gradients:
        self.calls.append(("vjp", len(inputs_BD), residual is not None))
        return self.inner.vjp(program, inputs_BD, weights, cotangent_BK, seed=seed, residual=residual)


def counting(program=PROGRAM):
    from qml.backends import executor_named

    layer = CircuitLayer(program, executor=Counting(executor_named()), seed=3, dtype=torch.float64)
    return layer, layer._call.executor.calls


@pytest.mark.parametrize("program", [PROGRAM, angle(3) + sel(3, depth=2), amplitude(2) + basic(2, depth=1), angle(2)])
def test_values_and_gradients_of_the_reference(program):
    layer = CircuitLayer(program, seed=5, dtype=torch.float64)
    rng = np.random.default_rng(0)
    inputs, cotangent = rng.normal(size=(4, program.n_inputs)), rng.normal(size=(4, program.n_values))
    weights = initialise(program, "uniform", 5)
    x = torch.tensor(inputs, requires_grad=True)
    values = layer(x)
    values.backward(torch.tensor(cotangent))
    np.testing.assert_allclose(values.detach(), reference.values(program, inputs, weights), atol=1e-12)
    wanted = reference.gradients(program, inputs, weights, cotangent)
    np.testing.assert_allclose(x.grad, wanted.inputs_BD, atol=1e-12)
    found = [p.grad.reshape(-1) for p in layer.parameters()]
    np.testing.assert_allclose(torch.cat([*found, torch.zeros(0)]), wanted.weights, atol=1e-12)


def test_one_parameter_a_block():
    layer, _ = layers()
    assert {name: tuple(p.shape) for name, p in layer.named_parameters()} == {b.name: b.shape for b in PROGRAM.blocks}
    assert layer.part == "quantum"
    assert "n_inputs=3" in repr(layer)
    assert "engine_cpu" in repr(layer)


def test_seed_and_generator_decide_the_start():
    first, second = CircuitLayer(PROGRAM, seed=1), CircuitLayer(PROGRAM, seed=1)
    assert all((a == b).all() for a, b in zip(first.parameters(), second.parameters(), strict=True))
    torch.manual_seed(4)
    first = CircuitLayer(PROGRAM)
    torch.manual_seed(4)
    second = CircuitLayer(PROGRAM)
    name = PROGRAM.blocks[-1].name
    assert (getattr(first, name) == getattr(second, name)).all()
    before = getattr(second, name).clone()
    second.reset_parameters()
    assert (getattr(second, name) != before).any()


def test_gradcheck_to_second_order():
    layer, _ = layers()
    names = [name for name, _ in layer.named_parameters()]
    x = rows(2).requires_grad_()

    def values(x, *weights):
        return functional_call(layer, dict(zip(names, weights, strict=True)), x)

    arguments = (x, *layer.parameters())
    assert torch.autograd.gradcheck(values, arguments)
    assert torch.autograd.gradgradcheck(values, arguments)


def test_third_order_by_create_graph():
    layer, plain = layers()
    found = []
    for model in (layer, plain):
        x = rows(2).requires_grad_()
        slope = model(x).sum()
        for _ in range(3):
            (gradient,) = torch.autograd.grad(slope, x, create_graph=True)
            slope = (gradient**2).sum()
        found.append(slope.item())
    assert found[0] == pytest.approx(found[1], rel=1e-12)


JIT = pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch, at its own first forward mode


@JIT
@pytest.mark.parametrize("transform", [jacrev, jacfwd, hessian, lambda f: jacrev(jacrev(f))])
def test_transforms_of_torch_func(transform):
    found, x = [], rows(2)
    for model in layers():
        by_inputs = transform(lambda x, m=model: (m(x) ** 2).sum(-1))(x)
        by_weights = transform(lambda p, m=model: (functional_call(m, p, x) ** 2).sum())(dict(model.named_parameters()))
        found.append(torch.utils._pytree.tree_leaves((by_inputs, by_weights)))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


@pytest.mark.parametrize("mapped", [(0, 0), (None, 0), (0, None)])
def test_mapped_weights_and_inputs(mapped):
    found = []
    for model in layers():
        sets = {name: torch.stack([p, p + 0.5, 2 * p]) if mapped[0] == 0 else p for name, p in model.named_parameters()}
        x = rows(3, 4) if mapped[1] == 0 else rows(4)
        one = grad(lambda p, x, m=model: (functional_call(m, p, x) ** 3).sum(), (0, 1))
        found.append(torch.utils._pytree.tree_leaves(vmap(one, mapped)(sets, x)))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


def test_per_sample_gradients_are_one_call():
    layer, calls = counting()
    one = grad(lambda p, x: (functional_call(layer, p, x) ** 2).sum())
    vmap(one, (None, 0))(dict(layer.named_parameters()), rows(6))
    assert [call[:2] for call in calls] == [("forward", 6), ("vjp", 6)]


def test_residual_is_kept_only_for_a_backward():
    layer, calls = counting()
    with torch.no_grad():
        layer(rows(2))
    layer(rows(2)).sum().backward()
    assert calls == [("forward", 2, False), ("forward", 2, True), ("vjp", 2, True)]


def test_backward_twice_through_one_graph():
    layer, _ = layers()
    values = layer(rows(3))
    first = torch.autograd.grad(values.sum(), tuple(layer.parameters()), retain_graph=True)
    layer(rows(5, seed=1)).sum().backward()
    second = torch.autograd.grad(values.sum(), tuple(layer.parameters()))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_weights_changed_before_backward_are_noticed():
    layer, _ = layers()
    loss = layer(rows(2)).sum()
    with torch.no_grad():
        next(layer.parameters()).add_(1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@JIT
def test_forward_mode():
    layer, plain = layers()
    x = rows(2)
    torch.testing.assert_close(jvp(layer, (x,), (x,))[1], jvp(plain, (x,), (x,))[1])
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, torch.ones_like(x))
        with pytest.raises(CapabilityError, match=r"torch\.func\.jvp"):
            layer(dual)


def test_second_order_stops_at_twelve_qubits():
    layer = CircuitLayer(angle(13), dtype=torch.float64)
    x = torch.zeros(1, 13, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(layer(x).sum(), x, create_graph=True)
    with pytest.raises(CapabilityError, match="13 qubits"):
        slope.sum().backward()


def test_shots_refuse_second_order_and_follow_the_generator():
    layer = CircuitLayer(angle(2), executor=ShiftedExecutor(ReferenceBackend(), shots=50))
    x = torch.full((4, 2), 0.7, requires_grad=True)
    torch.manual_seed(0)
    first, second = layer(x), layer(x)
    torch.manual_seed(0)
    assert (first == layer(x)).all()
    assert (first != second).any()
    (slope,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    with pytest.raises(CapabilityError, match="not exact"):
        slope.sum().backward()


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        (torch.zeros(32, 20), ShapeError, r"shape \(32, 20\).*3 input slots.*\nPut a Linear\(20, 3\)"),
        (torch.zeros(()), ShapeError, r"needs \(\.\.\., 3\)\.\nOne number is no row"),
        (torch.zeros(2, 3, dtype=torch.int64), ShapeError, r"int64.*`inputs\.double\(\)`"),
        (torch.zeros(2, 3, dtype=torch.complex64), ShapeError, r"complex64.*Take `inputs\.real`"),
        (torch.zeros(2, 3), ShapeError, r"of dtype torch.float64.*`inputs\.double\(\)` or `layer\.float\(\)`"),
        (np.zeros((2, 3)), ShapeError, r"got a numpy\.ndarray; hand in a torch tensor: torch\.as_tensor\(inputs\)"),
        ([[0.0, 0.0, 0.0]], ShapeError, "got a list; hand in"),
        (torch.zeros(2, 3, dtype=torch.float64).to_sparse(), ShapeError, "to_dense"),
        (torch.zeros(2, 3, dtype=torch.float64, device="meta"), CapabilityError, "'meta'; executor 'engine_cpu'"),
    ],
)
def test_the_door(inputs, error, words):
    with pytest.raises(error, match=words):
        layers()[0](inputs)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_comes_back_as_it_came(dtype):
    for layer in layers(dtype=torch.float32):
        assert layer(rows(2).to(dtype)).dtype == dtype
        with torch.autocast("cpu", dtype=dtype):
            assert layer(rows(2).to(dtype)).dtype == dtype


def test_float64_inputs_of_a_narrower_layer():
    layer = layers(dtype=torch.float32)[0]
    with pytest.raises(ShapeError, match=r"`layer\.double\(\)` or `inputs\.float\(\)`"):
        layer(rows(2))
    with pytest.raises(ShapeError, match=r"Cast the weights: `layer\.double\(\)`"):
        layer.half()(rows(2))


def test_construction_errors():
    with pytest.raises(ConfigError, match=r"engine_cpu.*traced"):
        CircuitLayer(PROGRAM, executor="engine_gpus")
    with pytest.raises(CapabilityError, match=r"engine_gpu was asked for.*engine_cuda"):
        CircuitLayer(PROGRAM, executor="engine_gpu")
    with pytest.raises(ConfigError, match="an instance with"):
        CircuitLayer(PROGRAM, executor=Narrow)
    with pytest.raises(ProgramError, match=r"'sel', which is no Program.*CIRCUITS"):
        CircuitLayer("sel")
    with pytest.raises(CapabilityError, match="at most"):
        CircuitLayer(Program(40))
    turn = Program(1, (Gate("RX", (0,), (0.1,)),), n_weights=1, blocks=(WeightBlock("forward", (1,)),))
    with pytest.raises(ProgramError, match="'forward'"):
        CircuitLayer(turn)


class Narrow:
    """An executor of float32 only."""

    @property
    def capabilities(self):
        return Capabilities("narrow", exact=True, max_qubits=4, dtypes=("float32",))


def test_precision_the_executor_lacks():
    layer = CircuitLayer(PROGRAM, executor=Narrow(), dtype=torch.float64)
    with pytest.raises(CapabilityError, match="'narrow' computes in float32"):
        layer(rows(2))


def test_circuit_without_weights_or_inputs():
    free = CircuitLayer(angle(2))
    assert free(torch.zeros(3, 2)).tolist() == [[1.0, 1.0]] * 3
    assert not list(free.parameters())
    born = CircuitLayer(basic(2, depth=1), seed=0)
    values = born(torch.zeros(3, 0))
    values.sum().backward()
    assert values.shape == (3, 2)
    assert next(born.parameters()).grad.any()


def test_tensors_whose_sign_is_only_noted():
    layer = layers()[0]
    turned = torch.randn(4, 3, dtype=torch.complex128, generator=torch.Generator().manual_seed(0)).conj().imag
    assert turned.is_neg()
    torch.testing.assert_close(layer(turned), layer(turned.clone()))
    (found,) = torch.autograd.grad(layer(turned), [layer.weights], turned[:, :2])
    (wanted,) = torch.autograd.grad(layer(turned), [layer.weights], turned[:, :2].clone())
    torch.testing.assert_close(found, wanted)


def test_no_gradient_where_none_is_asked():
    layer, _ = layers()
    for parameter in layer.parameters():
        parameter.requires_grad_(False)
    x = rows(2).requires_grad_()
    layer(x).sum().backward()
    assert x.grad.any()
    assert all(p.grad is None for p in layer.parameters())
    assert not layer(rows(2)).requires_grad


def test_compiled_model_is_one_graph():
    layer = CircuitLayer(PROGRAM, seed=0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), layer)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    x = torch.randn(5, 4)
    torch.testing.assert_close(compiled(x), model(x))
    torch._dynamo.reset()


def test_from_pennylane():
    import pennylane as qp

    def circuit(inputs, theta):
        qp.AngleEmbedding(inputs, wires=range(2))
        qp.RY(theta[0], wires=0)
        qp.CNOT(wires=[0, 1])
        qp.RX(theta[1], wires=1)
        return qp.expval(qp.Z(1))

    layer = CircuitLayer.from_pennylane(circuit, {"theta": 2}, n_inputs=2, seed=0)
    assert [name for name, _ in layer.named_parameters()] == ["theta"]
    node = qp.QNode(circuit, qp.device("default.qubit", wires=2))
    x = torch.tensor([0.3, -0.2])
    assert layer(x).item() == pytest.approx(float(node(x, layer.theta.detach())), abs=1e-6)
