"""Bad input: said clearly, in full, and before anything runs."""

import numpy as np
import pennylane as qp
import pytest

from qml.backends.pennylane_device import EngineDevice
from qml.base.errors import CapabilityError, ConfigError, DataError


class Unreachable:
    """An executor that must not be asked to run."""

    capabilities = EngineDevice(wires=1)._runs.executor.capabilities

    def forward(self, *arguments, **options):
        raise AssertionError("something ran")

    vjp = states = forward


def device(wires=3):
    return EngineDevice(wires=wires, executor=Unreachable())


def run(*operations, measured, on=None, **options):
    """A circuit that must be refused, on an executor that must not run."""

    def circuit():
        for operation in operations:
            qp.apply(operation)
        return qp.apply(measured)

    return qp.QNode(circuit, on or device(), **options)()


Z0 = qp.expval(qp.Z(0))


def test_the_guard_would_notice_a_run():
    with pytest.raises(AssertionError, match="something ran"):
        run(qp.RX(0.1, 0), measured=Z0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("batched", [False, True])
def test_parameters_that_are_not_finite(value, batched):
    angle = np.array([0.1, value, 0.3]) if batched else value
    with pytest.raises(DataError, match=r"parameter 1 is not finite.*1 of 2 parameters"):
        run(qp.RX(0.1, 0), qp.RY(angle, 0), measured=Z0)


def test_wires_that_the_device_lacks():
    with pytest.raises(qp.exceptions.WireError, match="not found on the device"):
        run(qp.RX(0.1, 7), measured=Z0)


def test_an_observable_without_a_pauli_form():
    with pytest.raises(CapabilityError, match="neither a Pauli form nor a matrix"):
        run(qp.RX(0.1, 0), measured=qp.expval(qp.NumberOperator(0)))


def test_an_observable_that_is_not_hermitian():
    with pytest.raises(ValueError, match="must be a real constant"):
        run(measured=qp.expval(qp.X(0) @ qp.Y(0)))


def test_noise():
    with pytest.raises(qp.exceptions.DeviceError, match=r"DepolarizingChannel.*not supported with qml\.engine"):
        run(qp.DepolarizingChannel(0.1, wires=0), measured=Z0)


@pytest.mark.parametrize("measured", [Z0, qp.state()])
def test_more_qubits_than_can_be_held(measured):
    """The limit is named before anything of that size is allocated."""
    wide = [qp.Hadamard(wire) for wire in range(60)]
    with pytest.raises(CapabilityError, match=r"60 qubits.*at most \d+|60 qubits.*GiB"):
        run(*wide, measured=measured, on=EngineDevice(wires=60))


def test_an_executor_without_states():
    class Plain(Unreachable):
        capabilities = type(Unreachable.capabilities)("plain", exact=True, max_qubits=4)

    with pytest.raises(CapabilityError, match="'plain' gives none"):
        run(measured=qp.state(), on=EngineDevice(wires=1, executor=Plain()))


def test_back_propagation():
    with pytest.raises(qp.exceptions.QuantumFunctionError, match="does not support backprop"):
        run(measured=Z0, diff_method="backprop")


@pytest.mark.parametrize("method", ["one-shot", "tree-traversal"])
def test_measurements_in_the_middle_by_other_methods(method):
    def circuit():
        qp.measure(0)
        return qp.expval(qp.Z(0))

    with pytest.raises(CapabilityError, match=f"mcm_method='{method}'; it defers"):
        qp.set_shots(qp.QNode(circuit, device(), mcm_method=method), shots=5)()


def test_postselection():
    def circuit():
        qp.measure(0, postselect=1)
        return qp.expval(qp.Z(0))

    with pytest.raises(ValueError, match="Postselection is not allowed"):
        qp.QNode(circuit, device())()


def test_states_of_another_norm():
    with pytest.raises(DataError, match=r"norm 1\.41421356"):
        run(qp.StatePrep(np.ones(2), wires=0, validate_norm=False), measured=Z0)


def test_a_tape_that_was_not_preprocessed():
    tape = qp.tape.QuantumScript([qp.QFT([0, 1])], [Z0])
    with pytest.raises(CapabilityError, match="preprocessing"):
        device().execute(tape)


@pytest.mark.parametrize("options", [{"c_dtype": np.int32}, {"executor": "nope"}])
def test_arguments(options):
    with pytest.raises(ConfigError):
        EngineDevice(wires=1, **options)


def test_device_options():
    from pennylane.devices import ExecutionConfig

    with pytest.raises(ConfigError, match="max_workers"):
        device().setup_execution_config(ExecutionConfig(device_options={"max_workers": 2}))


def test_derivatives_of_a_tape_that_was_not_preprocessed():
    tape = qp.tape.QuantumScript([qp.RX(0.1, 0)], [qp.purity(0)])
    with pytest.raises(CapabilityError, match="differentiates expval, var, probs and that"):
        EngineDevice(wires=1).compute_derivatives(tape)
