"""Quantum kitchen sinks: bits of random circuits as features of a linear classifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from qml.base.bounds import check_number, check_whole, check_word
from qml.base.digest import digest
from qml.base.errors import CapabilityError
from qml.base.extras import require
from qml.base.memory import check_memory
from qml.base.seeds import generator
from qml.models.kernels.rows import checked_classes, checked_rows, fitted_columns
from qml.models.kernels.specs import NO_ENTANGLEMENT
from qml.models.signature import Signature, placed, placed_on, with_settings

Draw = Literal["fresh", "one"]


@dataclass(frozen=True)
class KitchenSinks:
    """Quantum kitchen sinks with logistic regression without a penalty, as the published study defines them.

    Columns go to -1..1; each of `n_episodes` random affine maps turns a row into one angle a wire; the circuit of
    `qml.models.kernels.sinks_map` is measured once. All bits of all episodes are the features.

    Nothing in it needs a quantum computer: CNOTs between RX and a measurement only move bits, and the bits are drawn
    here without a state, exactly and for any number of wires.

    Args:
        signature: the data.
        n_episodes: random circuits.
        wires: "full" for one a column, "half" for half as many.
        variance: of the entries of the random maps.
        draw: "fresh" measures every circuit anew; "one" takes one random number for all of them, as the published
            code does by one fixed key, which makes the features steps of the angles and most seeds very different.
        ablation: "" or "product", which has no CNOTs.

    Example:
        >>> KitchenSinks(n_episodes=10).with_settings({"wires": "half"}).title
        'Quantum kitchen sinks'
    """

    signature: Signature | None = None
    n_episodes: int = 100
    wires: Literal["full", "half"] = "full"
    variance: float = 1.0
    draw: Draw = "fresh"
    ablation: str = ""

    family: ClassVar[Literal["hybrid"]] = "hybrid"
    framework: ClassVar[Literal["whole"]] = "whole"

    def __post_init__(self):
        check_whole("KitchenSinks", 1, n_episodes=self.n_episodes)
        check_number("KitchenSinks", above=0, variance=self.variance)
        check_word(("full", "half"), wires=self.wires)
        check_word(("fresh", "one"), draw=self.draw)
        check_word(("", "product"), ablation=self.ablation)

    @property
    def title(self) -> str:
        """The words of the report."""
        return "Quantum kitchen sinks" + (NO_ENTANGLEMENT if self.ablation else "")

    @property
    def space(self) -> Mapping[str, tuple[Any, ...]]:
        """The grid of the published study."""
        return {"n_episodes": (10, 100, 500, 2000), "wires": ("full", "half")}

    def on(self, signature: Signature) -> KitchenSinks:
        """The same model for data of this signature."""
        return placed_on(self, signature)

    def with_settings(self, settings: Mapping[str, Any]) -> KitchenSinks:
        """The same model with fields replaced."""
        return with_settings(self, settings)

    def ablate(self, kind: str) -> KitchenSinks:
        """The same model without CNOTs, for "product".

        Raises:
            CapabilityError: another ablation; the circuits have no weights to freeze or to replace.
        """
        if kind != "product":
            raise CapabilityError(f"The ablation {kind!r} was asked of kitchen sinks, whose circuits have no weights.")
        return replace(self, ablation=kind)

    def check(self) -> None:
        """Raise `CapabilityError` unless the target is of classes."""
        if placed(self, self.signature).kind != "classes":
            raise CapabilityError("Kitchen sinks learn classes, and the target is a number. Leave the arm out.")

    def n_wires(self, n_columns: int) -> int:
        """Wires for rows of so many columns."""
        return n_columns if self.wires == "full" else -(-n_columns // 2)

    def facts(self) -> dict[str, Any]:
        """Plain facts for a report."""
        n_wires = self.n_wires(placed(self, self.signature).n_inputs)
        return {"circuit": "kitchen sinks", "n_qubits": n_wires, "n_circuits": self.n_episodes}

    def build(self, seed: int) -> SinksMachine:
        """An estimator with the random maps of this seed.

        Raises:
            CapabilityError: the target is known to be a number.
        """
        if self.signature is not None:
            self.check()
        return SinksMachine(self, seed)


class SinksMachine:
    """The estimator of `KitchenSinks`.

    Args:
        spec: what it is made of.
        seed: of the random maps and of the measurements.

    Raises:
        ConfigError: it is asked before it was fitted.
        ShapeError: rows of another shape than it is for, or not a class each.
        DataError: values that are no finite numbers, targets that are no classes, or one class alone.

    Attributes:
        classes_: labels in order.
        coef_: weights of the bits. intercept_: constants. n_iter_: iterations of the regression.

    Example:
        >>> rows, labels = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
        >>> SinksMachine(KitchenSinks(n_episodes=5), seed=0).fit(rows, labels).predict(rows).shape
        (40,)
    """

    def __init__(self, spec: KitchenSinks, seed: int):
        self.spec, self.seed = spec, seed

    def fit(self, inputs: np.ndarray, targets: np.ndarray, sample_weight: np.ndarray | None = None) -> SinksMachine:
        """Learn from `(N, D)` rows with a class each, `(N,)`."""
        require("sklearn", extra="train", purpose="quantum kitchen sinks")
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import MinMaxScaler

        inputs = checked_rows("SinksMachine", inputs, self.spec.signature and self.spec.signature.n_inputs)
        targets = checked_classes("SinksMachine", targets, len(inputs), sample_weight)
        n_columns = inputs.shape[1]
        shape = (self.spec.n_episodes, self.spec.n_wires(n_columns))
        random = generator(self.seed, "kitchen sinks")
        self.maps_ = random.normal(scale=self.spec.variance**0.5, size=(*shape, n_columns))
        self.offsets_ = random.uniform(0, 2 * np.pi, shape)
        self.scale_ = MinMaxScaler(feature_range=(-1, 1)).fit(inputs)
        machine = LogisticRegression(C=np.inf, tol=1e-3, random_state=int(random.integers(2**31)))
        machine.fit(self._bits(inputs), targets, sample_weight=sample_weight)
        self.classes_, self.coef_, self.intercept_ = machine.classes_, machine.coef_, machine.intercept_
        self.n_iter_, self.machine_, self.n_features_in_ = machine.n_iter_, machine, n_columns
        return self

    def features(self, inputs: np.ndarray) -> np.ndarray:
        """Bits of `(N, D)` rows, `(N, E * Q)` float32; the same for the same rows.

        Raises:
            CapabilityError: they do not fit the memory.
        """
        return self._bits(checked_rows("SinksMachine", inputs, fitted_columns(self)))

    def _bits(self, inputs: np.ndarray) -> np.ndarray:
        """Features of rows that are known to be good."""
        n_episodes, n_wires, _ = self.maps_.shape
        check_memory(
            len(inputs) * n_episodes * n_wires * 40,
            f"Bits of {n_episodes} circuits of {n_wires} wires for {len(inputs)} rows",
            "Take fewer episodes or fewer rows.",
        )
        rows = self.scale_.transform(inputs)
        random = generator(self.seed, "measurements", "all" if self.spec.draw == "one" else digest(rows))
        shape = (1, 1) if self.spec.draw == "one" else (len(rows), n_episodes)
        angles = np.einsum("eqd,nd->neq", self.maps_, rows) + self.offsets_
        bits = measured_bits(angles, random.random(shape), entangled=not self.spec.ablation)
        return bits.reshape(len(rows), -1).astype(np.float32)

    def predict_proba(self, inputs: np.ndarray) -> np.ndarray:
        """Probabilities `(N, C)` of `(N, D)` rows."""
        bits = self.features(inputs)
        return self.machine_.predict_proba(bits)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """The class of each of `(N, D)` rows, `(N,)`."""
        chosen = self.predict_proba(inputs).argmax(axis=1)
        return self.classes_[chosen]


def measured_bits(angles_NEQ: np.ndarray, uniforms_NE: np.ndarray, *, entangled: bool = True) -> np.ndarray:
    """One measurement of `sinks_map` for each row and episode, as inverse of the distribution over outcomes.

    Outcomes are in the order of basis states, qubit 0 most significant; the uniform number picks the one at whose place
    the running sum of probabilities passes it. A bit behind the CNOTs is an independent bit of the RX layer, flipped
    where earlier bits say so; hence wire by wire, without any state.

    Args:
        angles_NEQ: of the RX gates.
        uniforms_NE: in [0, 1), or of a shape that broadcasts to it.
        entangled: whether there are CNOTs.

    Returns:
        `(N, E, Q)` bool.

    Example:
        >>> measured_bits(np.array([[[np.pi, 0.0, 0.0]]]), np.array([[0.5]])).astype(int)
        array([[[1, 1, 1]]])
    """
    ones = np.square(np.sin(angles_NEQ / 2))
    left = np.broadcast_to(uniforms_NE, angles_NEQ.shape[:2]).copy()
    bits, plain = np.zeros(angles_NEQ.shape, bool), np.zeros(angles_NEQ.shape, bool)
    for wire in range(angles_NEQ.shape[2]):
        flip = np.zeros(left.shape, bool)
        if entangled and wire % 2:
            flip ^= plain[..., wire - 1]
        if entangled and wire >= 2:
            flip ^= bits[..., wire - 2]
        zero = np.where(flip, ones[..., wire], 1 - ones[..., wire])
        bits[..., wire] = left >= zero
        plain[..., wire] = bits[..., wire] ^ flip
        chance = np.where(bits[..., wire], 1 - zero, zero)
        left = np.where(bits[..., wire], left - zero, left) / np.maximum(chance, np.finfo(float).tiny)
        left = np.clip(left, 0.0, np.nextafter(1.0, 0.0))
    return bits
