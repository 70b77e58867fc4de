"""The torch binding, with the kernels emulated on tensors of the host."""

import contextlib
import threading

import pytest

torch = pytest.importorskip("torch")

from qml.base.errors import CapabilityError
from qml.circuits import Gate, Probabilities, angle, input_slot, iqp, reupload, sel
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


@pytest.fixture()
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
    layer = CircuitLayer(program, executor="reference", dtype=torch.float64)
    from qml.engine import reference

    given = (inputs.detach().numpy(), weights.detach().numpy())
    expected = reference.gradients(program, *given, cotangent.numpy())
    torch.testing.assert_close(values.detach(), torch.from_numpy(reference.values(program, *given)))
    torch.testing.assert_close(inputs.grad, torch.from_numpy(expected.inputs_BD))
    torch.testing.assert_close(weights.grad, torch.from_numpy(expected.weights))
    assert layer.program.digest == program.digest
