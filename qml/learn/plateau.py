"""When a run has converged: the loss over the last updates is level within its own scatter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.errors import ConfigError, QmlError
from qml.learn.record import Record


class NotConvergedError(QmlError, RuntimeError):
    """A run that had to converge met another bound of its budget first; carries what it had recorded.

    Args:
        message: which bound, after how many updates.
        records: of the run.
    """

    def __init__(self, message: str, records: Sequence[Record] = ()):
        super().__init__(message)
        self.records = tuple(records)


@dataclass(frozen=True)
class Plateau:
    """Stop when two neighbouring stretches of the loss have the same mean within half a standard error.

        |mean(last n) - mean(n before)| <= std(last n) / sqrt(n) / 2,    after more than 2 n + 1 updates

    The rule looks at the training loss only. It often stops a noisy loss by chance: in its own scatter the
    difference of two means is within that bound in about a quarter of all looks, and it looks at every update.

    Args:
        interval: updates `n` of one stretch.
        required: whether a run that meets `Budget.steps` or `Budget.epochs` first has failed. A cap on CPU seconds
            stays a cap, and patience and Ctrl-C stay what they are.

    Raises:
        ConfigError: a stretch of fewer than two updates.

    References:
        Bowles, Ahmed and Schuld, arXiv:2403.07059 (2024): n = 200, and a run that does not converge is an error.

    Example:
        >>> rule = Plateau(interval=2)
        >>> rule.is_met(6, [3.0, 1.0, 1.0, 3.0]), rule.is_met(6, [9.0, 9.0, 1.0, 3.0]), rule.is_met(5, [1.0] * 4)
        (True, False, False)
    """

    interval: int = 200
    required: bool = True

    def __post_init__(self) -> None:
        if self.interval < 2:
            raise ConfigError(f"A Plateau compares stretches of 2 updates or more; got interval={self.interval}.")

    @property
    def memory(self) -> int:
        """Losses to remember."""
        return 2 * self.interval

    def is_met(self, steps: int, losses: Sequence[float]) -> bool:
        """Whether a run has converged.

        Args:
            steps: updates done.
            losses: of the last `memory` of them, in order.
        """
        if steps < self.memory + 2 or len(losses) < self.memory:
            return False
        before, last = np.asarray(losses[-self.memory :], dtype=float).reshape(2, self.interval)
        return bool(abs(before.mean() - last.mean()) <= last.std() / self.interval**0.5 / 2)

    def check(self, stopped: str, steps: int, records: Sequence[Record] = ()) -> None:
        """Raise `NotConvergedError` where a run ended by a bound that is no convergence.

        Args:
            stopped: what ended it.
            steps: updates done.
            records: carried by the error.
        """
        if self.required and stopped in ("steps", "epochs"):
            raise NotConvergedError(
                f"A fit that must converge met its bound {stopped!r} after {steps} updates: the loss over the last "
                f"{self.interval} was not level. Raise the bound or change the learning rate; under a protocol this "
                f"counts as a failed trial.",
                records,
            )
