"""The torch binding, with the kernels emulated on tensors of the host."""

import contextlib
import threading

import pytest

torch = pytest.importorskip("torch")

from qml.base.errors import CapabilityError
from qml.circuits import Gate, Probabilities, Program, angle, input_slot, reupload, sel
from qml.engine import reference
from qml.layers.torch import CircuitLayer
from qml.layers.torch_cuda import CudaCall
from tests.engine.gpu.emulated import emulated_driver


class EmulatedSite:
    """Tensors of the host; a launch runs the emulated kernels at once."""

    device_type = "cpu"

    def __init__(self, driver):
        self.driver, self.launches = driver, []

    def launcher(self, device):
        return self.driver

    def stream(self, device):
        self.launches.append(threading.get_ident())
        return 11

    def guard(self, device):
        return contextlib.nullcontext()

    def settle(self, program):
        pass

    def use(self, program):
        pass


@pytest.fixture
def site(monkeypatch):
    return EmulatedSite(emulated_driver(monkeypatch))


PROGRAMS = {
    "sel": angle(4) + sel(4, depth=2),
    "reupload": reupload(n_inputs=4, n_qubits=4, depth=2),
    "probabilities": (angle(4) + sel(4, depth=1)).with_readout(Probabilities((0, 2))),
}


def tensors(program, dtype=torch.float64, batch=3):
    draw = torch.Generator().manual_seed(5)
    inputs = torch.randn(batch, program.n_inputs, generator=draw, dtype=dtype)
    weights = torch.randn(program.n_weights, generator=draw, dtype=dtype)
    return inputs.requires_grad_(), weights.requires_grad_()


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_gradients_are_those_of_the_reference(name, site):
    program = PROGRAMS[name]
    inputs, weights = tensors(program)
    values = CudaCall(program, site).values(inputs, weights)
    cotangent = torch.randn_like(values)
    values.backward(cotangent)

    given = (inputs.detach().numpy(), weights.detach().numpy())
    expected = reference.gradients(program, *given, cotangent.numpy())
    torch.testing.assert_close(values.detach(), torch.from_numpy(reference.values(program, *given)))
    torch.testing.assert_close(inputs.grad, torch.from_numpy(expected.inputs_BD))
    torch.testing.assert_close(weights.grad, torch.from_numpy(expected.weights))


def test_gradients_are_taken_in_the_thread_of_autograd(site):
    inputs, weights = tensors(PROGRAMS["sel"])
    values = CudaCall(PROGRAMS["sel"], site).values(inputs, weights)
    done = threading.Thread(target=lambda: values.sum().backward())
    done.start()
    done.join()
    assert len(set(site.launches)) == 2
    assert torch.isfinite(weights.grad).all()


def test_strides_are_copied_before_a_launch(site):
    program = PROGRAMS["sel"]
    inputs, weights = tensors(program)
    call = CudaCall(program, site)
    turned = inputs.detach().T.contiguous().T.requires_grad_()
    expected, found = call.values(inputs, weights), call.values(turned, weights)
    assert not turned.is_contiguous()
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    gradients = torch.autograd.grad(found, turned, expected.detach().T.contiguous().T)
    torch.testing.assert_close(gradients[0], torch.autograd.grad(expected, inputs, expected.detach())[0])


def test_second_derivatives_and_vmap(site):
    program = angle(2) + sel(2, depth=1)
    inputs, weights = tensors(program)
    call = CudaCall(program, site)
    assert torch.autograd.gradcheck(call.values, (inputs, weights))
    assert torch.autograd.gradgradcheck(call.values, (inputs, weights))
    sets = torch.randn(3, program.n_weights, dtype=torch.float64)
    each = torch.func.vmap(torch.func.grad(lambda w, x: call.values(x[None], w).sum()), (0, 0))
    found = each(sets, inputs.detach())
    for weights_P, row, gradient in zip(sets, inputs.detach(), found, strict=True):
        single = weights_P.clone().requires_grad_()
        call.values(row[None], single).sum().backward()
        torch.testing.assert_close(gradient, single.grad)


def test_weights_of_each_row(site):
    program = PROGRAMS["sel"]
    inputs, weights = tensors(program)
    rows = weights.detach().repeat(3, 1).requires_grad_()
    call = CudaCall(program, site)
    call.values(inputs, weights).sum().backward()
    call.values(inputs, rows).sum().backward()
    torch.testing.assert_close(rows.grad.sum(0), weights.grad)


def test_prepared_amplitudes(site):
    gates = (Gate("Amplitudes", (0, 1), tuple(input_slot(k) for k in range(4))), Gate("RY", (1,), (input_slot(4),)))

    program = Program(2, gates, n_inputs=5)
    inputs = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: CudaCall(program, site).values(x, x.new_zeros(0)), (inputs,))


def test_a_layer_runs_on_it(site):
    layer = CircuitLayer(PROGRAMS["sel"], executor="engine_cuda", dtype=torch.float64)
    plain = CircuitLayer(PROGRAMS["sel"], executor="reference", dtype=torch.float64)
    plain.load_state_dict(layer.state_dict())
    layer._call = CudaCall(PROGRAMS["sel"], site)
    inputs = torch.randn(2, 3, 4, dtype=torch.float64)
    torch.testing.assert_close(layer(inputs), plain(inputs))
    assert layer(inputs[:0]).shape == (0, 3, 4)


def test_a_compiled_model_has_it_as_one_graph(site):
    call = CudaCall(PROGRAMS["sel"], site)
    inputs, weights = tensors(PROGRAMS["sel"])
    compiled = torch.compile(lambda x, w: call.values(2 * x, w).sum(), backend="aot_eager", fullgraph=True)
    expected = torch.autograd.grad(call.values(2 * inputs, weights).sum(), (inputs, weights))
    for found, wanted in zip(torch.autograd.grad(compiled(inputs, weights), (inputs, weights)), expected, strict=True):
        torch.testing.assert_close(found, wanted)


def test_what_does_not_fit_is_said():
    layer = CircuitLayer(PROGRAMS["sel"], executor="engine_cuda")
    with pytest.raises(CapabilityError, match="executor 'engine_cuda' runs on 'cuda'"):
        layer(torch.zeros(2, 4))
    call = CudaCall(PROGRAMS["sel"])
    with pytest.raises(CapabilityError, match="inputs on 'cpu' and weights on 'meta'"):
        call.values(torch.zeros(2, 4), torch.zeros(call.program.n_weights, device="meta"))
    with pytest.raises(CapabilityError, match="31 qubits"):
        CircuitLayer(angle(31), executor="engine_cuda")
