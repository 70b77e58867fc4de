"""The study's multilayer perceptron, which is scikit-learn's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from qml.base.bounds import check_number, check_whole, check_wholes
from qml.base.errors import CapabilityError
from qml.models.champions import Champion

PASSES = 3000


@dataclass(frozen=True)
class StudyMlp(Champion):
    """Dense layers with ReLU on the columns as they are, trained by Adam until the loss stops falling; classes only.

    For tables of that study; the champion "mlp" goes through the same training as every other arm.

    Args:
        widths: of the hidden layers.
        alpha: quadratic penalty.
        batch_size: rows an update.
        learning_rate: of Adam.

    Raises:
        ConfigError: a number out of its range.

    References:
        Bowles, Ahmed and Schuld, arXiv:2403.07059 (2024).

    Example:
        >>> from qml.models import Signature
        >>> StudyMlp(widths=(10, 10)).on(Signature((4,), 2)).build(seed=0).hidden_layer_sizes
        (10, 10)
    """

    widths: tuple[int, ...] = (100,)
    alpha: float = 0.001
    batch_size: int = 32
    learning_rate: float = 0.001

    title: ClassVar[str] = "MLP of the study"
    choices: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "widths": ((100,), (10, 10, 10, 10), (50, 10, 5)),
        "alpha": (0.01, 0.001, 0.0001),
        "learning_rate": (0.001, 0.01, 0.1),
    }

    def __post_init__(self) -> None:
        check_wholes("StudyMlp", 1, widths=self.widths)
        check_whole("StudyMlp", 1, batch_size=self.batch_size)
        check_number("StudyMlp", least=0, alpha=self.alpha)
        check_number("StudyMlp", above=0, learning_rate=self.learning_rate)
        object.__setattr__(self, "widths", tuple(self.widths))

    def check(self) -> None:
        """Raise `CapabilityError` before any work unless the target is of classes."""
        if self.number:
            raise CapabilityError("The study's MLP learns classes, and the target is a number. Use 'mlp'.")

    def build(self, seed: int) -> Any:
        """A scikit-learn estimator.

        Raises:
            CapabilityError: the target is a number.
        """
        from sklearn.neural_network import MLPClassifier

        self.check()
        rows: Any = self.batch_size
        return MLPClassifier(
            self.widths,
            alpha=self.alpha,
            batch_size=rows,
            learning_rate_init=self.learning_rate,
            max_iter=PASSES,
            random_state=seed,
        )
