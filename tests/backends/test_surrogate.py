"""The Gaussian surrogate against the multinomial distribution it stands for: covariances, distances, gradients."""

import numpy as np
import pytest

from qml.backends.engine import EngineExecutor
from qml.backends.sampled import SampledExecutor
from qml.backends.surrogate import SurrogateExecutor
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits import Circuit, Expectations, PauliSum, Probabilities, angle, sel
from qml.engine import reference
from tests.programs import random_values

PROGRAM = angle(3) + sel(3, depth=2)
DRAWS = 4000
SIGMAS = 4.5
Z0, Z1, ZZ, X0 = ((0, "Z"),), ((1, "Z"),), ((0, "Z"), (1, "Z")), ((0, "X"),)
READOUTS = {
    "z": PROGRAM.readout,
    "sums": Expectations(
        (PauliSum(((1.0, Z0), (-0.5, ZZ), (0.25, ()))), PauliSum(((0.7, Z1),)), PauliSum(((2.0, Z0),)))
    ),
    "two settings": Expectations((PauliSum(((1.0, Z0), (1.0, X0))), PauliSum(((1.0, X0),)), PauliSum(((1.0, Z1),)))),
    "probabilities": Probabilities((1, 2)),
}


def drawn(executor, program, inputs, weights, seed):
    """`DRAWS` values of one row, `(N, K)`."""
    rows = np.repeat(inputs[:1], DRAWS, axis=0)
    return executor.forward(program, rows, weights, seed=seed)


def covariance_of_one_shot(program, inputs, weights):
    """By summing over all outcomes of each setting, from reference states alone."""
    from qml.backends.measuring import basis_gates, settings_of

    readout, total = program.readout, 0.0
    for setting in settings_of(readout):
        turned = type(program)(program.n_qubits, program.gates + basis_gates(setting), readout, 3, program.n_weights)
        chances = np.abs(reference.states(turned, inputs[:1], weights)[0]) ** 2
        bits = np.array([[a >> (program.n_qubits - 1 - q) & 1 for q in range(program.n_qubits)] for a in range(8)])
        if isinstance(readout, Probabilities):
            seen = bits[:, readout.wires] @ [2, 1]
            values = np.eye(4)[seen]
        else:
            values = np.zeros((8, readout.n_values))
            for k, observable in enumerate(readout.observables):
                for coefficient, word in observable.terms:
                    if word and setting == next(s for s in settings_of(readout) if s.covers(word)):
                        values[:, k] += coefficient * (1 - 2 * (bits[:, [w for w, _ in word]].sum(1) % 2))
        mean = chances @ values
        total = total + (values - mean).T @ (chances[:, None] * (values - mean))
    return total


@pytest.mark.parametrize("name", READOUTS)
def test_means_and_covariances_are_those_of_shots(name):
    program = PROGRAM.with_readout(READOUTS[name])
    inputs, weights = random_values(np.random.default_rng(2), program, 1)
    exact, wanted = reference.values(program, inputs, weights)[0], covariance_of_one_shot(program, inputs, weights)
    for executor in (SurrogateExecutor(shots=100), SampledExecutor(shots=100)):
        out = drawn(executor, program, inputs, weights, seed=1)
        values = out.values_BK
        error = np.sqrt(np.diag(wanted) / 100 / DRAWS)
        assert (np.abs(values.mean(0) - exact) < SIGMAS * error + 1e-12).all()
        found = np.cov(values.T) * 100
        scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)) + wanted**2) / np.sqrt(DRAWS)
        assert (np.abs(found - wanted) < SIGMAS * scale + 1e-9).all()
        assert not (np.abs(found - 1.3 * wanted) < SIGMAS * scale).all()  # a wrong covariance is seen
    told = SurrogateExecutor(shots=100).forward(program, inputs, weights, seed=1).variance_BK[0]
    np.testing.assert_allclose(told, np.diag(wanted) / 100, atol=1e-12)


def test_perfectly_correlated_values_stay_so():
    circuit = Circuit(2).h(0).cnot((0, 1))
    program = circuit.build(Expectations((PauliSum(((1.0, Z0),)), PauliSum(((1.0, Z1),)), PauliSum(((1.0, ZZ),)))))
    values = SurrogateExecutor(shots=10).forward(program, np.zeros((50, 0)), np.zeros(0), seed=1).values_BK
    np.testing.assert_allclose(values[:, 0], values[:, 1], atol=1e-7)
    np.testing.assert_allclose(values[:, 2], 1.0, atol=1e-7)
    assert values[:, 0].std() > 0.2


def distance(one, other):
    """Kolmogorov-Smirnov: the largest gap between two empirical distribution functions."""
    both = np.sort(np.concatenate([one, other]))
    return max(
        abs(
            np.searchsorted(np.sort(a), both, "right") / len(a) - np.searchsorted(np.sort(b), both, "right") / len(b)
        ).max()
        for a, b in [(one, other)]
    )


def test_it_nears_the_multinomial_with_more_shots():
    inputs, weights = random_values(np.random.default_rng(2), PROGRAM, 1)
    found = {}
    for shots in (8, 1024):
        pair = [
            drawn(executor, PROGRAM, inputs, weights, seed=1).values_BK[:, 0]
            for executor in (SurrogateExecutor(shots=shots), SampledExecutor(shots=shots))
        ]
        found[shots] = distance(*pair)
    assert found[1024] < 1.63 * np.sqrt(2 / DRAWS) + 0.02  # 99 % of equal distributions, and half a step of the lattice
    assert found[8] > 2 * found[1024]
    assert distance(np.zeros(10), np.ones(10)) == 1


@pytest.mark.parametrize("row_weights", [False, True])
@pytest.mark.parametrize("name", READOUTS)
def test_gradients_are_those_of_the_mean(name, row_weights):
    program = PROGRAM.with_readout(READOUTS[name])
    rng = np.random.default_rng(3)
    inputs, weights = random_values(rng, program, 5, row_weights=row_weights)
    cotangent = rng.normal(size=(5, program.n_values))
    executor = SurrogateExecutor(shots=10)
    kept = executor.forward(program, inputs, weights, seed=1, keep=True).residual
    assert kept is not None
    wanted = reference.gradients(program, inputs, weights, cotangent)
    for residual in (kept, None):
        found = executor.vjp(program, inputs, weights, cotangent, residual=residual, seed=1)
        np.testing.assert_allclose(found.inputs_BD, wanted.inputs_BD, atol=1e-11)
        np.testing.assert_allclose(found.weights, wanted.weights, atol=1e-11)


def test_clipping():
    inputs = np.full((500, 1), 0.05)
    free, clipped = (SurrogateExecutor(shots=4, clip=clip) for clip in (False, True))
    values = [one.forward(angle(1), inputs, np.zeros(0), seed=1).values_BK for one in (free, clipped)]
    assert (values[0] > 1).any()
    np.testing.assert_array_equal(values[1], np.clip(values[0], -1, 1))
    shares = clipped.forward(angle(1).with_readout(Probabilities((0,))), inputs, np.zeros(0), seed=1).values_BK
    assert shares.min() >= 0
    assert shares.max() <= 1


def test_seeds_and_refusals():
    inputs, weights = random_values(np.random.default_rng(2), PROGRAM, 3)
    executor = SurrogateExecutor(EngineExecutor(), shots=10)
    first, again, other = (executor.forward(PROGRAM, inputs, weights, seed=s).values_BK for s in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).all()
    with pytest.raises(CapabilityError, match="without a seed"):
        executor.forward(PROGRAM, inputs, weights)
    with pytest.raises(ConfigError, match="exact executor"):
        SurrogateExecutor("sampled")
    with pytest.raises(ConfigError, match="shots >= 1"):
        SurrogateExecutor(shots=0)
    inputs[1] = np.nan
    values = executor.forward(PROGRAM, inputs, weights, seed=1).values_BK
    assert np.isnan(values).all(axis=1).tolist() == [False, True, False]
