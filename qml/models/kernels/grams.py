"""Kernels as values: what training rows settle, and the Gram matrix of two sets of rows, never pair by pair."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np

from qml.base.bounds import check_number, check_word
from qml.base.errors import ConfigError, DataError
from qml.circuits.program import Program
from qml.study.batches import states
from qml.study.density import bloch_vectors
from qml.study.gram import fidelity_gram
from qml.study.rows import row_blocks


class Kernel(Protocol):
    """A symmetric function of two rows, evaluated for many at once."""

    def fitted(self, inputs_ND: np.ndarray) -> Kernel:
        """The kernel with what it takes from the training rows, such as a width."""
        ...

    def gram(self, inputs_ND: np.ndarray, others_MD: np.ndarray | None = None) -> np.ndarray:
        """`(N, M)`; with None the rows among themselves, exactly symmetric."""
        ...


@dataclass(frozen=True)
class Fidelity:
    """|<psi(x)|psi(y)>|^2 of the states of a circuit: `N + M` states and one matrix product.

    Args:
        program: the feature map.
        executor: one that gives states.

    Example:
        >>> from qml.circuits import angle
        >>> Fidelity(angle(1)).gram(np.array([[0.0], [np.pi / 2]])).round(6)
        array([[1. , 0.5],
               [0.5, 1. ]])
    """

    program: Program
    executor: Any = field(default=None, compare=False)

    def fitted(self, inputs_ND: np.ndarray) -> Fidelity:
        """Itself: nothing is taken from the rows."""
        return self

    def gram(self, inputs_ND: np.ndarray, others_MD: np.ndarray | None = None) -> np.ndarray:
        """`(N, M)`, see `qml.study.fidelity_gram`."""
        return fidelity_gram(self.program, inputs_ND, others_MD, executor=self.executor)


@dataclass(frozen=True)
class ProductFidelity:
    """The fidelity of product states, all wires alike: a product over wires of overlaps of two amplitudes.

        k(x, y) = prod_q |<phi(x_q)|phi(y_q)>|^2

    `2 Q` numbers a row in place of `2**Q`, so that any number of columns is cheap.

    Args:
        wire: the map of one wire, of one input.
        executor: one that gives states.

    Raises:
        ConfigError: the map has more than one wire or input.

    Example:
        >>> from qml.circuits import angle
        >>> rows = np.array([[0.0, 0.0], [np.pi / 2, np.pi / 2]])
        >>> ProductFidelity(angle(1)).gram(rows).round(6)
        array([[1.  , 0.25],
               [0.25, 1.  ]])
    """

    wire: Program
    executor: Any = field(default=None, compare=False)

    def __post_init__(self):
        if (self.wire.n_qubits, self.wire.n_inputs) != (1, 1):
            raise ConfigError(
                f"ProductFidelity needs a map of one wire and one input; got {self.wire.n_qubits} wires and "
                f"{self.wire.n_inputs} inputs. Use Fidelity."
            )

    def fitted(self, inputs_ND: np.ndarray) -> ProductFidelity:
        """Itself: nothing is taken from the rows."""
        return self

    def gram(self, inputs_ND: np.ndarray, others_MD: np.ndarray | None = None) -> np.ndarray:
        """`(N, M)`."""
        left = self._amplitudes(inputs_ND)
        right = left if others_MD is None else self._amplitudes(others_MD)
        gram = np.ones((left.shape[1], right.shape[1]), np.real(left).dtype)
        for rows in row_blocks(len(gram), right.shape[1] * right.itemsize):
            for own, other in zip(left, right, strict=True):
                overlaps = own[rows].conj() @ other.T
                gram[rows] *= np.square(np.real(overlaps)) + np.square(np.imag(overlaps))
        return (gram + gram.T) / 2 if others_MD is None else gram

    def _amplitudes(self, inputs_ND: np.ndarray) -> np.ndarray:
        """`(D, N, 2)` complex."""
        rows = np.ascontiguousarray(np.asarray(inputs_ND).T).reshape(-1, 1)
        return states(self.wire, rows, executor=self.executor).reshape(-1, len(inputs_ND), 2)


@dataclass(frozen=True)
class Projected:
    """A Gaussian of the Bloch vectors of all qubits.

        k(x, y) = exp(-gamma sum_q sum_P (<P_q>(x) - <P_q>(y))^2),    gamma = factor / (D var)

    with `D` columns and `var` the variance of all Bloch coordinates of a set of rows: the training rows, or, with
    `gamma_of="batch"`, whatever rows the matrix is asked for. The published study did the latter, so that a batch of
    test rows sets the width by which it is judged: a row's prediction then depends on its neighbours in the batch.

    Args:
        program: the feature map.
        factor: of the width.
        gamma_of: "train" or "batch".
        gamma: the width once it is known; None before `fitted`.
        executor: any.

    Raises:
        ConfigError: another word for `gamma_of`, or a factor that is not above 0.

    References:
        Huang et al., Nature Communications 12, 2631 (2021); Bowles, Ahmed and Schuld, arXiv:2403.07059.

    Example:
        >>> from qml.circuits import angle
        >>> rows = np.array([[0.0], [np.pi]])
        >>> Projected(angle(1)).fitted(rows).gamma
        3.0
    """

    program: Program
    factor: float = 1.0
    gamma_of: Literal["train", "batch"] = "train"
    gamma: float | None = None
    executor: Any = field(default=None, compare=False)

    def __post_init__(self):
        check_number("Projected", above=0, factor=self.factor)
        check_word(("train", "batch"), gamma_of=self.gamma_of)

    def fitted(self, inputs_ND: np.ndarray) -> Projected:
        """The kernel with the width that these rows give it."""
        return replace(self, gamma=self._width(self._vectors(inputs_ND)))

    def gram(self, inputs_ND: np.ndarray, others_MD: np.ndarray | None = None) -> np.ndarray:
        """`(N, M)`; of training rows the same for both words of `gamma_of`.

        Raises:
            ConfigError: the width is not known yet.
            DataError: all Bloch vectors are equal.
        """
        left = self._vectors(inputs_ND)
        right = left if others_MD is None else self._vectors(others_MD)
        gamma = self._width(left) if self.gamma_of == "batch" else self.gamma
        if gamma is None:
            raise ConfigError("This kernel takes its width from the training rows; call .fitted(rows) first.")
        return gaussian(left, right, gamma)

    def _vectors(self, inputs_ND: np.ndarray) -> np.ndarray:
        return bloch_vectors(self.program, inputs_ND, executor=self.executor).reshape(len(inputs_ND), -1)

    def _width(self, vectors_NV: np.ndarray) -> float:
        variance = float(np.var(vectors_NV))
        if not variance > np.finfo(vectors_NV.dtype).eps ** 2:
            raise DataError("All Bloch coordinates of these rows are equal, so they set no width. Look at the data.")
        return self.factor / (variance * self.program.n_inputs)


@dataclass(frozen=True)
class Gaussian:
    """exp(-gamma |x - y|^2) of the rows themselves: the classical kernel in the same machine.

    Args:
        gamma: inverse squared width; "scale" for one over columns times variance of the training rows.

    Raises:
        ConfigError: a width that is not above 0.

    Example:
        >>> Gaussian(1.0).gram(np.array([[0.0], [1.0]])).round(6)
        array([[1.      , 0.367879],
               [0.367879, 1.      ]])
    """

    gamma: float | Literal["scale"] = "scale"

    def __post_init__(self):
        if self.gamma != "scale":
            check_number("Gaussian", above=0, gamma=self.gamma)

    def fitted(self, inputs_ND: np.ndarray) -> Gaussian:
        """The kernel with a number for its width."""
        if self.gamma != "scale":
            return self
        variance = float(np.var(inputs_ND))
        return Gaussian(1.0 / (inputs_ND.shape[1] * variance) if variance > 0 else 1.0)

    def gram(self, inputs_ND: np.ndarray, others_MD: np.ndarray | None = None) -> np.ndarray:
        """`(N, M)`.

        Raises:
            ConfigError: the width is not known yet.
        """
        if isinstance(self.gamma, str):
            raise ConfigError("gamma='scale' is settled by the training rows; call .fitted(rows) first.")
        return gaussian(inputs_ND, inputs_ND if others_MD is None else others_MD, self.gamma)


def gaussian(left_NV: np.ndarray, right_MV: np.ndarray, gamma: float) -> np.ndarray:
    """exp(-gamma |u - v|^2) of all pairs, `(N, M)`, in the dtype of `left_NV`.

    Distances come from differences, not from norms and a product: near rows lose no digits.
    """
    from scipy.spatial.distance import cdist

    gram = np.empty((len(left_NV), len(right_MV)), left_NV.dtype)
    for rows in row_blocks(len(gram), 2 * len(right_MV) * 8):
        gram[rows] = np.exp(-gamma * cdist(left_NV[rows], right_MV, "sqeuclidean"))
    return gram
