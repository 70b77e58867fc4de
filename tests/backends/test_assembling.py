"""Words that name who runs circuits: what they make, what they are called, and what does not go together."""

import pickle

import numpy as np
import pytest

from qml import config
from qml.backends import BACKENDS, EXECUTORS, check_program, executor_named, name_of
from qml.backends.assembling import assembled, watched, with_machine
from qml.backends.labelled import LabelledExecutor
from qml.backends.noise import DEVICE_QUBITS, device_noise, noise_named
from qml.backends.watched import Ledger, WatchedExecutor
from qml.base.errors import CapabilityError, ConfigError
from qml.base.registry import Registry
from qml.circuits import READOUTS, angle, sel
from qml.estimators import Backend, Noise
from tests.programs import random_values

PROGRAM = angle(2) + sel(2, depth=1)
INPUTS = np.linspace(-1, 1, 6).reshape(3, 2)
WEIGHTS = np.linspace(0.1, 0.9, PROGRAM.n_weights)


def values(executor, seed=None):
    return executor.forward(PROGRAM, INPUTS, WEIGHTS, seed=seed).values_BK


EXACT = values(executor_named("reference"))


def test_a_name_alone_is_that_executor_under_its_own_name():
    for name in ("engine_cpu", "reference"):
        made = assembled(name)
        assert type(made) is type(executor_named(name))
        assert name_of(made) == name
        assert Backend(name).resolve() == name


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        ({"executor": "engine_gpu"}, CapabilityError, "no such executor is available.*Choose engine_cpu"),
        ({"executor": "nosy"}, ConfigError, "backend 'nosy' is not known. Did you mean 'noisy'"),
        (
            {"executor": "noisy", "noise": "fake_manilla"},
            ConfigError,
            "noise 'fake_manilla' is not known. Did you mean 'fake_manila'",
        ),
        (
            {"noise": "depolarising"},
            CapabilityError,
            "noise=depolarising was asked of 'engine_cpu'.*aer, noisy and braket",
        ),
        (
            {"executor": "fake_ibm", "noise": "fake_manila", "shots": 9},
            CapabilityError,
            r"asked of 'fake_ibm', a snapshot of a device, which brings the noise .*backend.options.device=fake_lagos",
        ),
        (
            {"executor": "ibm", "options": {"device": "ibm_x"}, "noise": "fake_manila"},
            CapabilityError,
            "asked of 'ibm', a device, which brings its own",
        ),
        (
            {"executor": "braket", "noise": "fake_manila"},
            CapabilityError,
            "device 'local:braket_sv'; .* Say backend.options.device=local:braket_dm, or noise=none",
        ),
        (
            {"executor": "braket", "options": {"device": "arn:aws:x"}, "noise": "fake_manila"},
            CapabilityError,
            "a machine brings its own",
        ),
        ({"noise_options": {"path": "x"}}, ConfigError, "noise=none was given with path"),
        ({"shots": 0}, ConfigError, "was asked for shots=0; shots are a whole number"),
        ({"shots": 1.5}, ConfigError, r"was asked for shots=1\.5; shots are a whole number"),
        ({"executor": "propagation", "shots": 10}, CapabilityError, "of which none can be drawn"),
        ({"mitigation": ["readuot"]}, ConfigError, "mitigation 'readuot' is not known. Did you mean 'readout'"),
        ({"mitigation": ["zne"]}, CapabilityError, "which has no noise to mitigate"),
        ({"mitigation": [{"zne": {}, "readout": {}}]}, ConfigError, "write one name each"),
        ({"jobs": {"path": "jobs.sqlite"}}, ConfigError, "runs here and keeps no jobs"),
        ({"executor": "noisy", "jobs": {"pth": "x"}}, ConfigError, "Did you mean 'path'"),
        ({"executor": "aer", "jobs": {"budget": 3}}, ConfigError, "runs here and keeps no jobs"),
        ({"gradient": {"plan": "weighted"}}, ConfigError, "which differentiates by itself"),
        ({"executor": "aer", "gradient": {"plam": "weighted"}}, ConfigError, "Did you mean 'plan'"),
        ({"executor": "aer", "options": {"methd": "statevector"}}, ConfigError, "Did you mean 'method'"),
        ({"executor": "aer", "options": {"noise": "fake_manila"}}, ConfigError, "noise= is a word of its own"),
        ({"executor": "aer", "gradient": {"shots": 3}}, ConfigError, "shots= is a word of its own"),
        ({"executor": "ibm"}, ConfigError, "backend=ibm was asked for without its device"),
        ({"executor": "aer", "shots": True}, ConfigError, "was asked for shots=True; shots are a whole number"),
    ],
)
def test_what_does_not_go_together_is_refused(words, error, said):
    with pytest.raises(error, match=said):
        assembled(**words)


def test_shots_of_the_engine_are_drawn():
    made = assembled(shots=4000)
    assert not made.capabilities.exact
    np.testing.assert_allclose(values(made, seed=3), EXACT, atol=0.1)
    assert np.array_equal(values(made, seed=3), values(assembled(shots=4000), seed=3))
    assert not np.array_equal(values(made, seed=3), values(made, seed=4))


def test_noise_changes_values_and_both_machines_agree():
    noisy, aer = (values(assembled(name, noise="fake_manila")) for name in ("noisy", "aer"))
    assert np.abs(noisy - EXACT).max() > 0.01
    np.testing.assert_allclose(aer, noisy, atol=1e-10)


@pytest.mark.parametrize("mitigation", ["zne", "readout"])
def test_shots_of_the_noisy_executor_scatter_around_what_it_gives_exactly(mitigation):
    program = PROGRAM.with_readout(READOUTS["xyz"](2))
    inputs, weights = random_values(np.random.default_rng(5), program, 6)
    words = {"executor": "noisy", "noise": "fake_lagos"}
    exact = assembled(**words).forward(program, inputs, weights).values_BK
    drawn = assembled(**words, shots=4000).forward(program, inputs, weights, seed=1)
    spread = np.sqrt(drawn.variance_BK + 1e-6)
    assert np.abs((drawn.values_BK - exact) / spread).max() < 4.5
    assert np.abs((drawn.values_BK - exact - 0.2) / spread).max() > 4.5  # a wrong value is seen
    better = assembled(**words, shots=20000, mitigation=[mitigation]).forward(program, inputs, weights, seed=1)
    wanted = assembled(**words, mitigation=[mitigation]).forward(program, inputs, weights).values_BK
    assert np.abs(better.values_BK - wanted).max() < 0.25


@pytest.mark.parametrize("words", [{"executor": "aer", "shots": 100}, {"executor": "noisy", "noise": "fake_manila"}])
def test_perturbation_is_a_gradient_by_a_word(words):
    inputs, weights = random_values(np.random.default_rng(6), PROGRAM, 3)
    spsa = assembled(**words, gradient={"method": "spsa", "repeats": 2}) if "shots" in words else None
    if spsa is None:
        with pytest.raises(ConfigError, match="differentiates by itself"):
            assembled(**words, gradient={"method": "spsa"})
        spsa = assembled(**words, shots=100, gradient={"method": "spsa"})
    found = spsa.vjp(PROGRAM, inputs, weights, np.ones((3, PROGRAM.n_values)), seed=1)
    assert found.weights.shape == weights.shape
    assert (
        assembled("aer", gradient="spsa").capabilities.name
        == assembled("aer", gradient={"method": "spsa"}).capabilities.name
    )
    assert not spsa.capabilities.second_order
    with pytest.raises(ConfigError, match="Did you mean 'spsa'"):
        assembled("aer", gradient={"method": "spas"})
    with pytest.raises(ConfigError, match=r"backend=aer backend\.gradient\.method"):
        assembled("spsa", {"backend": "aer"})


def test_words_of_a_gradient_need_no_plus_and_null_is_none():
    job = config.build(["backend=aer", "backend.gradient.method=spsa", "backend.gradient={repeats: 2}"])
    assert dict(job.backend.gradient) == {"method": "spsa", "repeats": 2}
    assert config.build(["backend=aer"]).backend.gradient == ()


@pytest.mark.parametrize("name", ["states", "tangents", "sample"])
def test_what_an_executor_does_not_give_is_refused_in_words(name):
    shots = {"shots": 5, "seed": 1} if name == "sample" else {}
    with pytest.raises(CapabilityError, match=r"noisy\(noise=fake_manila.*does not give them"):
        getattr(assembled("noisy", noise="fake_manila"), name)(PROGRAM, INPUTS, WEIGHTS, **shots)


def test_all_that_decides_values_is_in_the_name_and_jobs_are_not():
    crossed = [
        {},
        {"noise": "depolarising"},
        {"noise": "depolarising", "noise_options": {"p2": 0.1}},
        {"noise": "fake_manila"},
        {"noise": "fake_manila", "shots": 100},
        {"noise": "fake_manila", "shots": 100, "mitigation": ("readout",)},
        {"noise": "fake_manila", "shots": 100, "mitigation": ("readout", "zne")},
        {"noise": "fake_manila", "shots": 100, "mitigation": ("readout",), "gradient": {"plan": "weighted"}},
    ]
    names = [name_of(assembled("aer", **words)) for words in crossed]
    assert len(set(names)) == len(names)
    assert names == [name_of(assembled("aer", **words)) for words in crossed]
    assert name_of(assembled("aer", **{**crossed[6], "mitigation": ("zne", "readout")})) == names[6]


@pytest.mark.parametrize("device", ["local:braket_dm", "braket_dm"])
def test_noise_reaches_brakets_density_matrix(device):
    noise = noise_named("fake_manila")
    machine = with_machine(assembled("braket", {"device": device}, noise="fake_manila"), lambda found: found)[1]
    assert machine.noise == noise
    assert machine.target.n_qubits == 5
    bare = with_machine(assembled("braket", {"device": device}), lambda found: found)[1]
    assert bare.noise is None


@pytest.mark.parametrize(
    ("words", "n_qubits", "said"),
    [
        ({"noise": "fake_manila"}, 6, r"at most 5\. .*or noise=fake_lagos \(7\) or noise=fake_guadalupe \(16\)\.$"),
        ({"noise": "fake_manila"}, 8, r"at most 5\. .*qubits, or noise=fake_guadalupe \(16\)\.$"),
        ({"noise": "fake_guadalupe"}, 17, r"at most 16\. .*noise=snapshot of a larger device"),
        ({}, 40, "executor='propagation'"),
    ],
)
def test_a_machine_that_is_too_small_is_answered_by_larger_ones(words, n_qubits, said):
    with pytest.raises(CapabilityError, match=said) as caught:
        check_program(angle(n_qubits), WatchedExecutor(assembled("aer", **words)))
    assert ("propagation" in str(caught.value)) == (not words)


def test_devices_have_the_sizes_that_are_told():
    assert {name: device_noise(name).target.n_qubits for name in DEVICE_QUBITS} == DEVICE_QUBITS


def test_mitigations_in_any_order_are_the_same_words():
    first, second = (Backend("aer", mitigation=words) for words in (["readout", "zne"], [{"zne": None}, "readout"]))
    assert first.words == second.words
    assert first.words["mitigation"] == ["readout", "zne"]
    assert Backend("aer", mitigation=["zne", {"readout": {"shots": 5}}]).words["mitigation"][0] == {
        "readout": {"shots": 5}
    }


def test_what_is_put_together_travels():
    made = assembled("aer", noise="fake_manila", shots=200, mitigation=["readout"])
    again = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert name_of(again) == name_of(made)
    assert np.array_equal(values(again, seed=5), values(made, seed=5))


def test_a_ledger_counts_what_the_machine_ran_below_mitigation():
    ledger = Ledger()
    made = watched(assembled("aer", noise="depolarising", mitigation=["zne"]), ledger)
    assert isinstance(made, LabelledExecutor)
    values(made)
    assert ledger.circuits > len(INPUTS), "folded circuits are counted"
    assert ledger.runs >= 1
    plain = executor_named("engine_cpu")
    assert watched(plain, ledger) is plain


@pytest.mark.parametrize("plan", ["eager", "weighted"])
@pytest.mark.parametrize("wrap", [lambda made: made, WatchedExecutor])
def test_a_layer_on_data_spares_the_shifts_of_inputs(plan, wrap):
    """A first layer wants no gradient of its inputs: their shifts are not run, under whatever name the machine goes."""
    torch, circuit = pytest.importorskip("torch"), pytest.importorskip("qml.layers.torch")
    program, ledger, rows = angle(2) + sel(2, depth=1), Ledger(), torch.zeros(3, 2, dtype=torch.float64)
    executor = wrap(watched(assembled(shots=50, gradient={"plan": plan}), ledger))
    layer = circuit.CircuitLayer(program, executor=executor).double()
    layer(rows).sum().backward()
    spared = 50 * 3 * (1 + 2 * program.n_weights)
    assert ledger.executions <= spared
    layer(rows.requires_grad_()).sum().backward()
    assert ledger.executions > 2 * spared


def test_watched_draws_go_by_their_number_and_not_by_chance():
    runs = [WatchedExecutor(assembled(shots=50), 3) for _ in range(2)]
    first, second = (
        [values(run, seed=seed) for seed in seeds] for run, seeds in zip(runs, ((1, 2), (8, 9)), strict=True)
    )
    assert np.array_equal(first[0], second[0])
    assert not np.array_equal(first[0], first[1])
    assert [part.shape for part in runs[0].ledger.variance] == [(3, 2)] * 2


class SomeMachine:
    """A machine of one's own: exact, without noise."""

    def __init__(self, inner=None):
        from qml.backends.reference import ReferenceBackend

        self.inner = ReferenceBackend()
        self.target = self.inner.target

    def run(self, program, slots_RS, *, shots, seed):
        return self.inner.run(program, slots_RS, shots=shots, seed=seed)


def test_a_registered_machine_takes_the_same_words(monkeypatch):
    mine = Registry("backend")
    mine.add("mine", SomeMachine)
    monkeypatch.setattr("qml.backends.assembling.BACKENDS", mine)
    np.testing.assert_allclose(values(assembled("mine")), EXACT, atol=1e-12)
    with pytest.raises(CapabilityError, match="noise=depolarising was asked of 'mine'"):
        assembled("mine", noise="depolarising")
    with pytest.raises(ConfigError, match="keeps no jobs"):
        assembled("mine", jobs={"path": "x"})


def test_words_of_an_executor_of_your_own_are_refused():
    with pytest.raises(ConfigError, match=r"noise, shots was asked of qml.a:b, an Executor of your own"):
        Backend(make="qml.a:b", noise="fake_manila", shots=3)


def test_a_backend_is_a_value():
    one = Backend(
        "aer", noise=Noise("depolarising", options={"p2": 0.1}), shots=5, mitigation=["zne"], jobs={"path": None}
    )
    assert one == pickle.loads(pickle.dumps(one))  # noqa: S301
    assert one.jobs == ()
    assert not one.is_plain
    assert Backend("aer").crossed(one.noise, 5, ["zne"]) == one


def test_the_tables_name_what_the_words_name():
    assert {"engine_cpu", "sampled", "surrogate", "lightning", "noisy"} <= set(EXECUTORS)
    assert "aer" in BACKENDS


def test_a_noise_model_of_ones_own_is_taken_as_it_is():
    from qml.backends.noise import GateNoise, NoiseModel, depolarising

    mine = NoiseModel((GateNoise(depolarising(0.001)), GateNoise(depolarising(0.01, n_wires=2))))
    named = assembled("noisy", noise="depolarising")
    np.testing.assert_allclose(values(assembled("noisy", noise=mine)), values(named), atol=1e-12)
    assert name_of(assembled("noisy", noise=mine)).startswith("noisy(noise=own#")
    assert len(repr(assembled("noisy", noise="fake_manila"))) < 100
    assert len(repr(mine + mine)) < 120
    with pytest.raises(ConfigError, match="A NoiseModel was given with p1"):
        assembled("noisy", noise=mine, noise_options={"p1": 0.1})


def test_one_mitigation_needs_no_list_and_none_is_none():
    listed = assembled("aer", noise="fake_manila", shots=10, mitigation=["readout"])
    assert assembled("aer", noise="fake_manila", shots=np.int64(10), mitigation="readout") == listed
    assert Backend("aer", mitigation="readout").mitigation == ("readout",)  # pyright: ignore[reportArgumentType]
    assert name_of(assembled("aer", noise=None, shots=10, mitigation=None)) == "aer(shots=10)"


def test_a_machine_and_an_executor_in_the_place_of_the_other_are_told_apart():
    from qml.backends import backend_named

    with pytest.raises(ConfigError, match="only runs circuits"):
        executor_named(backend_named("reference"))
    with pytest.raises(ConfigError, match="'noisy' is an Executor"):
        backend_named("noisy")


@pytest.mark.parametrize("wrap", [lambda one: LabelledExecutor(one, "mine"), WatchedExecutor])
def test_a_circuit_in_front_learns_from_data_that_want_no_gradient(wrap):
    torch = pytest.importorskip("torch")
    from qml.backends.reference import ReferenceBackend
    from qml.backends.shifts import ShiftedExecutor
    from qml.layers.torch import CircuitLayer

    wrapped = wrap(ShiftedExecutor(ReferenceBackend(), plan="eager"))
    assert wrapped.capabilities.spares_inputs
    gradients = []
    for executor in ("engine_cpu", wrapped):
        layer = CircuitLayer(PROGRAM, executor=executor, seed=0).double()
        layer(torch.tensor(INPUTS)).square().sum().backward()
        gradients.append(torch.cat([one.grad.flatten() for one in layer.parameters()]).numpy())
    np.testing.assert_allclose(gradients[1], gradients[0], atol=1e-8)
    assert np.abs(gradients[0]).max() > 0.01
