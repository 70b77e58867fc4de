"""Classical baselines as frozen values: what a circuit must beat to have earned its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, TypeVar

from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.base.seeds import derive
from qml.models.features import Cnn, Mlp
from qml.models.signature import Signature, placed, with_settings

Self = TypeVar("Self", bound="Champion")


@dataclass(frozen=True)
class Champion:
    """What all baselines share; not a model itself.

    A subclass says its `title`, its `framework`, the choices of its own hyper-parameters (`space`) and how it
    is built.
    """

    signature: Signature | None = None

    family: ClassVar[Literal["baseline"]] = "baseline"
    framework: ClassVar[Literal["torch", "whole"]] = "whole"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {}

    @property
    def space(self) -> Mapping[str, tuple[Any, ...]]:
        """Hyper-parameters of the model with their choices."""
        return self.choices

    @property
    def number(self) -> bool:
        """Whether the target is a number rather than classes."""
        return placed(self, self.signature).kind == "number"

    @property
    def of_number(self) -> bool:
        """As `number`; False before the data is known."""
        return self.signature is not None and self.number

    def on(self: Self, signature: Signature) -> Self:
        """The same model for data of this signature."""
        return replace(self, signature=signature)

    def with_settings(self: Self, settings: Mapping[str, Any]) -> Self:
        """The same model at one point of its space."""
        return with_settings(self, settings)

    def check(self) -> None:
        """Raise before any work if this model cannot be built."""

    def facts(self) -> dict[str, Any]:
        """Plain facts for a report."""
        return {}


@dataclass(frozen=True)
class Majority(Champion):
    """The share of each class in the training rows, or the mean of a number: what any model must beat."""

    @property
    def title(self) -> str:
        """What it is called: by what it answers."""
        return "Mean" if self.of_number else "Majority class"

    def build(self, seed: int) -> Any:
        """A scikit-learn dummy estimator."""
        from sklearn.dummy import DummyClassifier, DummyRegressor

        return DummyRegressor() if self.number else DummyClassifier(strategy="prior")


@dataclass(frozen=True)
class Logistic(Champion):
    """Logistic regression, or ridge regression of a number, on standardised inputs.

    Args:
        C: inverse strength of the quadratic penalty.
    """

    C: float = 1.0

    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"C": (0.01, 0.1, 0.3, 1.0, 10.0, 100.0)}

    @property
    def title(self) -> str:
        """What it is called: by what it is fitted to."""
        return "Ridge regression" if self.of_number else "Logistic regression"

    def build(self, seed: int) -> Any:
        """A scikit-learn pipeline."""
        from sklearn.linear_model import LogisticRegression, Ridge

        if self.number:
            return scaled(Ridge(alpha=1.0 / self.C))
        return scaled(LogisticRegression(C=self.C, max_iter=5000))


@dataclass(frozen=True)
class Svm(Champion):
    """Support vectors with a Gaussian kernel.

    It gives decision values; `qml.learn` makes probabilities of them by one temperature fitted on validation rows.

    Beyond `exact_rows` training rows, landmarks stand for them, see `qml.models.gaussian.GaussianMachine`. For a number
    it is exact whatever their number, and its time grows with their square.

    Args:
        C: cost of a row on the wrong side.
        gamma: inverse squared width of the kernel, "scale" for one over inputs times variance.
        scaling: "standard" gives each column variance one, "unit" puts it into 0..1 (often better for images),
            "none" leaves it.
        exact_rows: largest number of rows without landmarks.
        landmarks: rows that stand for all where there are more.
    """

    C: float = 10.0
    gamma: float | str = "scale"
    scaling: Literal["standard", "unit", "none"] = "standard"
    exact_rows: int = 5000
    landmarks: int = 1000

    title: ClassVar[str] = "SVM, Gaussian kernel"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"C": (1.0, 10.0, 100.0), "scaling": ("standard", "unit")}

    def build(self, seed: int) -> Any:
        """A scikit-learn pipeline."""
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVR

        from qml.models.gaussian import GaussianMachine

        gamma: Any = self.gamma
        if self.number:
            machine = TransformedTargetRegressor(SVR(C=self.C, gamma=gamma), transformer=StandardScaler())
            return scaled(machine, self.scaling)
        drawn = derive(seed, "landmarks")
        return scaled(GaussianMachine(self.C, gamma, self.exact_rows, self.landmarks, drawn), self.scaling)


@dataclass(frozen=True)
class Boosting(Champion):
    """Gradient boosting of trees on histograms (scikit-learn's own).

    Args:
        learning_rate: shrinkage of each tree.
        max_leaf_nodes: size of each tree.
        max_iter: trees (a class each).
        l2_regularization: of the values of leaves; 1 as in XGBoost. With scikit-learn's own 0 a class of few rows makes
            leaves without bound, and more trees raise even the training loss.
    """

    learning_rate: float = 0.1
    max_leaf_nodes: int = 31
    max_iter: int = 100
    l2_regularization: float = 1.0

    title: ClassVar[str] = "Gradient boosting"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"learning_rate": (0.05, 0.1, 0.2), "max_leaf_nodes": (8, 31)}

    def build(self, seed: int) -> Any:
        """A scikit-learn estimator."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        made: Any = HistGradientBoostingRegressor if self.number else HistGradientBoostingClassifier
        return made(
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.max_leaf_nodes,
            max_iter=self.max_iter,
            l2_regularization=self.l2_regularization,
            early_stopping=False,
            random_state=derive(seed, "boosting"),
        )


@dataclass(frozen=True)
class Neighbours(Champion):
    """The nearest rows decide, on standardised inputs or on their first principal components.

    Args:
        n_neighbors: how many.
        variance: share of the variance that the components keep, in (0, 1); None takes the inputs themselves.
    """

    n_neighbors: int = 5
    variance: float | None = None

    title: ClassVar[str] = "Nearest neighbours"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {"n_neighbors": (1, 3, 5, 9, 15, 25), "variance": (None, 0.9)}

    def check(self) -> None:
        """Raise `ConfigError` unless the share of variance lies between 0 and 1."""
        if self.variance is not None and not 0 < self.variance < 1:
            raise ConfigError(f"variance={self.variance} was asked for; it is a share, so 0 < variance < 1.")

    def build(self, seed: int) -> Any:
        """A scikit-learn pipeline."""
        from sklearn.decomposition import PCA
        from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
        from sklearn.pipeline import make_pipeline

        self.check()
        made = (KNeighborsRegressor if self.number else KNeighborsClassifier)(self.n_neighbors, weights="distance")
        return scaled(made if self.variance is None else make_pipeline(PCA(self.variance, svd_solver="full"), made))


@dataclass(frozen=True)
class MlpChampion(Champion):
    """A multilayer perceptron in torch, trained by the very loop that trains the hybrid.

    Args:
        widths: hidden units of each layer.
        dropout: share of units dropped in training.
    """

    widths: tuple[int, ...] = (64,)
    dropout: float = 0.0

    title: ClassVar[str] = "MLP"
    framework: ClassVar[Literal["torch", "whole"]] = "torch"

    def __post_init__(self):
        object.__setattr__(self, "widths", Mlp(self.widths, self.dropout).widths)

    def build(self, seed: int) -> Any:
        """An `nn.Module` from `(B, ...)` to `(B, C)`."""
        return network(Mlp(self.widths, self.dropout), placed(self, self.signature), seed)


@dataclass(frozen=True)
class CnnChampion(Champion):
    """A convolutional network in torch: the features of the hybrid's CNN with a linear layer behind them.

    Args:
        channels: of each convolution.
        width: units of the linear layer before the last.
        dropout: share of its inputs dropped in training.
    """

    channels: tuple[int, ...] = (16, 32)
    width: int = 64
    dropout: float = 0.0

    title: ClassVar[str] = "CNN"
    framework: ClassVar[Literal["torch", "whole"]] = "torch"

    def __post_init__(self):
        object.__setattr__(self, "channels", Cnn(self.channels, self.width, self.dropout).channels)

    def check(self) -> None:
        """Raise `ConfigError` unless the rows are images."""
        shape = placed(self, self.signature).input_shape
        if len(shape) not in (2, 3):
            raise ConfigError(
                f"The arm 'cnn' was asked for; rows have shape {shape}, and a CNN needs images (C, H, W). "
                f"Leave it out, or use 'mlp'."
            )

    def build(self, seed: int) -> Any:
        """An `nn.Module` from `(B, C, H, W)` to `(B, C)`."""
        return network(Cnn(self.channels, self.width, self.dropout), placed(self, self.signature), seed)


def network(features: Mlp | Cnn, signature: Signature, seed: int) -> Any:
    """Features and a linear layer, drawn from `seed`."""
    from qml.models.networks import with_head

    return with_head(features, signature, seed)


def scaled(estimator: Any, scaling: str = "standard") -> Any:
    """`estimator` behind a scaling of columns fitted on the training rows.

    Raises:
        ConfigError: no such scaling.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    scalers: dict[str, Any] = {"standard": StandardScaler, "unit": MinMaxScaler, "none": lambda: "passthrough"}
    if scaling not in scalers:
        raise unknown("scaling", scaling, list(scalers))
    return make_pipeline(scalers[scaling](), estimator)
