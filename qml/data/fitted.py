"""Transforms after fitting: frozen values that map arrays to arrays and can be written as JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from qml.base.digest import digest
from qml.base.errors import ShapeError
from qml.base.registry import Registry


class Fitted(Protocol):
    """What a transform is after it has seen the training rows."""

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """`(B, ...)` to `(B, ...)`, row by row: no row sees another."""
        ...

    def state(self) -> dict[str, Any]:
        """All of it as plain JSON data, read back by `from_state`."""
        ...

    @property
    def digest(self) -> str:
        """Equal for equal states."""
        ...


FITTED: Registry[Callable[[Mapping[str, Any]], Fitted]] = Registry("fitted transform")
"""Kind in a state -> what builds the fitted transform of that state."""


def from_state(state: Mapping[str, Any]) -> Fitted:
    """The fitted transform that `state()` was taken of.

    Raises:
        ConfigError: its kind is not known.

    Example:
        >>> fitted = Affine(np.array([1.0], np.float32), np.array([2.0], np.float32))
        >>> from_state(fitted.state())(np.array([[3.0]], np.float32))
        array([[4.]], dtype=float32)
    """
    return FITTED[state["kind"]](state)


class _Digested(ABC):
    """The digest of a fitted transform is that of its state."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All that it holds, as plain data."""

    @property
    def digest(self) -> str:
        """Equal for equal states."""
        return digest(self.state())


@dataclass(frozen=True, eq=False)
class Affine(_Digested):
    """`(rows - shift) * scale`, with shift and scale in the shape of a row or one that broadcasts to it.

    Rows of float64 are shifted before they are rounded, so what lies close together far from zero stays apart.

    Args:
        shift: float32.
        scale: float32.
    """

    shift: np.ndarray
    scale: np.ndarray

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """`(B, ...)` numbers or uint8 to `(B, ...)` float32."""
        try:
            moved = np.subtract(rows, self.shift, dtype=np.result_type(rows, np.float32)).astype(np.float32, copy=False)
        except ValueError as error:
            raise ShapeError(
                f"rows of shape {rows.shape[1:]} were given to a transform fitted on rows like {self.shift.shape}. "
                f"Give it the columns that it was fitted on."
            ) from error
        moved *= self.scale
        return moved

    def state(self) -> dict[str, Any]:
        """Shift and scale as nested lists."""
        return {"kind": "affine", "shift": self.shift.tolist(), "scale": self.scale.tolist()}


FITTED.add("affine", lambda state: Affine(np.array(state["shift"], np.float32), np.array(state["scale"], np.float32)))


@dataclass(frozen=True, eq=False)
class Filled(_Digested):
    """Missing values replaced by one value a column; a 0/1 column is added for each of `flagged`.

    Args:
        fill: `(D,)` float32.
        flagged: columns that had missing values in training.
    """

    fill: np.ndarray
    flagged: tuple[int, ...]

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """`(B, D)` with NaN to `(B, D + F)` without."""
        missing = np.isnan(rows)
        filled = np.where(missing, self.fill, rows).astype(np.float32, copy=False)
        if not self.flagged:
            return filled
        return np.concatenate([filled, missing[:, list(self.flagged)].astype(np.float32)], axis=1)

    def state(self) -> dict[str, Any]:
        """The fill values and the flagged columns."""
        return {"kind": "filled", "fill": self.fill.tolist(), "flagged": list(self.flagged)}


FITTED.add("filled", lambda state: Filled(np.array(state["fill"], np.float32), tuple(state["flagged"])))


@dataclass(frozen=True, eq=False)
class OneHotCoded(_Digested):
    """Codes as one 0/1 column for each code kept, and one for all others, a column at a time.

    Args:
        kept: for each column its codes, sorted; anything else, NaN too, falls into the last place.
    """

    kept: tuple[tuple[int, ...], ...]

    @property
    def width(self) -> int:
        """Columns that come out."""
        return sum(len(codes) + 1 for codes in self.kept)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """`(B, D)` codes to `(B, width)` float32 zeros and ones."""
        if rows.shape[1:] != (len(self.kept),):
            raise ShapeError(f"rows of {rows.shape[1:]} codes were given; fitted on {len(self.kept)} columns.")
        out = np.zeros((len(rows), self.width), np.float32)
        numbers = np.arange(len(rows))
        first = 0
        for place, codes in enumerate(self.kept):
            out[numbers, first + _positions(rows[:, place], codes)] = 1.0
            first += len(codes) + 1
        return out

    def state(self) -> dict[str, Any]:
        """The codes kept of each column."""
        return {"kind": "one_hot", "kept": [list(codes) for codes in self.kept]}


def _positions(values: np.ndarray, codes: tuple[int, ...]) -> np.ndarray:
    """Place of each value in the sorted `codes`; `len(codes)` where it is not among them."""
    table = np.array([*codes, np.inf], np.float64)
    places = np.searchsorted(table[:-1], values)
    return np.where(table[places] == values, places, len(codes))


FITTED.add("one_hot", lambda state: OneHotCoded(tuple(tuple(codes) for codes in state["kept"])))


@dataclass(frozen=True, eq=False)
class Projected(_Digested):
    """`(rows - mean) @ components.T`.

    Args:
        mean: `(D,)` float32.
        components: `(K, D)` float32, rows of length one (or divided by their spread, if whitened).
    """

    mean: np.ndarray
    components: np.ndarray

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """`(B, D)` to `(B, K)` float32; longer rows are flattened first."""
        flat = rows.reshape(len(rows), -1 if rows.size else len(self.mean))
        if flat.shape[1] != len(self.mean):
            raise ShapeError(f"rows of {flat.shape[1]} numbers were given; the projection needs {len(self.mean)}.")
        return np.subtract(flat, self.mean, dtype=np.float32) @ self.components.T

    def state(self) -> dict[str, Any]:
        """Mean and components as lists."""
        return {"kind": "projected", "mean": self.mean.tolist(), "components": self.components.tolist()}


FITTED.add(
    "projected", lambda state: Projected(np.array(state["mean"], np.float32), np.array(state["components"], np.float32))
)


@dataclass(frozen=True, eq=False)
class Flat(_Digested):
    """Each row as one vector."""

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """`(B, ...)` to `(B, D)`."""
        return rows.reshape(len(rows), int(np.prod(rows.shape[1:])))

    def state(self) -> dict[str, Any]:
        """Nothing but its kind."""
        return {"kind": "flat"}


FITTED.add("flat", lambda state: Flat())


@dataclass(frozen=True, eq=False)
class Chained(_Digested):
    """One fitted transform after another."""

    steps: tuple[Fitted, ...]

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """`(B, ...)` through every step."""
        for step in self.steps:
            rows = step(rows)
        return rows

    def state(self) -> dict[str, Any]:
        """The states of the steps."""
        return {"kind": "chained", "steps": [step.state() for step in self.steps]}


FITTED.add("chained", lambda state: Chained(tuple(from_state(step) for step in state["steps"])))


@dataclass(frozen=True, eq=False)
class Branched(_Digested):
    """Some columns through one fitted transform, some through another, side by side.

    Args:
        places: for each branch the columns it takes.
        branches: fitted transforms, one a branch.
    """

    places: tuple[tuple[int, ...], ...]
    branches: tuple[Fitted, ...]

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """`(B, D)` to `(B, sum of the widths of the branches)`."""
        pairs = zip(self.places, self.branches, strict=True)
        return np.concatenate([branch(rows[:, list(places)]) for places, branch in pairs], axis=1)

    def state(self) -> dict[str, Any]:
        """The columns and the states of the branches."""
        return {
            "kind": "branched",
            "places": [list(places) for places in self.places],
            "branches": [branch.state() for branch in self.branches],
        }


FITTED.add(
    "branched",
    lambda state: Branched(
        tuple(tuple(places) for places in state["places"]), tuple(from_state(branch) for branch in state["branches"])
    ),
)
