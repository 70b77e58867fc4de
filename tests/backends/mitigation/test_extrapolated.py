"""Extrapolation of a machine whose values decay by a known factor a gate; wrappers put together by name."""

import numpy as np
import pytest

from qml.backends.mitigation import MITIGATIONS, ExtrapolatedBackend, ReadoutMitigatedBackend, mitigated
from qml.backends.reference import ReferenceExecutor
from qml.backends.shifts import ShiftedExecutor, SpsaExecutor
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits import READOUTS, Probabilities, angle, basic, sel
from qml.circuits.slots import slots
from qml.contracts import check_backend
from tests.backends.mitigation.machines import NATIVE, KnownBackend, ValuesOnly, copied
from tests.backends.shifts.machines import CountingBackend

PROGRAM = angle(3) + basic(3, depth=1)
NONE = ((0.0, 0.0),) * 3


def case(readout=None):
    rng = np.random.default_rng(3)
    program = PROGRAM.with_readout(readout or READOUTS["pauli"](3, ["Z0", "Z1 Z2 + 2 I", "X2"]))
    inputs, weights = rng.normal(size=(2, 3)), rng.normal(size=program.n_weights)
    exact = ReferenceExecutor().forward(program, inputs, weights).values_BK
    return program, slots(program, inputs, weights), exact


@pytest.mark.parametrize("fold", ["local", "global"])
@pytest.mark.parametrize("gate_set", [(), NATIVE], ids=["all gates", "native"])
@pytest.mark.parametrize("readout", [None, Probabilities((1, 0))], ids=["words", "probabilities"])
def test_known_decay_is_extrapolated_exactly(readout, gate_set, fold):
    program, angles, exact = case(readout)
    machine = KnownBackend(kept=0.97, errors=NONE, gate_set=gate_set)
    raw = machine.run(program, angles, shots=None, seed=None).values_RK
    machine.ran.clear()
    outcome = ExtrapolatedBackend(machine, method="exponential", fold=fold).run(program, angles, shots=None, seed=None)
    np.testing.assert_allclose(outcome.values_RK, exact, atol=1e-10)
    assert np.abs(raw - exact).max() > 0.02
    assert [circuits for _, circuits, _ in machine.ran] == [2, 2, 2]
    assert outcome.record["extrapolation"]["fell_back"] == 0
    lines = ExtrapolatedBackend(machine, fold=fold).run(program, angles, shots=None, seed=None).values_RK
    assert np.abs(lines - exact).max() < 0.5 * np.abs(raw - exact).max()


@pytest.mark.parametrize("readout", ["tensored", "m3", "twirled"])
def test_extrapolation_around_readout_mitigation(readout):
    program, angles, exact = case()
    machine = KnownBackend(kept=0.97, gate_set=NATIVE)
    inside = ReadoutMitigatedBackend(machine, method=readout)
    backend = ExtrapolatedBackend(inside, method="exponential")
    outcome = backend.run(program, angles, shots=None, seed=None)
    np.testing.assert_allclose(outcome.values_RK, exact, atol=1e-10)
    outside = ExtrapolatedBackend(machine, method="exponential").run(program, angles, shots=None, seed=None)
    assert np.abs(outside.values_RK - exact).max() > 0.01  # readout errors do not grow with gates
    machine.ran.clear()
    drawn = backend.run(program, angles, shots=4096, seed=1)
    assert len(machine.ran) == 4  # one calibration, three scales
    assert np.abs((drawn.values_RK - exact) / np.sqrt(drawn.variance_RK)).max() < 4
    again = copied(backend).run(program, angles, shots=4096, seed=1)
    np.testing.assert_array_equal(again.values_RK, drawn.values_RK)
    told = drawn.record["extrapolation"]
    assert told["scales"] == [1, 3, 5]
    assert told["runs"][0]["readout"]["method"] == readout


def test_mean_and_variance_of_lines_are_those_of_repeated_runs():
    program, angles, _ = case()
    backend = ExtrapolatedBackend(KnownBackend(kept=0.97), method="linear")
    limit = backend.run(program, angles, shots=None, seed=None).values_RK
    runs = [backend.run(program, angles, shots=100, seed=seed) for seed in range(1, 41)]
    values, told = np.array([run.values_RK for run in runs]), np.mean([run.variance_RK for run in runs], axis=0)
    np.testing.assert_allclose(values.var(axis=0, ddof=1), told, rtol=0.8)  # 40 runs: a standard error of 22 %
    np.testing.assert_array_less(np.abs(values.mean(axis=0) - limit), 4 * np.sqrt(told / len(runs)))


def test_draws_of_different_scales_are_independent():
    program, angles, _ = case()
    machine = KnownBackend(errors=NONE)  # no noise: equal draws would be equal values
    steps = ExtrapolatedBackend(machine).run(program, angles, shots=100, seed=1).record["extrapolation"]["steps"]
    assert min(steps) > 0


def test_fall_backs_of_an_exponential_are_told_and_logged(caplog):
    caplog.set_level("INFO", "qml")
    program, angles, _ = case()
    outcome = ExtrapolatedBackend(KnownBackend(kept=0.5), method="exponential").run(program, angles, shots=50, seed=1)
    told = outcome.record["extrapolation"]
    assert 0 < told["fell_back"] <= told["of_values"] == 6
    assert f"{told['fell_back']} of 6 values fell back to a line" in caplog.text


def noisy_machine():
    """A machine whose noise is not the same for all Pauli words, so that no fit brings back exact values."""
    pytest.importorskip("qiskit_aer")
    from qml.backends.aer import AerBackend

    return AerBackend(noise="fake_lagos")


def gradient_error(machine):
    """Gradient of the inputs by shift rules against finite differences of the very values that the machine gives."""
    program = angle(2) + sel(2, depth=1)
    rng = np.random.default_rng(1)
    inputs, weights, cotangent = rng.normal(size=(2, 2)), rng.normal(size=program.n_weights), rng.normal(size=(2, 2))
    found = ShiftedExecutor(machine).vjp(program, inputs, weights, cotangent).inputs_BD
    moves = 1e-5 * np.eye(2)
    values = [
        ShiftedExecutor(machine).forward(program, inputs + sign * move, weights).values_BK
        for move in moves
        for sign in (1, -1)
    ]
    ends = np.einsum("mbk,bk->bm", np.array(values[::2]) - np.array(values[1::2]), cotangent) / 2e-5
    return np.abs(found - ends).max()


@pytest.mark.parametrize("method", ["linear", "quadratic", "richardson"])
def test_gradients_through_the_shift_rule(method):
    machine = mitigated(noisy_machine(), ["readout", {"zne": {"method": method}}])
    assert machine.target.linear
    assert gradient_error(machine) < 1e-8


def test_an_exponential_has_no_gradient_by_shifts():
    machine = mitigated(noisy_machine(), [{"zne": {"method": "exponential"}}])
    assert not machine.target.linear
    with pytest.raises(CapabilityError, match="method=linear, quadratic or richardson, take `SpsaExecutor`"):
        gradient_error(machine)
    told = CountingBackend(machine, linear=True)  # as if it were
    assert gradient_error(told) > 1e-4


@pytest.mark.parametrize("plan", ["eager", "weighted"])
def test_an_exponential_is_refused_before_anything_runs(plan):
    program, _, _ = case()
    inputs, weights = np.zeros((2, 3)), np.zeros(program.n_weights)
    machine = CountingBackend(mitigated(KnownBackend(gate_set=NATIVE), [{"zne": {"method": "exponential"}}]))
    executor = ShiftedExecutor(machine, plan=plan)
    for call in (
        lambda: executor.forward(program, inputs, weights, keep=True),
        lambda: executor.slopes(program, inputs, weights),
        lambda: executor.vjp(program, inputs, weights, np.ones((2, 3))),
    ):
        with pytest.raises(CapabilityError, match="shift rules hold for what is linear"):
            call()
    assert machine.jobs == []
    executor.forward(program, inputs, weights)
    found = SpsaExecutor(machine).vjp(program, inputs, weights, np.ones((2, 3)), seed=1)
    assert np.isfinite(found.weights).all()


def test_mitigations_by_name():
    machine = KnownBackend()
    assert mitigated(machine, []) is machine
    assert mitigated(machine, ["zne", "readout"]) == ExtrapolatedBackend(ReadoutMitigatedBackend(machine))
    made = mitigated(machine, {"m3": {"shots": 100}, "zne": None})
    assert made == ExtrapolatedBackend(ReadoutMitigatedBackend(machine, 100, "m3"))
    assert mitigated(machine, ["twirled_readout"]).method == "twirled"
    assert {*MITIGATIONS} == {"readout", "m3", "twirled_readout", "zne"}
    digests = {mitigated(machine, [name]).target.digest for name in MITIGATIONS} | {machine.target.digest}
    assert len(digests) == 5


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (["zme"], "Did you mean 'zne'"),
        ("zne", "a list of names"),
        (["zne", "zne"], "more than once"),
        ([{"zne": {"scale": [1, 3]}}], "Did you mean 'scales'"),
        ([{"m3": {"method": "tensored"}}], "option of mitigation m3"),
        ([{"zne": 3}], "names with values"),
        ([{"zne": {"scales": [1, 2, 3]}}], "odd whole numbers"),
        ([{"zne": {"scales": [1]}}], "at least 2 different scales"),
        ([{"zne": {"fold": "random"}}], "Known: local, global"),
        ([{"zne": {"steepest": 0.5}}], "a factor of 1 or more"),
    ],
)
def test_names_and_options_that_are_not_known_are_refused(named, message):
    with pytest.raises(ConfigError, match=message):
        mitigated(KnownBackend(), named)


def test_mitigations_that_do_not_go_together_are_refused():
    with pytest.raises(CapabilityError, match="mitigated already"):
        mitigated(KnownBackend(), ["readout", "m3"])
    with pytest.raises(CapabilityError, match="extrapolates already"):
        ExtrapolatedBackend(ExtrapolatedBackend(KnownBackend()))
    with pytest.raises(CapabilityError, match="no outcomes of shots"):
        mitigated(ValuesOnly(), ["readout", "zne"])


@pytest.mark.parametrize("names", [["m3"], ["twirled_readout", {"zne": {"scales": (1, 3)}}]])
def test_they_are_backends(names):
    machine = KnownBackend(2, errors=((0.02, 0.06), (0.05, 0.01)))
    check_backend(mitigated(machine, names)).raise_if_failed()
