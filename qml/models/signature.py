"""What a model must fit: the shape of a row, the numbers to return, and what they mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

from qml.base.errors import ConfigError, ShapeError
from qml.base.registry import unknown

S = TypeVar("S")


@dataclass(frozen=True)
class Signature:
    """The data side of a model.

    Args:
        input_shape: shape of one row, such as `(64,)` or `(1, 28, 28)`.
        n_outputs: classes `C`, or 1 for a number.
        kind: what the outputs are, logits of `classes` or one `number`.
        center: added to the output of a network that learns by steps; for a number, its mean over the training rows.
        scale: what that output is multiplied by first; for a number, its spread over the training rows.

    Example:
        >>> Signature((1, 28, 28), 10).n_inputs
        784
    """

    input_shape: tuple[int, ...]
    n_outputs: int
    kind: Literal["classes", "number"] = "classes"
    center: float = 0.0
    scale: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "input_shape", tuple(int(n) for n in self.input_shape))
        if self.n_outputs < 1 or min(self.input_shape, default=1) < 1:
            raise ShapeError(
                f"A model needs rows of positive shape and at least one output; got input_shape={self.input_shape} "
                f"and n_outputs={self.n_outputs}."
            )

    @property
    def n_inputs(self) -> int:
        """Numbers in one row."""
        return math.prod(self.input_shape)


def placed(spec: Any, signature: Signature | None) -> Signature:
    """`signature`, or the error that a Spec was built before it knew its data."""
    if signature is None:
        raise ConfigError(
            f"{type(spec).__name__} was built without a signature, so the shape of its data is not known. "
            f"Call .on(Signature(input_shape, n_outputs)) first."
        )
    return signature


def placed_on(spec: S, signature: Signature) -> S:
    """`spec` for data of this signature.

    Raises:
        ConfigError: what was given is no Signature.
    """
    if not isinstance(signature, Signature):
        raise ConfigError(
            f"{type(spec).__name__}.on got {signature!r}; give a Signature of the data, such as Signature((4,), 2)."
        )
    return replace(spec, signature=signature)  # type: ignore[type-var]


def with_settings(spec: S, settings: Mapping[str, Any]) -> S:
    """`spec` with some fields replaced; a key that is no field is refused with the near name."""
    known = [field.name for field in fields(spec) if field.name != "signature"]  # type: ignore[arg-type]
    for key in settings:
        if key not in known:
            raise unknown(f"setting of {type(spec).__name__}", key, known)
    return replace(spec, **settings)  # type: ignore[type-var]
