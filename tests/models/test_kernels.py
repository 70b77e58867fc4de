"""Kernels against PennyLane and closed forms, their machine against scikit-learn, and the bits of kitchen sinks."""

import logging
import pickle

import numpy as np
import pennylane as qp
import pytest
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.svm import SVC

from qml.backends import executor_named
from qml.base.errors import CapabilityError, ConfigError, DataError, ShapeError
from qml.circuits import Circuit, angle
from qml.data import ArraySource
from qml.estimators.arms import in_units_of
from qml.learn import Budget, Supervised
from qml.learn.whole_fit import WholeFit
from qml.models import MODELS, Signature
from qml.models.kernels import (
    PENNYLANE_BEFORE_034,
    Fidelity,
    Gaussian,
    IqpKernel,
    KernelMachine,
    KitchenSinks,
    ProductFidelity,
    Projected,
    ProjectedKernel,
    SeparableKernel,
    ZzKernel,
    heisenberg_map,
    iqp_map,
    sinks_map,
    tilted_map,
    zz_map,
)
from qml.models.kernels.machine import RidgeSums
from qml.models.kernels.sinks import measured_bits
from qml.models.kernels.specs import KernelSpec
from qml.study import fidelity_gram, states
from tests.study.oracle import pennylane_kernel

ROTATIONS = np.random.default_rng(7).uniform(0, 6, (4, 3))  # of equal ones the state would not feel the data
KERNELS = [IqpKernel, ZzKernel, SeparableKernel, ProjectedKernel]


def rows_of(n_columns: int, n_rows: int = 6, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.5, 1.5, (n_rows, n_columns))


def pennylane_states(embed, rows_ND: np.ndarray, n_qubits: int) -> np.ndarray:
    @qp.qnode(qp.device("default.qubit", wires=n_qubits))
    def node(row):
        embed(row)
        return qp.state()

    return np.stack([node(row) for row in rows_ND])


def overlaps(states_NA: np.ndarray) -> np.ndarray:
    return np.abs(states_NA.conj() @ states_NA.T) ** 2


@pytest.mark.parametrize("repeats", [1, 2, 3])
def test_iqp_is_pennylanes_embedding(repeats):
    rows = rows_of(4)
    wanted = pennylane_states(lambda x: qp.IQPEmbedding(x, wires=range(4), n_repeats=repeats), rows, 4)
    np.testing.assert_allclose(states(iqp_map(4, repeats), rows), wanted, atol=1e-12)


def test_the_emulated_bug_has_pairs_in_the_first_repeat_only():
    rows = rows_of(4)

    def embed(row):
        qp.IQPEmbedding(row, wires=range(4), n_repeats=1)
        qp.IQPEmbedding(row, wires=range(4), n_repeats=2, pattern=[])

    wanted = overlaps(pennylane_states(embed, rows, 4))
    found = fidelity_gram(iqp_map(4, 3, emulate=PENNYLANE_BEFORE_034), rows)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert np.abs(found - fidelity_gram(iqp_map(4, 3), rows)).max() > 0.01
    assert iqp_map(4, 1, emulate=PENNYLANE_BEFORE_034) == iqp_map(4, 1)
    with pytest.raises(ConfigError, match=r"pennylane<0\.34"):
        iqp_map(4, 2, emulate="pennylane")


def test_zz_is_the_map_of_havlicek():
    rows = rows_of(3)

    def embed(row):
        for _ in range(2):
            for wire in range(3):
                qp.Hadamard(wire)
                qp.PhaseShift(2 * row[wire], wire)
            for first, second in ((0, 1), (0, 2), (1, 2)):
                qp.CNOT([first, second])
                qp.PhaseShift(2 * (np.pi - row[first]) * (np.pi - row[second]), second)
                qp.CNOT([first, second])

    wanted = overlaps(pennylane_states(embed, rows, 3))
    np.testing.assert_allclose(fidelity_gram(zz_map(3), rows), wanted, atol=1e-12)


@pytest.mark.parametrize("entangled", [True, False])
def test_heisenberg(entangled):
    rows, random = rows_of(3), np.random.default_rng(1)
    rotations = random.uniform(0, 2 * np.pi, (4, 3))

    def embed(row):
        for wire in range(4):
            qp.Rot(*rotations[wire], wires=wire)
        for _ in range(2):
            for j in range(3):
                for pair, one in ((qp.IsingXX, qp.RX), (qp.IsingYY, qp.RY), (qp.IsingZZ, qp.RZ)):
                    turn = row[j] * 0.3 / 2 * 3
                    pair(turn, wires=[j, j + 1]) if entangled else one(turn, wires=j)

    found = fidelity_gram(heisenberg_map(rotations, 0.3, 2, entangled=entangled), rows)
    np.testing.assert_allclose(found, overlaps(pennylane_states(embed, rows, 4)), atol=1e-12)


@pytest.mark.parametrize(
    ("wire", "whole"),
    [
        (tilted_map(1, 3), tilted_map(3, 3)),
        (iqp_map(1, 2), iqp_map(3, 2, entangled=False)),
        (zz_map(1, 2), zz_map(3, 2, entangled=False)),
    ],
)
def test_products_wire_by_wire_are_those_of_the_whole_state(wire, whole):
    rows, others = rows_of(3), rows_of(3, 4, seed=1)
    kernel = ProductFidelity(wire)
    np.testing.assert_allclose(kernel.gram(rows), fidelity_gram(whole, rows), atol=1e-12)
    np.testing.assert_allclose(kernel.gram(rows, others), fidelity_gram(whole, rows, others), atol=1e-12)
    np.testing.assert_array_equal(kernel.gram(rows), kernel.gram(rows).T)
    with pytest.raises(ConfigError, match="one wire"):
        ProductFidelity(whole)


def test_fidelity_is_pennylanes_kernel():
    rows = rows_of(3)
    found = Fidelity(iqp_map(3, 2)).gram(rows, rows[:2])
    np.testing.assert_allclose(
        found, qp.kernels.kernel_matrix(rows, rows[:2], pennylane_kernel(iqp_map(3, 2), [])), atol=1e-10
    )


def test_projected_by_hand():
    program, rows, others = heisenberg_map(ROTATIONS, 1.0, 2), rows_of(3), rows_of(3, 4, seed=1)
    paulis = {"X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1.0, -1.0])}

    def vectors(values):
        found = []
        for state in states(program, values):
            for wire in range(4):
                part = np.moveaxis(state.reshape(2, 2, 2, 2), wire, 0).reshape(2, -1)
                found += [np.trace(pauli @ part @ part.conj().T).real for pauli in paulis.values()]
        return np.array(found).reshape(len(values), -1)

    left, right = vectors(rows), vectors(others)
    squares = ((left[:, None] - right[None]) ** 2).sum(axis=2)
    kernel = Projected(program, factor=2.0).fitted(rows)
    np.testing.assert_allclose(kernel.gamma, 2.0 / np.var(left) / 3, rtol=1e-12)
    np.testing.assert_allclose(kernel.gram(rows, others), np.exp(-kernel.gamma * squares), atol=1e-12)
    by_batch = Projected(program, 2.0, "batch").fitted(rows)
    np.testing.assert_allclose(by_batch.gram(others, rows), np.exp(-2.0 / np.var(right) / 3 * squares.T), atol=1e-12)
    np.testing.assert_array_equal(by_batch.gram(rows), kernel.gram(rows))
    with pytest.raises(ConfigError, match="training rows"):
        Projected(program).gram(rows)
    with pytest.raises(DataError, match="no width"):
        Projected(Circuit(2).h(0).cnot([0, 1]).build(n_inputs=1)).fitted(np.zeros((3, 1)))


def test_a_row_predicted_alone_may_differ_where_the_batch_sets_the_width():
    """The published quirk: the kernel of one row depends on the rows that are asked for with it."""
    program, rows = heisenberg_map(ROTATIONS[:3], 1.0, 1), rows_of(2, 20)
    alone = Projected(program, gamma_of="batch").gram(rows[:2], rows)
    assert np.abs(alone - Projected(program, gamma_of="batch").gram(rows, rows)[:2]).max() > 1e-3
    kernel = Projected(program).fitted(rows)
    np.testing.assert_allclose(kernel.gram(rows[:2], rows), kernel.gram(rows, rows)[:2], atol=1e-14)


def test_gaussian_is_scikit_learns():
    rows = rows_of(3)
    np.testing.assert_allclose(Gaussian(0.5).gram(rows), RBF(1.0)(rows), atol=1e-14)
    assert Gaussian().fitted(rows).gamma == pytest.approx(1 / (3 * rows.var()))


def two_classes(n_rows: int = 120, seed: int = 0):
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n_rows, 4))
    return rows, (rows[:, 0] * rows[:, 1] > 0).astype(int)


def test_the_whole_machine_is_a_support_vector_classifier():
    rows, labels = two_classes()
    machine = KernelMachine(lambda n: Gaussian(0.7), C=3.0, interval=(-1, 1)).fit(rows[:80], labels[:80])
    scaled = machine.front_.transform(rows)
    other = SVC(C=3.0, gamma=0.7).fit(scaled[:80], labels[:80])
    np.testing.assert_allclose(machine.decision_function(rows), other.decision_function(scaled), atol=1e-8)
    np.testing.assert_array_equal(machine.predict(rows), other.predict(scaled))
    np.testing.assert_array_equal(machine.support_vectors_, other.support_vectors_)


def test_all_rows_as_landmarks_are_kernel_ridge_regression(caplog):
    """With every row a landmark, Nystrom leaves nothing out; its constant is taken away by centring."""
    rows, labels = two_classes(60)
    with caplog.at_level(logging.INFO):
        machine = KernelMachine(lambda n: Gaussian(2.0), C=5.0, interval=(-1, 1), exact_rows=0, landmarks=60)
        machine.fit(rows, labels)
    assert "landmarks stand for them" in caplog.text
    scaled = machine.front_.transform(rows)
    gram = Gaussian(2.0).gram(scaled)
    values, vectors = np.linalg.eigh(gram)
    features = vectors * np.sqrt(np.maximum(values, 0))
    other = Ridge(alpha=1 / 5.0).fit(features, 2 * labels - 1)
    np.testing.assert_allclose(machine.decision_function(rows), other.predict(features), atol=1e-5)
    plain = KernelRidge(alpha=1 / 5.0, kernel="precomputed").fit(gram, 2.0 * labels - 1)
    assert np.abs(plain.predict(gram) - machine.decision_function(rows)).max() < 0.3


def test_few_landmarks_of_three_classes(monkeypatch):
    random = np.random.default_rng(2)
    centres = np.array([[0, 0], [2, 2], [0, 3]])
    labels = random.integers(0, 3, 400)
    rows = centres[labels] + 0.4 * random.normal(size=(400, 2))

    def make():
        return KernelMachine(lambda n: Fidelity(angle(n)), C=10.0, exact_rows=100, landmarks=40, seed=3)

    machine = make().fit(rows, labels)
    assert machine.decision_function(rows).shape == (400, 3)
    assert (machine.predict(rows) == labels).mean() > 0.95
    assert len(machine.support_vectors_) == 40
    monkeypatch.setattr("qml.models.kernels.machine.ROWS_AT_ONCE", 64)
    again = make().fit(rows, labels)
    np.testing.assert_allclose(again.decision_function(rows), machine.decision_function(rows), atol=1e-9)


def test_weights_count_as_repetitions():
    rows, labels = two_classes(40)
    weights = np.where(labels == 1, 3, 1)
    for exact_rows in (0, 500):
        options = {"C": 2.0, "exact_rows": exact_rows, "landmarks": 500}
        whole = KernelMachine(lambda n: Gaussian(1.0), **options)
        weighed = whole.fit(rows, labels, sample_weight=weights).decision_function(rows)
        repeated = KernelMachine(lambda n: Gaussian(1.0), **options)
        repeated.fit(np.repeat(rows, weights, axis=0), np.repeat(labels, weights))
        np.testing.assert_allclose(weighed, repeated.decision_function(rows), atol=0.02)


def test_ridge_sums_are_ridge_regression():
    random = np.random.default_rng(0)
    features, outputs, weights = random.normal(size=(50, 4)), random.normal(size=(50, 2)), random.uniform(0.5, 2, 50)
    sums = RidgeSums(4, 2)
    for start in range(0, 50, 20):
        block = slice(start, start + 20)
        sums.add(features[block], outputs[block], weights[block])
    slopes, constants = sums.solved(0.3)
    other = Ridge(alpha=0.3).fit(features, outputs, sample_weight=weights)
    np.testing.assert_allclose(slopes, other.coef_.T, atol=1e-10)
    np.testing.assert_allclose(constants, other.intercept_, atol=1e-10)


def test_many_columns_go_through_principal_components():
    rows = np.random.default_rng(0).normal(size=(50, 30))
    spec = IqpKernel(n_columns=3).on(Signature((30,), 2))
    machine = spec.build(0).fit(rows, np.arange(50) % 2)
    assert machine.support_vectors_.shape[1] == 3
    assert np.abs(machine.front_.transform(rows)).max() == pytest.approx(np.pi / 2)


def small_source(dtype=np.float32):
    rows, labels = two_classes(150)
    return ArraySource.from_arrays(rows.astype(dtype), labels, name="small")


@pytest.mark.parametrize("ablation", ["", "product"])
@pytest.mark.parametrize("make", [*KERNELS, KitchenSinks])
def test_they_are_arms(make, ablation):
    spec = make(ablation=ablation).on(Signature((4,), 2))
    source = small_source()
    spec.check()
    fitted = WholeFit()(spec.build, Supervised(source.schema.target), source, Budget(), 3)
    probabilities = fitted.predict(source, "test")
    assert probabilities.shape == (30, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(probabilities, fitted.predict(source, "test"))
    assert fitted.parameters["classical"] > 0
    assert pickle.dumps(spec)


def test_an_arm_is_for_the_columns_of_the_very_rows():
    """One column for each word of a category: their number differs from split to split."""
    spec = in_units_of(IqpKernel().on(Signature((9,), 2)), small_source())
    assert spec.signature.n_inputs == 4
    assert spec.build(0).fit(ROWS, LABELS).n_features_in_ == 4


@pytest.mark.parametrize("make", KERNELS)
def test_the_ablation_has_no_entanglement(make):
    program = make(n_columns=3).ablate("product").program(3, seed=1)
    assert all(len(gate.wires) == 1 for gate in program.gates)
    assert make().ablate("product").title.endswith("no entanglement")
    with pytest.raises(CapabilityError, match="frozen"):
        make().ablate("frozen")


def test_only_the_projected_kernel_depends_on_its_seed():
    rows, labels = two_classes(40)
    for make in KERNELS:
        one, other = (make().build(seed).fit(rows, labels).decision_function(rows) for seed in (1, 2))
        assert np.array_equal(one, other) == (make is not ProjectedKernel)
    fixed = [ProjectedKernel(rotation_seed=4).build(seed).fit(rows, labels) for seed in (1, 2)]
    np.testing.assert_array_equal(*(machine.decision_function(rows) for machine in fixed))


def test_what_cannot_be_asked():
    for make in (*KERNELS, KitchenSinks):
        for ask in ("check", "build"):
            with pytest.raises(CapabilityError, match="number"):
                getattr(make().on(Signature((4,), 1, "number")), ask)(*([0] if ask == "build" else []))
    with pytest.raises(ConfigError, match="product"):
        ZzKernel(ablation="frozen")
    assert isinstance(MODELS["iqp_kernel"](), KernelSpec)


ABOVE_ZERO, WHOLE = "give a finite number above 0", "give a whole number of at least 1"
SETTINGS = [
    *[(make, "C", value, ABOVE_ZERO) for make in KERNELS for value in (0, -1, np.nan, np.inf, "x")],
    *[(make, "bandwidth", value, ABOVE_ZERO) for make in KERNELS for value in (0, -1, np.nan, "x")],
    *[(make, "n_columns", value, WHOLE) for make in KERNELS for value in (0, -1, 2.5, "x")],
    *[(make, "landmarks", value, WHOLE) for make in KERNELS for value in (0, 2.5)],
    *[(make, "exact_rows", value, "at least 0") for make in KERNELS for value in (-1, 2.5)],
    *[(make, "repeats", value, WHOLE) for make in (IqpKernel, ZzKernel) for value in (0, 1.5, "x")],
    *[(SeparableKernel, "layers", value, WHOLE) for value in (0, 1.5)],
    *[(ProjectedKernel, "gamma_factor", value, ABOVE_ZERO) for value in (0, -1, np.nan)],
    *[(ProjectedKernel, "t", value, ABOVE_ZERO) for value in (0, -0.1, np.inf)],
    *[(ProjectedKernel, "trotter_steps", value, WHOLE) for value in (0, 1.5)],
    (ProjectedKernel, "gamma_of", "x", "gamma_of 'x' is not known. Known: batch, train"),
    (ProjectedKernel, "rotation_seed", -1, "rotation_seed=-1; give a whole number of at least 0"),
    (IqpKernel, "emulate", "pennylane", r"emulate 'pennylane' is not known.*pennylane<0\.34"),
    *[(KitchenSinks, "n_episodes", value, WHOLE) for value in (0, 1.5, "x")],
    *[(KitchenSinks, "variance", value, ABOVE_ZERO) for value in (0, -1, np.nan)],
    (KitchenSinks, "wires", "some", "wires 'some' is not known. Known: full, half"),
    (KitchenSinks, "draw", "two", "draw 'two' is not known. Known: fresh, one"),
    (KitchenSinks, "ablation", "frozen", "ablation 'frozen' is not known. Known: product"),
]


@pytest.mark.parametrize(("make", "name", "value", "words"), SETTINGS)
def test_settings_that_make_no_kernel_are_refused(make, name, value, words):
    with pytest.raises(ConfigError, match=words):
        make(**{name: value})
    with pytest.raises(ConfigError, match=words):
        make().with_settings({name: value})


@pytest.mark.parametrize("signature", [(4,), 4, None, "digits"])
@pytest.mark.parametrize("make", [*KERNELS, KitchenSinks])
def test_what_is_no_signature_is_refused(make, signature):
    with pytest.raises(ConfigError, match=r"give a Signature of the data, such as Signature\(\(4,\), 2\)"):
        make().on(signature)


ROWS, LABELS = rows_of(4, 8), np.arange(8) % 2
HOLED = np.where(np.arange(32).reshape(8, 4) == 13, np.nan, ROWS)
BAD_FITS = [
    ((HOLED, LABELS), DataError, "1 of 8 rows with NaN or infinite values, the first is row 3"),
    ((np.where(np.isnan(HOLED), np.inf, HOLED), LABELS), DataError, "the first is row 3"),
    ((ROWS.astype(str), LABELS), DataError, "of dtype <U.*; give numbers"),
    ((ROWS[:, :3], LABELS), ShapeError, "rows of 3 columns; it is for rows of 4"),
    ((ROWS[0], LABELS[:1]), ShapeError, r"of shape \(4,\); give rows \(N, D\)"),
    ((ROWS[:0], LABELS[:0]), ShapeError, r"of shape \(0, 4\); give rows \(N, D\), one or more"),
    (([[1.0, 2.0], [3.0]], [0, 1]), ShapeError, "rows of unequal length"),
    ((ROWS, LABELS[:7]), ShapeError, r"8 rows and targets of shape \(7,\); give one a row"),
    ((ROWS, LABELS[:, None]), ShapeError, r"targets of shape \(8, 1\)"),
    ((ROWS, LABELS, np.ones(7)), ShapeError, r"8 rows and weights of shape \(7,\)"),
    ((ROWS, ROWS[:, 0]), DataError, "with fractions or missing values, such as .*; it learns classes"),
    ((ROWS, np.where(LABELS, 1, np.nan)), DataError, "such as nan"),
    ((ROWS, np.ones(8, int)), DataError, "8 rows, all of class 1; give rows of two classes or more"),
]


@pytest.mark.parametrize(("given", "error", "words"), BAD_FITS)
@pytest.mark.parametrize("make", [*KERNELS, KitchenSinks])
def test_rows_that_cannot_be_learnt_from_are_refused(make, given, error, words):
    machine = make().on(Signature((4,), 2)).build(0)
    with pytest.raises(error, match=words):
        machine.fit(*given)
    with pytest.raises(ConfigError, match="before it was fitted"):
        machine.predict(ROWS)


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        (HOLED, DataError, "1 of 8 rows with NaN"),
        (ROWS[:, :3], ShapeError, "rows of 3 columns; it is for rows of 4"),
        (ROWS[0], ShapeError, r"of shape \(4,\)"),
        (ROWS[:0], ShapeError, r"of shape \(0, 4\)"),
    ],
)
@pytest.mark.parametrize("make", [*KERNELS, KitchenSinks])
def test_rows_that_cannot_be_predicted_are_refused(make, rows, error, words):
    machine = make().build(0).fit(ROWS, LABELS)
    for ask in ("predict", "decision_function" if make in KERNELS else "predict_proba"):
        with pytest.raises(error, match=words):
            getattr(machine, ask)(rows)


def test_classes_by_words_and_whole_floats_are_learnt():
    for make in (IqpKernel, KitchenSinks):
        for labels in (np.array(["no", "yes"])[LABELS], LABELS.astype(float), LABELS.astype(bool)):
            assert set(make().build(0).fit(ROWS.tolist(), labels).predict(ROWS)) <= set(labels)


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (Projected, {"program": angle(2), "factor": -1}),
        (Projected, {"program": angle(2), "gamma_of": "test"}),
        (Gaussian, {"gamma": 0}),
        (Gaussian, {"gamma": np.nan}),
        (Gaussian, {"gamma": "auto"}),
        (KernelMachine, {"kernel": Gaussian, "C": 0.0}),
        (KernelMachine, {"kernel": Gaussian, "n_columns": 0}),
        (KernelMachine, {"kernel": Gaussian, "exact_rows": -1}),
    ],
)
def test_parts_of_kernels_refuse_the_same(make, given):
    with pytest.raises(ConfigError, match=r"give a|is not known"):
        make(**given)


@pytest.mark.parametrize("entangled", [True, False])
@pytest.mark.parametrize("n_wires", [1, 2, 5])
def test_bits_have_the_distribution_of_the_circuit(n_wires, entangled):
    """Uniform numbers on a fine grid count out the whole distribution, outcome by outcome in order."""
    angles = np.random.default_rng(n_wires).uniform(0, 2 * np.pi, n_wires)
    program = sinks_map(n_wires, entangled=entangled)
    wanted = executor_named("engine_cpu").forward(program, angles[None], np.zeros(0)).values_BK[0]
    grid = (np.arange(20000) + 0.5) / 20000
    bits = measured_bits(np.broadcast_to(angles, (1, 20000, n_wires)), grid[None], entangled=entangled)[0]
    outcomes = bits @ (2 ** np.arange(n_wires)[::-1])
    assert (np.diff(outcomes) >= 0).all()
    np.testing.assert_allclose(np.bincount(outcomes, minlength=2**n_wires) / 20000, wanted, atol=1e-4)


def test_one_draw_for_all_makes_the_features_steps_of_the_angles():
    rows, labels = two_classes(60)
    fresh, one = (KitchenSinks(n_episodes=30, draw=draw).build(1).fit(rows, labels) for draw in ("fresh", "one"))
    twice = np.concatenate([rows[:1], rows[:1]])
    assert (one.features(twice)[0] == one.features(twice)[1]).all()
    assert (fresh.features(twice)[0] != fresh.features(twice)[1]).any()
    np.testing.assert_array_equal(fresh.features(rows), fresh.features(rows))
    assert one.features(rows).shape == (60, 30 * 4)
    assert KitchenSinks(wires="half").n_wires(5) == 3
