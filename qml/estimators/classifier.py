"""scikit-learn's own interface to a hybrid: fit, predict, pipelines and grid search."""

from __future__ import annotations

from typing import Any

import numpy as np

from qml.base.errors import ConfigError, DataError
from qml.base.extras import require
from qml.base.nested import listed
from qml.base.seeds import derive
from qml.estimators.choices import Backend, Training
from qml.estimators.fits import step_fit
from qml.learn.fit import Budget, Fitted
from qml.models import FEATURES, CircuitSpec, Head, HybridSpec, Signature

require("sklearn", extra="train", purpose="HybridClassifier and HybridRegressor")
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data


class _HybridEstimator(BaseEstimator):
    """What classifier and regressor share; not an estimator itself."""

    def __init__(
        self,
        circuit: Any = "sel",
        *,
        n_qubits: int = 6,
        depth: int = 2,
        features: Any = "identity",
        ablation: str = "",
        epochs: int = 60,
        batch_size: int = 32,
        learning_rate: float = 0.02,
        circuit_learning_rate: float | None = None,
        weight_decay: float = 0.0,
        executor: Any = "engine_cpu",
        noise: Any = "none",
        shots: int | None = None,
        mitigation: Any = (),
        framework: str = "torch",
        random_state: Any = None,
    ):
        self.circuit = circuit
        self.n_qubits = n_qubits
        self.depth = depth
        self.features = features
        self.ablation = ablation
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.circuit_learning_rate = circuit_learning_rate
        self.weight_decay = weight_decay
        self.executor = executor
        self.noise = noise
        self.shots = shots
        self.mitigation = mitigation
        self.framework = framework
        self.random_state = random_state

    def spec(self, signature: Signature) -> HybridSpec:
        """The model for data of this signature, as a value.

        Raises:
            ConfigError: an unknown circuit, unknown features, or words that its executor does not take.
        """
        features = FEATURES[self.features]() if isinstance(self.features, str) else self.features
        if isinstance(self.circuit, str):
            circuit = CircuitSpec(self.circuit, self.n_qubits, self.depth)
        else:
            circuit = CircuitSpec(getattr(self.circuit, "name", "") or "own", program=self.circuit)
        framework = "jax" if self.framework == "jax" else "torch"
        return HybridSpec(features, circuit, Head(), signature, self.ablation, self._runs(), framework)

    def _runs(self) -> Any:
        """Who runs the circuit, crossed with the words that were given."""
        if isinstance(self.executor, str):
            words = {"noise": self.noise, "shots": self.shots, "mitigation": self.mitigation}
            return Backend(self.executor, **words).resolve()
        if self.noise != "none" or self.shots is not None or listed(self.mitigation):
            raise ConfigError(
                f"noise, shots or mitigation were asked for with an Executor of your own ({self.executor!r}). Give its "
                "name, or put them together: executor=assembled(name, noise=..., shots=...)."
            )
        return self.executor

    def _train(self, X_ND: np.ndarray, y_N: np.ndarray, labels: tuple[str, ...]) -> Fitted:
        """Scale, build and train; sets what a fitted estimator holds."""
        from qml.data import ArraySource, Split

        if self.epochs < 1:
            raise ConfigError(f"epochs={self.epochs} was asked for; it must be at least 1.")
        try:
            drawn = check_random_state(self.random_state).randint(2**31 - 1)
        except ValueError as error:
            raise ConfigError(
                f"random_state={self.random_state!r} was asked for; give an integer, a RandomState or None."
            ) from error
        seed = derive(int(drawn), "estimator")
        self.scaler_ = StandardScaler().fit(X_ND)
        kind = "classes" if labels else "number"
        split = Split({"train": np.arange(len(X_ND))}, how="all rows")
        source = ArraySource.from_arrays(self._scaled(X_ND), y_N, labels=labels or None, task=kind, split=split)
        target = source.schema.target
        if target is None:
            raise ConfigError("The targets were lost on the way to the source; give y to fit.")
        spec = self.spec(Signature((X_ND.shape[1],), len(labels) or 1, kind))
        training = Training(
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            circuit_learning_rate=self.circuit_learning_rate,
            weight_decay=self.weight_decay,
            schedule="cosine",
        )
        fit = step_fit(spec, training, progress=False)
        fitted = fit(spec.build, training.task(target), source, Budget(epochs=self.epochs), seed)
        self.n_iter_ = fitted.cost.steps
        self.spec_, self.model_, self.records_ = spec, fitted.model, fitted.records
        return fitted

    def _validated(self, *arrays: Any, **asked: Any) -> Any:
        """What scikit-learn's own check gives back, in float64.

        Raises:
            DataError: no rows, one dimension, NaN, another number of columns or of targets; in scikit-learn's words.
        """
        try:
            return validate_data(self, *arrays, dtype=np.float64, **asked)
        except ValueError as error:
            raise DataError(f"{type(self).__name__} cannot take these rows: {error}") from error

    def _scaled(self, X_ND: np.ndarray) -> np.ndarray:
        """Standardised inputs `(N, D)` in float32, held within a hundred standard deviations."""
        return np.clip(self.scaler_.transform(X_ND), -100.0, 100.0).astype(np.float32)

    def _outputs(self, X: Any) -> np.ndarray:
        """Raw outputs `(N, C)` of a fitted estimator."""
        check_is_fitted(self)
        X_ND: Any = self._validated(X, reset=False)
        if self.spec_.framework == "jax":
            return np.asarray(self.model_(self._scaled(X_ND)), dtype=np.float64)
        from qml.models.networks import outputs

        return outputs(self.model_, self._scaled(X_ND)).astype(np.float64)


class HybridClassifier(ClassifierMixin, _HybridEstimator):
    """A hybrid of features, a circuit and a linear head, as a scikit-learn classifier.

    Inputs are standardised inside, mapped linearly to bounded angles, run through the circuit, and its values
    mapped linearly to the classes. Not for images (use `features` of your own and `experiments.train`) nor for
    comparisons (use `qml.compare`, which splits, searches and counts fairly).

    Args:
        circuit: a name of `qml.circuits.CIRCUITS`, or a Program.
        n_qubits: wires of a named circuit.
        depth: layers of a named circuit.
        features: a name of `qml.models.FEATURES`, or a features value such as `Mlp((32,))`.
        ablation: "" for the circuit; "twin", "frozen", "product" or "removed" in its place.
        epochs: passes over the rows.
        batch_size: rows an update.
        learning_rate: of all weights, falling to zero by a cosine.
        circuit_learning_rate: of circuit weights; None takes `learning_rate`.
        weight_decay: on classical weights.
        executor: who runs the circuit: a name of `EXECUTORS` or `BACKENDS` of `qml.backends`, or an Executor.
        noise, shots, mitigation: what a named executor is crossed with, see `qml.estimators.Backend`.
        framework: "torch" or "jax".
        random_state: seed of weights and batches; None draws one.

    Attributes:
        classes_: labels, in the order of the columns of `predict_proba`.
        model_: the trained network.
        spec_: the model as a value.
        records_: what happened in training.

    Example:
        >>> from sklearn.datasets import load_wine
        >>> X, y = load_wine(return_X_y=True)
        >>> classifier = HybridClassifier("sel", n_qubits=4, random_state=0).fit(X, y)
        >>> classifier.score(X, y) > 0.9
        True
    """

    def fit(self, X: Any, y: Any) -> HybridClassifier:
        """Train on rows `(N, D)` with labels `(N,)`.

        Raises:
            DataError: rows or labels that scikit-learn refuses.
            ConfigError: a single class.
        """
        X_ND, y = self._validated(X, y)
        check_classification_targets(y)
        self.classes_, codes_N = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ConfigError(
                f"HybridClassifier needs at least two classes; y has only one class: {self.classes_[0]!r}. "
                f"Give rows of another."
            )
        self._train(X_ND, codes_N.astype(np.int64), tuple(str(label) for label in self.classes_))
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Logits `(N, C)`; for two classes their difference `(N,)`, positive for the second."""
        logits_NC = self._outputs(X)
        return logits_NC[:, 1] - logits_NC[:, 0] if len(self.classes_) == 2 else logits_NC

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities `(N, C)` in the order of `classes_`."""
        logits_NC = self._outputs(X)
        powers = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """Labels `(N,)`."""
        best_N = self._outputs(X).argmax(axis=1)
        return self.classes_[best_N]


class HybridRegressor(RegressorMixin, _HybridEstimator):
    """A hybrid of features, a circuit and a linear head, as a scikit-learn regressor of one number.

    As `HybridClassifier`, and the target is standardised inside too, so its unit does not matter.

    Args:
        circuit: a name of `qml.circuits.CIRCUITS`, or a Program.
        n_qubits: wires of a named circuit.
        depth: layers of a named circuit.
        features: a name of `qml.models.FEATURES`, or a features value.
        ablation: "" for the circuit; "twin", "frozen", "product" or "removed" in its place.
        epochs: passes over the rows.
        batch_size: rows an update.
        learning_rate: of all weights, falling to zero by a cosine.
        circuit_learning_rate: of circuit weights; None takes `learning_rate`.
        weight_decay: on classical weights.
        executor: who runs the circuit: a name of `EXECUTORS` or `BACKENDS` of `qml.backends`, or an Executor.
        noise, shots, mitigation: what a named executor is crossed with, see `qml.estimators.Backend`.
        framework: "torch" or "jax".
        random_state: seed of weights and batches; None draws one.

    Example:
        >>> rows = np.linspace(-1, 1, 60)[:, None]
        >>> regressor = HybridRegressor("reupload", n_qubits=2, batch_size=8, random_state=0).fit(rows, rows[:, 0] ** 2)
        >>> regressor.score(rows, rows[:, 0] ** 2) > 0.9
        True
    """

    def fit(self, X: Any, y: Any) -> HybridRegressor:
        """Train on rows `(N, D)` with numbers `(N,)`.

        Raises:
            DataError: rows or numbers that scikit-learn refuses.
        """
        X_ND, y_N = self._validated(X, y, y_numeric=True)
        self.target_scaler_ = StandardScaler().fit(y_N[:, None])
        scaled_N1 = np.asarray(self.target_scaler_.transform(y_N[:, None]), np.float32)
        self._train(X_ND, scaled_N1[:, 0], ())
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Numbers `(N,)` in the units of the target."""
        outputs_N1 = self._outputs(X)
        return self.target_scaler_.inverse_transform(outputs_N1)[:, 0]
