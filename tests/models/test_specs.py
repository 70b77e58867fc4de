"""Models as values: they pickle, digest, build the same weights from the same seed, and count their parameters."""

from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
from torch import nn

from qml.base.digest import digest
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.circuits import CIRCUITS, angle, sel
from qml.layers.torch import CircuitLayer
from qml.models import KINDS, MODELS, CircuitSpec, Cnn, Head, HybridSpec, Identity, Mlp, Model, Own, Signature, Spec
from qml.models.fourier import spectrum
from qml.models.hybrid import Angles, Hybrid
from qml.models.published import Published

FLAT = Signature((20,), 3)


def spec(**changes):
    small = {"circuit": CircuitSpec("sel", 4, 2), "signature": FLAT, "executor": "reference"}
    return HybridSpec(**{**small, **changes})


def test_a_baseline_is_called_by_what_it_is_fitted_to():
    number = Signature((20,), 1, kind="number")
    titles = {
        name: [MODELS[name]().title, *(MODELS[name]().on(s).title for s in (FLAT, number))]
        for name in ("logistic", "majority")
    }
    assert titles == {
        "logistic": ["Logistic regression", "Logistic regression", "Ridge regression"],
        "majority": ["Majority class", "Majority class", "Mean"],
    }


@pytest.mark.parametrize("name", list(MODELS))
def test_registered_models_are_specs(name):
    made = MODELS[name]()
    signature = Signature((1, 8, 8), 3) if name == "cnn" else FLAT
    if isinstance(made, Published):
        signature = Signature((16,), 2) if made.name in ("weinet", "quanvolution", "study_cnn") else Signature((4,), 2)
    made = made.on(signature)
    assert isinstance(made, Spec)
    assert digest(ForkingPickler.loads(ForkingPickler.dumps(made))) == digest(made)
    assert made.title
    for key, choices in made.space.items():
        assert digest(made.with_settings({key: choices[0]})) is not None
    assert made.build(1) is not None


@pytest.mark.parametrize("framework", ["torch", "jax"])
@pytest.mark.parametrize("features", [Identity(), Mlp((16,))])
@pytest.mark.parametrize("kind", ["", *KINDS])
def test_parameter_counts(framework, features, kind):
    made = spec(features=features, ablation=kind, framework=framework, head=Head((5,)))
    front = {Identity: 20 * 4 + 4, Mlp: 20 * 16 + 16 + 16 * 4 + 4}[type(features)]
    behind = 4 * 5 + 5 + 5 * 3 + 3
    width = 2 * len(spectrum(made.program)) + 1
    instead = {"twin": 24, "surrogate": 4 * width, "random_features": 4 * width, "unweighted": -behind}.get(kind, 0)
    quantum = {"": 24, "product": 24, "unweighted": 24}.get(kind, 0)
    model = made.build(2)
    assert isinstance(model, Model)
    assert model.parameter_counts() == {"quantum": quantum, "classical": front + behind + instead}


def test_ablations_share_all_but_the_circuit():
    whole = spec().build(5)
    for kind in KINDS:
        other = spec(ablation=kind).build(5)
        for part in ("features", "angles") if kind == "unweighted" else ("features", "angles", "head"):
            pairs = zip(getattr(whole, part).parameters(), getattr(other, part).parameters(), strict=True)
            assert all(torch.equal(a, b) for a, b in pairs)
    assert torch.equal(spec(ablation="frozen").build(5).circuit.weights, whole.circuit.weights)
    assert torch.equal(spec(ablation="product").build(5).circuit.weights, whole.circuit.weights)


def test_seed_decides_all_and_leaves_torch_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    first, second, third = spec().build(1), spec().build(1), spec().build(2)
    assert torch.equal(torch.rand(3), expected)
    inputs = torch.randn(5, 20)
    assert torch.equal(first(inputs), second(inputs))
    assert not torch.equal(first(inputs), third(inputs))


@pytest.mark.parametrize("kind", ["", "frozen", "product", "unweighted"])
def test_the_circuit_is_the_only_path(kind):
    model = spec(ablation=kind).build(1)

    class Constant(nn.Module):
        def forward(self, inputs):
            return torch.ones(len(inputs), 4)

    model.circuit = Constant()
    outputs = model(torch.randn(6, 20))
    assert torch.equal(outputs, outputs[:1].expand_as(outputs))


def test_product_has_no_entanglement():
    inputs = torch.randn(7, 4)
    layer = spec(ablation="product").build(1).circuit
    moved = inputs.clone()
    moved[:, 0] += 1.0
    changed = (layer(inputs) - layer(moved)).abs().amax(0) > 1e-6
    assert changed.tolist() == [True, False, False, False]


def test_product_refuses_prepared_states():
    with pytest.raises(CapabilityError, match="Leave the arm"):
        spec(circuit=CircuitSpec("amplitude", 3, 1), ablation="product").check()


def test_hybrid_by_hand_with_own_features_and_ablations():
    layer = CircuitLayer(angle(3) + sel(3, depth=1), executor="reference", seed=1)
    model = Hybrid(nn.Sequential(nn.Flatten(), nn.Linear(12, 7), nn.GELU()), layer, nn.Linear(3, 2), Angles(7, 3))
    assert model(torch.randn(4, 3, 2, 2)).shape == (4, 2)
    assert model.parameter_counts()["quantum"] == 9
    for kind in KINDS:
        assert model.ablate(kind)(torch.randn(4, 12)).shape == (4, 2)
    assert sum(p.numel() for p in model.part_parameters("all")) == sum(model.parameter_counts().values())
    with pytest.raises(CapabilityError, match="holds no Program"):
        Hybrid(nn.Flatten(), nn.Linear(3, 3), nn.Linear(3, 2)).ablate("twin")
    with pytest.raises(ConfigError, match="Did you mean 'frozen'"):
        model.ablate("frozn")


@dataclass(frozen=True)
class Pooling:
    """Features of a user's own: means of four neighbours."""

    def build(self, input_shape):
        return nn.AvgPool1d(4)


def test_own_features_as_value_and_by_address():
    assert spec(features=Pooling()).build(1)(torch.randn(6, 20)).shape == (6, 3)
    by_address = Own("tests.models.test_specs:pooled", {"size": 5})
    assert spec(features=by_address).build(1)(torch.randn(6, 20)).shape == (6, 3)
    with pytest.raises(ConfigError, match="that can be imported"):
        spec(features=Own("tests.models.test_specs:absent")).build(1)


def pooled(input_shape, size):
    return nn.AvgPool1d(size)


def test_cnn_takes_images_and_refuses_rows():
    images = spec(features=Cnn((4, 8), 16), signature=Signature((1, 12, 12), 3))
    assert images.build(1)(torch.randn(5, 1, 12, 12)).shape == (5, 3)
    assert spec(features=Cnn((4,), 8), signature=Signature((12, 12), 3)).build(1)(torch.randn(5, 12, 12)).shape == (
        5,
        3,
    )
    with pytest.raises(ShapeError, match="Use features 'mlp'"):
        spec(features=Cnn()).build(1)
    with pytest.raises(ConfigError, match="needs images"):
        MODELS["cnn"]().on(FLAT).check()


def test_bad_specs_are_refused():
    with pytest.raises(ConfigError, match="Did you mean 'twin'"):
        spec(ablation="twn")
    with pytest.raises(ConfigError, match="without a signature"):
        HybridSpec().build(1)
    with pytest.raises(ConfigError, match="Did you mean 'sel'"):
        CircuitSpec("sell").resolve()
    with pytest.raises(CapabilityError, match="'identity' or 'mlp'"):
        spec(features=Cnn(), framework="jax").build(1)
    with pytest.raises(ConfigError, match="has no input slot"):
        spec(circuit=CircuitSpec("own", program=sel(4, depth=1))).check()
    with pytest.raises(ConfigError, match="Known: C"):
        MODELS["logistic"]().with_settings({"c": 1.0})


@pytest.mark.parametrize("circuit", [name for name in CIRCUITS if name != "amplitude"])
@pytest.mark.parametrize("n_qubits", [2, 4, 8])
@pytest.mark.parametrize("depth", [1, 3])
def test_every_circuit_has_a_twin_within_ten_per_cent(circuit, n_qubits, depth):
    made = HybridSpec(circuit=CircuitSpec(circuit, n_qubits, depth))
    program, block = made.program, made.block
    assert abs(block.n_parameters - program.n_weights) <= 0.1 * program.n_weights
    assert (block.layers[0].n_in, block.layers[-1].n_out) == (program.n_inputs, program.n_values)


def test_jax_and_torch_twins_count_alike_and_stay_bounded():
    jax = pytest.importorskip("jax")
    made = spec(ablation="twin", framework="jax")
    model = made.build(1)
    params = model.init(3)
    assert sum(leaf.size for leaf in jax.tree.leaves(params["block"])) == made.block.n_parameters
    twin = spec(ablation="twin").build(3).circuit
    values = twin(10 * torch.randn(50, 4))
    assert values.abs().max() <= 1
    assert np.isfinite(model.apply(params, np.zeros((2, 20), np.float32))).all()


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_numbers_come_in_the_units_of_the_target(framework):
    plain = spec(signature=Signature((20,), 1, "number"), framework=framework)
    scaled = plain.on(Signature((20,), 1, "number", center=150.0, scale=20.0))
    inputs = np.random.default_rng(0).normal(size=(6, 20)).astype(np.float32)
    if framework == "torch":
        first, second = (made.build(4)(torch.from_numpy(inputs)).detach().numpy() for made in (plain, scaled))
    else:
        first, second = (np.asarray(made.build(4).apply(made.build(4).init(4), inputs)) for made in (plain, scaled))
    np.testing.assert_allclose(second, 150 + 20 * first, rtol=1e-5)
