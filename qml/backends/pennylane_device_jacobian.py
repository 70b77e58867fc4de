"""The Jacobian of a tape, and the shapes that PennyLane gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Block:
    """Derivatives of all outputs of all rows by one parameter.

    Args:
        rows_BO: `(B, O, *rest)`: B rows, O outputs of all measurements in order, what the parameter holds (a row).
        by_row: whether the parameter has a value a row; an output depends on that of its own row alone.
    """

    rows_BO: np.ndarray
    by_row: bool


def by_shape(array_BO: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    """`(B, O, *rest)` cut into one array `(B, *shape, *rest)` a measurement.

    Example:
        >>> [part.shape for part in by_shape(np.zeros((3, 5)), [(), (2, 2)])]
        [(3,), (3, 2, 2)]
    """
    ends = np.cumsum([prod(shape) for shape in shapes])
    parts = np.split(array_BO, ends[:-1], axis=1)
    return [part.reshape(len(array_BO), *shape, *array_BO.shape[2:]) for part, shape in zip(parts, shapes, strict=True)]


@dataclass(frozen=True)
class Jacobian:
    """All first derivatives of the results of a tape.

    Args:
        blocks: one a trainable parameter.
        shapes: of each measurement in one row.
        batched: whether the tape has a batch dimension.

    Example:
        >>> slopes = Jacobian((Block(np.array([[2.0, 3.0]]), False),), ((), ()), batched=False)
        >>> slopes.nested(), slopes.along([10.0])
        ((array(2.), array(3.)), (array(20.), array(30.)))
    """

    blocks: tuple[Block, ...]
    shapes: tuple[tuple[int, ...], ...]
    batched: bool

    def nested(self) -> Any:
        """As PennyLane nests it: measurements, then parameters, either only if there are several."""
        if not self.blocks:
            return ()
        by_block = [by_shape(block.rows_BO, self.shapes) for block in self.blocks]
        found = []
        for which, shape in enumerate(self.shapes):
            parts = [
                self._one(parts[which], block, len(shape)) for parts, block in zip(by_block, self.blocks, strict=True)
            ]
            found.append(parts[0] if len(parts) == 1 else tuple(parts))
        return found[0] if len(found) == 1 else tuple(found)

    def along(self, tangents: Sequence[Any]) -> Any:
        """The derivative of every result when each parameter moves along its tangent, of its shape."""
        n_rows = len(self.blocks[0].rows_BO) if self.blocks else 1
        dtype = np.result_type(float, *[block.rows_BO.dtype for block in self.blocks])
        total = np.zeros((n_rows, sum(map(prod, self.shapes))), dtype)
        for block, tangent in zip(self.blocks, tangents, strict=True):
            moves = np.asarray(tangent) if block.by_row else np.asarray(tangent)[None]
            products = block.rows_BO * moves[:, None]
            total = total + products.reshape(*products.shape[:2], -1).sum(-1)
        parts = [part if self.batched else part[0] for part in by_shape(total, self.shapes)]
        parts = [np.asarray(part) for part in parts]
        return parts[0] if len(parts) == 1 else tuple(parts)

    def _one(self, part: np.ndarray, block: Block, n_shape: int) -> np.ndarray:
        """One measurement and parameter: without the batch dimension where there is none, else with that of both."""
        if not self.batched:
            return np.asarray(part[0])
        if not block.by_row:
            return part
        whole = np.zeros((*part.shape[: 1 + n_shape], len(part), *part.shape[1 + n_shape :]), part.dtype)
        every = np.arange(len(part))
        np.moveaxis(whole, 1 + n_shape, 1)[every, every] = part
        return whole
