"""The study's models: published sizes and grids, whole networks written out anew, scaling, losses that go down."""

import math
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import scipy.linalg
import torch

from qml.base.digest import digest
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.models import MODELS, LookingSpec, Signature
from qml.models.published import (
    PUBLISHED,
    Boltzmann,
    CircuitCentric,
    DataReuploading,
    Dressed,
    IqpVariational,
    MetricLearner,
    Quanvolution,
    SeparableVariational,
    StudyCnn,
    StudyMlp,
    TreeTensor,
    WeiNet,
)
from qml.models.published.gibbs import gibbs_mean, signs
from qml.models.published.image_networks import filter_table
from qml.models.published.spec import fitted_scaling

RNG = np.random.default_rng(3)


def two(n):
    return Signature((n,), 2)


def count(model):
    return sum(parameter.numel() for parameter in model.build(1).parameters())


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (Dressed(two(4), depth=10), 64),
        (CircuitCentric(two(10), copies=2, depth=10), 241),
        (DataReuploading(two(4), depth=1), 26),
        (DataReuploading(two(10), depth=5, read="full"), 152),
        (DataReuploading(two(10), depth=15), 386),
        (TreeTensor(two(10)), 8),
        (WeiNet(two(16)), 13),
        (WeiNet(two(256)), 9 + 22),
        (IqpVariational(two(4), depth=10), 120),
        (MetricLearner(two(10), depth=4), 88),
        (Boltzmann(two(4)), 14 * 4),
        (Boltzmann(two(4), separable=True), 8 * 4),
        (SeparableVariational(two(10), depth=3), 120),
    ],
)
def test_published_sizes(model, parameters):
    assert count(model) == parameters


@pytest.mark.parametrize(
    ("made", "points"),
    [
        (CircuitCentric, 27),
        (DataReuploading, 36),
        (Dressed, 12),
        (IqpVariational, 36),
        (MetricLearner, 9),
        (Boltzmann, 27),
        (TreeTensor, 3),
        (WeiNet, 9),
        (Quanvolution, 54),
        (StudyCnn, 9),
        (SeparableVariational, 12),
    ],
)
def test_published_grids(made, points):
    assert made().grid_points == points


def test_each_is_registered_with_its_separable_version():
    for made in PUBLISHED:
        assert type(MODELS[made.name]()) is made
        if made not in (SeparableVariational, StudyCnn):
            assert MODELS[f"{made.name}_separable"]() == made(separable=True)
            assert MODELS[f"{made.name}_separable"]().entry == f"{made.name}_separable"
        assert isinstance(made(), LookingSpec)


def signature_of(name):
    return two(16) if name.startswith(("weinet", "quanvolution", "study_cnn")) else two(4)


@pytest.mark.parametrize(
    "name", [n for made in PUBLISHED for n in (made.name, f"{made.name}_separable") if n in MODELS]
)
def test_seed_decides_all_and_the_values_travel(name):
    model = MODELS[name]().on(signature_of(name))
    assert digest(ForkingPickler.loads(ForkingPickler.dumps(model))) == digest(model)
    rows = torch.from_numpy(RNG.normal(size=(5, model.n_features)).astype(np.float32))
    first, again, other = (model.build(seed).eval() for seed in (1, 1, 2))
    with torch.no_grad():
        assert torch.equal(first(rows), again(rows))
        differ = not torch.allclose(first(rows), other(rows))
    assert differ or name.startswith("metric")  # whose examples are all zero before it has looked at rows


def test_two_classes_only():
    for made in PUBLISHED:
        with pytest.raises(ConfigError, match="defined for two classes"):
            made(Signature((16,), 3)).check()
    with pytest.raises(ConfigError, match="square images"):
        WeiNet(two(10)).check()
    with pytest.raises(ConfigError, match="separable"):
        StudyCnn(separable=True)
    with pytest.raises(ConfigError, match="Did you mean 'half'"):
        DataReuploading(two(4), read="hal").build(1)


COUNTED = "give a whole number of at least 1"
BAD_SETTINGS = [
    *[(made, name, value, COUNTED) for made in PUBLISHED for name in made.counts for value in (0, -1, 1.5, "x", None)],
    *[(made, name, "nope", f"{name} 'nope' is not known") for made in PUBLISHED for name in made.known],
    (Boltzmann, "pairs", "nope", "pairs 'nope' is not known. Known: own, shared"),
    (IqpVariational, "pairs_in", "frist", "Did you mean 'first'"),
    (WeiNet, "moves", "x", "moves 'x' is not known. Known: last, nine"),
    (WeiNet, "filter_name", "x", "Known: edge_detect, sharpen, smooth"),
    *[(Boltzmann, "temperature", value, "give a finite number above 0") for value in (0, -1, np.nan, np.inf, "x")],
    *[(StudyMlp, "widths", value, "give a list of whole numbers") for value in ("x", (), (0,), [10, -1], (2.5,), 10)],
    *[(StudyMlp, "alpha", value, "give a finite number of at least 0") for value in (-1, np.nan, "x")],
    *[(StudyMlp, "batch_size", value, COUNTED) for value in (0, 1.5, "x")],
    *[(StudyMlp, "learning_rate", value, "give a finite number above 0") for value in (0, -1, np.nan, "x")],
]


@pytest.mark.parametrize(("made", "name", "value", "words"), BAD_SETTINGS)
def test_settings_that_make_no_model_are_refused(made, name, value, words):
    with pytest.raises(ConfigError, match=words):
        made(**{name: value})
    with pytest.raises(ConfigError, match=words):
        made().with_settings({name: value})


def test_every_count_of_the_published_grids_is_checked():
    for made in PUBLISHED:
        counted = {name for name, values in made.choices.items() if all(isinstance(value, int) for value in values)}
        assert counted <= set(made.counts)
        assert {name for name, values in made.choices.items() if isinstance(values[0], str)} <= set(made.known)


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (Boltzmann(two(1)), ConfigError, "couples pairs of features, and rows have one number. Take 'boltzmann_sep"),
        (Boltzmann(two(12)), CapabilityError, "stops at 11"),
        *[
            (made(two(1)), ConfigError, "needs rows of 2 numbers or more, and these have 1")
            for made in (CircuitCentric, IqpVariational, TreeTensor)
        ],
        (Quanvolution(two(16), window=5), ConfigError, "window of 5 pixels was asked of images of 4 a side"),
        (Quanvolution(two(400), window=20), CapabilityError, "windows of 20 x 20 pixels needs .* Take a smaller"),
        (StudyMlp(Signature((4,), 1, "number")), CapabilityError, "learns classes, and the target is a number"),
    ],
)
def test_rows_that_a_model_is_not_for_are_refused_before_it_is_built(model, error, words):
    with pytest.raises(error, match=words):
        model.check()


def test_models_of_few_features_are_built():
    for model in (Boltzmann(two(2)), Boltzmann(two(1), separable=True), Boltzmann(two(11)), Dressed(two(1))):
        assert model.build(1) is not None
    StudyMlp(Signature((4,), 3)).check()
    with pytest.raises(ConfigError, match="give a Signature of the data"):
        Dressed().on((4,))


@pytest.mark.parametrize("scaling", ["angles", "standard", "none"])
def test_scaling_is_scikit_learns(scaling):
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    rows = RNG.normal(size=(30, 4)) * [1, 10, 0.1, 0] + [0, 5, -1, 2]
    scalers = {"angles": MinMaxScaler((-math.pi / 2, math.pi / 2)), "standard": StandardScaler()}
    shift, factor = fitted_scaling(scaling, rows)
    expected = scalers[scaling].fit_transform(rows) if scaling in scalers else rows
    np.testing.assert_allclose((rows - shift) * factor, expected, atol=1e-12)


def built(model, rows, labels=None):
    labels = np.arange(len(rows)) % 2 if labels is None else labels
    return model.build_on(rows, labels, seed=4).double()


def test_a_dressed_circuit_written_out():
    rows = RNG.normal(size=(20, 3))
    network = built(Dressed(two(3), depth=2), rows)
    scaled = (rows - rows.mean(0)) / rows.std(0)
    with torch.no_grad():
        angles = np.pi / 2 * np.tanh(scaled @ network.before.numpy().T)
        values = network.circuit(torch.from_numpy(angles)).numpy()
        expected = values @ network.behind.numpy().T
        np.testing.assert_allclose(network(torch.from_numpy(rows)).numpy(), expected, atol=1e-6)


def test_fidelities_of_re_uploading():
    rows = RNG.normal(size=(20, 4))
    network = built(DataReuploading(two(4), depth=2, read="full"), rows)
    with torch.no_grad():
        network.class_weights.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        out = network(torch.from_numpy(rows))
        low, high = rows.min(0), rows.max(0)
        scaled = np.concatenate([np.pi * ((rows - low) / (high - low) - 0.5), np.zeros((20, 2))], axis=1)
        z = network.circuit(torch.from_numpy(scaled))
    zero, one = (1 - z) / 2, (1 + z) / 2
    expected = torch.cat([zero * torch.tensor([1.0, 2.0]), one * torch.tensor([3.0, 4.0]), z.mean(1, keepdim=True)], 1)
    torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-6)


def test_bias_and_weights_start_as_published():
    assert CircuitCentric(two(4)).build(1).bias.item() == pytest.approx(0.01)
    biases = np.array([TreeTensor(two(4)).build(seed).bias.item() for seed in range(100)])
    assert 0.07 < biases.std() < 0.13
    thetas = DataReuploading(two(10), depth=10).build(1).circuit.thetas.detach()
    assert float(thetas.min()) >= 0
    assert 0.9 < float(thetas.max()) < 1.0
    assert MetricLearner(two(10)).build(1).circuit.weights.std().item() == pytest.approx(0.1, rel=0.3)
    dressed = Dressed(two(10)).build(1)
    assert dressed.before.std().item() == pytest.approx(0.1, rel=0.3)


def dense_gibbs(z, x, pairs, n_read, temperature):
    """The value of one row by scipy's matrix exponential."""
    n = len(z)
    words = {"Z": np.diag([1.0, -1.0]), "X": np.array([[0.0, 1.0], [1.0, 0.0]])}

    def on(*places):
        found = np.eye(1)
        for qubit in range(n):
            found = np.kron(found, dict(places).get(qubit, np.eye(2)))
        return found

    total = sum(z[q] * on((q, words["Z"])) + x[q] * on((q, words["X"])) for q in range(n))
    for (i, j), strength in pairs.items():
        total = total + strength * on((i, words["Z"]), (j, words["Z"]))
    state = scipy.linalg.expm(-total / temperature)
    observable = sum(on((q, words["Z"])) for q in range(n_read)) / n_read
    return np.trace(observable @ state) / np.trace(state)


@pytest.mark.parametrize("pairs", ["shared", "own", "none"])
@pytest.mark.parametrize(("read", "n_read"), [("single", 1), ("full", 3)])
def test_gibbs_states_against_a_matrix_exponential(pairs, read, n_read):
    model = Boltzmann(
        two(3), read=read, temperature=1.5, separable=pairs == "none", pairs="own" if pairs == "own" else "shared"
    )
    rows = RNG.normal(size=(6, 3))
    network = built(model, rows)
    scaled = (rows - rows.mean(0)) / rows.std(0)
    fields = scaled @ network.state.thetas.detach().numpy().T
    chosen = [(0, 1), (0, 2), (1, 2)]
    for row, field in zip(rows, fields, strict=True):
        strengths = {"none": [0] * 3, "shared": [field[6]] * 3 if len(field) > 6 else [], "own": field[6:9]}[pairs]
        expected = dense_gibbs(field[0:6:2], field[1:6:2], dict(zip(chosen, strengths, strict=True)), n_read, 1.5)
        found = network(torch.from_numpy(row[None])).item()
        assert found == pytest.approx(expected, abs=1e-6)


def test_gibbs_gradients_also_where_levels_agree():
    observable = torch.from_numpy(signs(3)[:2].mean(0))
    diagonal = torch.from_numpy(RNG.normal(size=(2, 8))).requires_grad_()
    fields = torch.from_numpy(RNG.normal(size=(2, 3))).requires_grad_()
    assert torch.autograd.gradcheck(lambda d, x: gibbs_mean(d, x, observable, 0.7), (diagonal, fields))
    zero = torch.zeros(1, 8, dtype=torch.float64, requires_grad=True)
    none = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda d, x: gibbs_mean(d, x, observable, 0.7), (zero, none))
    far = (100 * torch.from_numpy(RNG.normal(size=(1, 8)))).requires_grad_()
    gibbs_mean(far, fields[:1].detach(), observable, 0.1).sum().backward()
    assert torch.isfinite(far.grad).all()


def test_a_second_derivative_of_a_gibbs_state_is_refused():
    fields = torch.ones(1, 2, dtype=torch.float64, requires_grad=True)
    value = gibbs_mean(torch.ones(1, 4, dtype=torch.float64), fields, torch.from_numpy(signs(2)[0]), 1.0)
    with pytest.raises(CapabilityError, match="first derivatives only"):
        torch.autograd.grad(value.sum(), fields, create_graph=True)


def test_the_metric_learner_compares_states():
    rows = RNG.normal(size=(12, 2)).astype(np.float32)
    network = MetricLearner(two(2), depth=2, examples=3).build_on(rows, np.arange(12) % 2, seed=5).eval()
    with torch.no_grad():
        table = network(torch.from_numpy(rows))
        for label in (0, 1):
            pairs = [torch.cat([torch.from_numpy(rows), e.expand(12, 2)], dim=1) for e in network.examples[label]]
            expected = torch.stack([network(pair)[:, 0] for pair in pairs]).mean(0)
            torch.testing.assert_close(table[:, label], expected, atol=1e-5, rtol=1e-4)
    kept = {tuple(row) for row in rows[0::2].tolist()}
    assert {tuple(row) for row in network.examples[0].tolist()} <= kept
    with pytest.raises(ShapeError, match="or pairs of 4"):
        network(torch.zeros(2, 3))


def test_weinet_reads_one_moved_image_and_nine_are_a_mixture():
    rows = RNG.uniform(size=(4, 16)).astype(np.float32)
    last = WeiNet(two(16)).build(1)
    images = torch.from_numpy(rows).reshape(-1, 4, 4)
    moved = torch.roll(images, (-1, -1), (1, 2)).flatten(1)
    plain = WeiNet(two(16), separable=True).build(1)
    plain.load_state_dict({k: v for k, v in last.state_dict().items()})
    with torch.no_grad():
        torch.testing.assert_close(last(torch.from_numpy(rows)), plain(moved))
        before = last(torch.from_numpy(rows))
        last.mixture.normal_()
        assert torch.equal(before, last(torch.from_numpy(rows)))
        nine = WeiNet(two(16), moves="nine").build(1)
        first = nine(torch.from_numpy(rows))
        nine.mixture.normal_()
        assert not torch.allclose(first, nine(torch.from_numpy(rows)))


def test_quanvolution_counts_ones_in_each_window():
    model = Quanvolution(two(16), window=2, channels=3)
    network = model.build(6)
    assert network.table.shape == (3, 16)
    rows = (RNG.uniform(size=(5, 16)) - 0.5).astype(np.float32)
    found = network.filtered(torch.from_numpy(rows)).numpy()
    assert found.shape == (5, 3, 3, 3)
    bits = (rows > 0).reshape(5, 4, 4)
    for row in range(3):
        for column in range(3):
            window = bits[2, row : row + 2, column : column + 2].ravel()
            number = int("".join(str(int(bit)) for bit in window), 2)
            assert found[2, :, column, row].tolist() == network.table[:, number].tolist()


def test_filter_tables_against_states_one_by_one():
    from qml.backends import executor_named
    from qml.base.seeds import derive
    from qml.circuits import initialise

    program = Quanvolution(two(16), window=2).program
    (table,) = filter_table(program, [derive(1, "filter", 0)])
    weights = initialise(program, "uniform", derive(1, "filter", 0))
    for number in range(16):
        bits = np.array([[float(bit) for bit in f"{number:04b}"]])
        (state,) = executor_named("reference").states(program, bits, weights)
        assert table[number] == bin(int(np.argmax(np.round(np.abs(state) ** 2, 12)))).count("1")


def test_the_cnn_has_the_published_size():
    assert count(StudyCnn(two(16), kernel=3)) == 32 * 9 + 32 + 64 * 32 * 9 + 64 + 64 * 128 + 128 + 128 + 1
    assert StudyCnn(two(64), kernel=2).build(1)(torch.zeros(2, 64)).shape == (2, 1)
    assert Quanvolution(two(64), window=3, kernel=5).build(1)(torch.zeros(2, 64)).shape == (2, 1)


def test_neighbours_on_principal_components():
    from qml.models.champions import Neighbours

    rows = RNG.normal(size=(60, 5)) @ np.diag([10, 10, 0.1, 0.1, 0.1])
    labels = (rows[:, 0] > 0).astype(int)
    for variance in (None, 0.9):
        fitted = Neighbours(two(5), n_neighbors=3, variance=variance).build(1).fit(rows, labels)
        assert fitted.score(rows, labels) == 1.0
    with pytest.raises(ConfigError, match="0 < variance < 1"):
        Neighbours(two(5), variance=1.5).build(1)
