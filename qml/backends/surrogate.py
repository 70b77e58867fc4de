"""Finite shots at the speed of the exact simulator: exact values with Gaussian noise of the exact covariance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from qml.backends import executor_named
from qml.backends.check import check_call
from qml.backends.draws import checked_seed, checked_shots
from qml.backends.executor import Capabilities, Executor, Gradients, Values
from qml.backends.measuring import settings_of
from qml.base.errors import CapabilityError, ConfigError
from qml.base.seeds import generator
from qml.circuits.program import Program
from qml.circuits.readout import Expectations, PauliSum, PauliWord, Probabilities, Readout

IDENTITY: PauliWord = ()


@dataclass(frozen=True)
class SurrogateExecutor:
    """Values `z + L e / sqrt(shots)`: exact values `z`, a standard normal `e`, and `L L^T` the covariance of one shot.

        Cov(Z_i, Z_j) = <Z_i Z_j> - <Z_i> <Z_j>     for values that are read in one setting

    Values of different settings are drawn independently, as they are measured. The gradient is that of the mean by the
    inner Executor's own sweep: the spread counts as a constant (it is detached). What it costs is one exact run with
    the products among the words that are read, and no shifts.

    Not for few shots: outcomes of `shots` lie on a lattice, and these do not; `docs/gradients.md` has the distances
    measured. A value may leave the range that a mean of outcomes has; `clip` cuts it off there, which biases values
    near the ends, and leaves gradients as they are.

    Args:
        executor: an exact Executor with expectation values, by name or itself.
        shots: of each setting; the spread falls with its root.
        clip: cut values to `[-norm, norm]` of their observable, probabilities to `[0, 1]`.

    Raises:
        ConfigError: fewer than one shot, or an Executor that is not exact.
        CapabilityError: no seed.

    Example:
        >>> from qml.circuits import angle
        >>> out = SurrogateExecutor(shots=400).forward(angle(1), np.array([[np.pi / 2]]), np.zeros(0), seed=1)
        >>> out.variance_BK.round(6)
        array([[0.0025]])
    """

    executor: str | Executor = "engine_cpu"
    shots: int = 1024
    clip: bool = False

    def __post_init__(self):
        object.__setattr__(self, "shots", checked_shots("SurrogateExecutor", self.shots))
        able = executor_named(self.executor).capabilities
        if not able.exact:
            raise ConfigError(f"SurrogateExecutor needs an exact executor; {able.name!r} gives estimates.")

    @property
    def capabilities(self) -> Capabilities:
        """Estimates, in whatever the inner Executor takes."""
        able = executor_named(self.executor).capabilities
        return Capabilities(
            f"surrogate({able.name})",
            exact=False,
            max_qubits=able.max_qubits,
            readouts=able.readouts,
            dtypes=able.dtypes,
            row_weights=able.row_weights,
            second_order=False,
            memory=able.memory,
        )

    def forward(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        *,
        seed: int | None = None,
        keep: bool = False,
    ) -> Values:
        """Values `(B, K)` with their exact variances.

        Args:
            program: what to run.
            inputs_BD: `(B, D)`.
            weights: `(P,)` or `(B, P)`.
            seed: of the noise.
            keep: leave the inner Executor's residual.
        """
        check_call(self, program, inputs_BD, weights)
        if seed is None:
            raise CapabilityError(f"SurrogateExecutor was asked for {self.shots} shots without a seed. Pass seed=1.")
        seed = checked_seed("SurrogateExecutor", seed, least=None)
        inner, (wide, reading) = executor_named(self.executor), _asked(program)
        out = inner.forward(wide, inputs_BD, weights, seed=seed, keep=keep)
        random = generator(seed, "surrogate")
        found = out.values_BK.astype(np.float64)
        means, noise, variance = reading.drawn(found, random)
        values = means + noise / np.sqrt(self.shots)
        if self.clip:
            values = np.clip(values, reading.least_K, reading.most_K)
        dtype = inputs_BD.dtype
        return Values(values.astype(dtype), (variance / self.shots).astype(dtype), out.residual)

    def vjp(
        self,
        program: Program,
        inputs_BD: np.ndarray,
        weights: np.ndarray,
        cotangent_BK: np.ndarray,
        *,
        seed: int | None = None,
        residual: Any = None,
    ) -> Gradients:
        """The exact gradient of the mean of `sum(values * cotangent)`; `seed` is not used.

        Args:
            program: what to run.
            inputs_BD: `(B, D)`.
            weights: `(P,)` or `(B, P)`.
            cotangent_BK: `(B, K)`.
            seed: not used.
            residual: of the `forward` of the same program, inputs and weights.
        """
        check_call(self, program, inputs_BD, weights)
        inner, (wide, reading) = executor_named(self.executor), _asked(program)
        if residual is None:
            return inner.vjp(program, inputs_BD, weights, cotangent_BK)
        spread = np.ascontiguousarray(reading.pull_back(cotangent_BK).astype(inputs_BD.dtype))
        return inner.vjp(wide, inputs_BD, weights, spread, residual=residual)


@dataclass(frozen=True, eq=False)
class _Words:
    """How `K` sums of Pauli words and their covariances follow from the expectation values of `W` words.

    A setting is `(K, n)` coefficients of its `n` words, and the places `(n, n)` of all their products.
    """

    readout: Expectations
    constant_K: np.ndarray
    coefficients_KW: np.ndarray
    settings: tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]

    @property
    def most_K(self) -> np.ndarray:
        return self.constant_K + np.abs(self.coefficients_KW).sum(1)

    @property
    def least_K(self) -> np.ndarray:
        return self.constant_K - np.abs(self.coefficients_KW).sum(1)

    def pull_back(self, cotangent_BK: np.ndarray) -> np.ndarray:
        return cotangent_BK @ self.coefficients_KW

    def drawn(self, words_BW: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Exact values, noise of one shot, and its variance."""
        means_BK = words_BW @ self.coefficients_KW.T + self.constant_K
        noise, variance = np.zeros_like(means_BK), np.zeros_like(means_BK)
        with_one = np.concatenate([words_BW, np.ones((len(words_BW), 1))], axis=1)  # place -1 is the identity
        for coefficients_Kn, places_n, places_nn in self.settings:
            mean_Bn = words_BW[:, places_n]
            covariance = with_one[:, places_nn] - mean_Bn[:, :, None] * mean_Bn[:, None, :]
            rows = np.flatnonzero(coefficients_Kn.any(axis=1))
            taken = coefficients_Kn[rows]
            between = taken @ covariance @ taken.T
            scale, axes = np.linalg.eigh(np.nan_to_num(between))  # means that are NaN stay so
            normal = random.standard_normal((len(words_BW), len(rows)))
            noise[:, rows] += np.einsum("bij,bj->bi", axes, np.sqrt(np.maximum(scale, 0)) * normal)
            variance[:, rows] += np.maximum(np.diagonal(between, axis1=1, axis2=2), 0)
        return means_BK, noise, variance


@dataclass(frozen=True, eq=False)
class _Shares:
    """Probabilities: the covariance of one shot is `diag(p) - p p^T`, whose root is known."""

    readout: Probabilities
    least_K: float = 0.0
    most_K: float = 1.0

    def pull_back(self, cotangent_BK: np.ndarray) -> np.ndarray:
        return cotangent_BK

    def drawn(self, words_BW: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        chances = np.maximum(words_BW, 0)
        normal = np.sqrt(chances) * random.standard_normal(chances.shape)
        noise = normal - chances * normal.sum(axis=1, keepdims=True)
        return words_BW, noise, chances * np.maximum(1 - chances, 0)


@lru_cache(maxsize=64)
def _asked(program: Program) -> tuple[Program, _Words | _Shares]:
    """The Program that the exact Executor is handed, and how values follow from its own."""
    reading = _reading(program.readout)
    return program.with_readout(reading.readout), reading


def _reading(readout: Readout) -> _Words | _Shares:
    """What to ask the exact Executor for."""
    if isinstance(readout, Probabilities):
        return _Shares(readout)
    settings = settings_of(readout)
    terms = [(k, c, word) for k, one in enumerate(readout.observables) for c, word in one.terms]
    words = sorted({word for _, _, word in terms if word})
    taken = {word: next(i for i, one in enumerate(settings) if one.covers(word)) for word in words}
    groups = [[word for word in words if taken[word] == i] for i in range(len(settings))]
    products = {_product(a, b) for group in groups for a in group for b in group} - {IDENTITY}
    asked = [*words, *sorted(products - {*words})]
    place = {word: number for number, word in enumerate(asked)} | {IDENTITY: -1}
    constant_K, coefficients_KW = np.zeros(len(readout.observables)), np.zeros((len(readout.observables), len(asked)))
    for k, coefficient, word in terms:
        if word:
            coefficients_KW[k, place[word]] = coefficient
        else:
            constant_K[k] = coefficient
    tables = []
    for group in groups:
        places_n = np.array([place[word] for word in group], int)
        places_nn = np.array([[place[_product(a, b)] for b in group] for a in group], int)
        tables.append((coefficients_KW[:, places_n], places_n, places_nn))
    wide = Expectations(tuple(PauliSum(((1.0, word),)) for word in asked or [IDENTITY]))
    if not asked:
        coefficients_KW = np.zeros((len(readout.observables), 1))
    return _Words(wide, constant_K, coefficients_KW, tuple(tables))


def _product(one: PauliWord, other: PauliWord) -> PauliWord:
    """The product of two words that agree on every wire they share."""
    return tuple(sorted({*one} ^ {*other}))
