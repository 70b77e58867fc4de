"""Which engine runs a call, and what does not fit into memory."""

import numpy as np
import pytest

from qml.backends.engine import EngineExecutor
from qml.base.errors import CapabilityError, ConfigError
from qml.base.memory import available_bytes, physical_bytes
from qml.circuits import Gate, Program, angle, input_slot, sel
from qml.engine.compile import compile_program
from qml.engine.runner import Runner, runner_of, runs_wide
from qml.engine.wide.memory import check_memory, qubits_within, state_bytes
from qml.engine.wide.runner import WideRunner

SINGLE = np.dtype("float32")


@pytest.mark.parametrize(("n_qubits", "batch", "wide"), [(8, 1, False), (12, 64, False), (14, 1, True), (20, 99, True)])
def test_few_rows_of_many_qubits_run_wide(n_qubits, batch, wide):
    assert runs_wide(n_qubits, SINGLE, batch) is wide


def test_the_runner_follows_the_choice():
    plan = compile_program(angle(13) + sel(13, depth=1)).plan
    assert isinstance(runner_of(plan, SINGLE, 0, 1), WideRunner)
    assert isinstance(runner_of(plan, SINGLE, 0, 1000), Runner)


def test_both_engines_agree_through_the_executor():
    program, rng = angle(13) + sel(13, depth=2), np.random.default_rng(0)
    inputs = rng.uniform(-2, 2, (20, 13))
    weights, cotangent = rng.uniform(-2, 2, program.n_weights), rng.normal(size=(20, 13))
    executor = EngineExecutor()
    many = executor.forward(program, inputs, weights)
    one = executor.forward(program, inputs[:1], weights, keep=True)
    np.testing.assert_allclose(one.values_BK, many.values_BK[:1], atol=1e-12)
    cotangent[1:] = 0
    slopes = executor.vjp(program, inputs, weights, cotangent)
    alone = executor.vjp(program, inputs[:1], weights, cotangent[:1], residual=one.residual)
    np.testing.assert_allclose(alone.inputs_BD, slopes.inputs_BD[:1], atol=1e-12)
    np.testing.assert_allclose(alone.weights, slopes.weights, atol=1e-12)


def test_more_qubits_than_memory_holds_are_refused_before_anything_runs(monkeypatch):
    monkeypatch.setenv("QML_MEMORY_GIB", "0.5")
    program = Program(30, (Gate("RX", (0,), (input_slot(0),)),), n_inputs=1)
    with pytest.raises(CapabilityError, match=r"8\.0 GiB.*0\.5 GiB.*26 qubits.*QML_MEMORY_GIB"):
        EngineExecutor().forward(program, np.zeros((1, 1), np.float32), np.zeros(0, np.float32))


def test_a_gradient_needs_two_states(monkeypatch):
    plan = compile_program(angle(16) + sel(16, depth=1)).plan
    rows, shared = np.zeros((1, plan.n_rows), np.float32), np.zeros(plan.n_shared, np.float32)
    runner = WideRunner(plan, "float32", 0)
    monkeypatch.setenv("QML_MEMORY_GIB", str(1.5 * state_bytes(16, SINGLE) / 2**30))
    runner.forward(rows, shared)
    with pytest.raises(CapabilityError, match="2 x 2"):
        runner.gradients(rows, shared, np.zeros((1, 16), np.float32))


def test_states_that_lie_ready_count_once(monkeypatch):
    monkeypatch.setattr("qml.base.memory._system", lambda: 1 << 30)
    monkeypatch.setattr("qml.base.memory.CGROUPS", ())
    one = state_bytes(26, SINGLE)
    with pytest.raises(CapabilityError, match=r"needs 2\.0 GiB of memory; 1\.1 GiB.*at most 26 qubits"):
        check_memory(27, SINGLE, 2, held=one // 8)
    check_memory(26, SINGLE, 2, held=one)
    monkeypatch.setenv("QML_MEMORY_GIB", "0.9")
    with pytest.raises(CapabilityError, match=r"0\.9 GiB can be had"):
        check_memory(26, SINGLE, 2, held=one)


def test_memory_is_a_limit_or_what_the_machine_has(monkeypatch):
    assert 0 < (available_bytes() or 1) <= (physical_bytes() or 1)
    monkeypatch.setenv("QML_MEMORY_GIB", "2")
    assert available_bytes() == 2 << 30
    assert qubits_within(2 << 30, SINGLE, states=2) == 27
    check_memory(27, SINGLE, 2)
    for wrong in ("much", "-1", "0", "inf"):
        monkeypatch.setenv("QML_MEMORY_GIB", wrong)
        with pytest.raises(ConfigError, match="QML_MEMORY_GIB"):
            check_memory(27, SINGLE, 2)
