"""Arrays of angles that pass through somebody else's quantum function in place of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn, Self

import numpy as np

from qml.base.errors import ProgramError
from qml.circuits.angle import Angle, as_angle

_LINEAR = (np.add, np.subtract, np.multiply, np.negative, np.positive, np.matmul, np.square, np.power, np.float_power)


@dataclass(frozen=True)
class Norm:
    """The Euclidean norm of angles: known only at run time, and good for dividing by."""

    values: tuple[Angle, ...]


@dataclass(frozen=True)
class Amplitude:
    """One of several angles divided by their norm: an entry of an amplitude preparation."""

    value: Angle
    norm: Norm


class TracedArray(np.ndarray):
    """An object array of Angles that stays one through indexing, arithmetic and reshaping.

    Sums and products are carried out on the angles; anything else that needs a number (`sin`, a comparison,
    `float`) is a `ProgramError` that names it. A single entry is an array of no dimensions, so that
    other libraries see an array and not an unknown object.
    """

    @classmethod
    def of(cls, angles: Iterable[Angle], shape: tuple[int, ...]) -> Self:
        """`angles` in C order as an array of `shape`."""
        flat = list(angles)
        array = np.empty(len(flat), dtype=object)
        array[:] = flat
        return array.reshape(shape).view(cls)

    def __getitem__(self, key: Any) -> Any:
        return traced(super().__getitem__(key))

    def __iter__(self):
        return (self[index] for index in range(len(self)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = tuple(_plain(value) for value in inputs)
        kwargs.pop("out", None)
        try:
            if ufunc in (np.true_divide, np.divide):
                return traced(np.frompyfunc(_divided, 2, 1)(*plain))
            if ufunc in _LINEAR:
                return traced(getattr(ufunc, method)(*plain, **kwargs))
        except TypeError as error:
            raise _refused(ufunc.__name__) from error
        raise _refused(ufunc.__name__)

    def __array_function__(self, func: Callable, types: Iterable[type], args: tuple, kwargs: dict) -> Any:
        if func is np.linalg.norm:
            return _norm(*args, **kwargs)
        if func in (np.allclose, np.isclose) and any(_is_norm(value) for value in args):
            return False
        return traced(super().__array_function__(func, types, args, kwargs))

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """The same array for `object`; numbers are not known yet."""
        if np.dtype(dtype) != np.dtype(object):
            raise _refused(f"astype({np.dtype(dtype)})")
        return self

    def __bool__(self) -> NoReturn:
        raise _refused("a condition (if, and, or)")

    def __float__(self) -> NoReturn:
        raise _refused("float")

    def __int__(self) -> NoReturn:
        raise _refused("int")

    def __complex__(self) -> NoReturn:
        raise _refused("complex")

    def __format__(self, spec: str) -> str:
        return str(self)


def traced(value: Any) -> Any:
    """`value` as a TracedArray where it holds angles; everything else as it is."""
    if isinstance(value, (Angle, Norm, Amplitude)):
        array = np.empty((), dtype=object)
        array[()] = value
        return array.view(TracedArray)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value.view(TracedArray)
    if isinstance(value, (list, tuple)):
        return type(value)(map(traced, value)) if type(value) in (list, tuple) else value
    return value


def is_traced(value: Any) -> bool:
    """Whether `value` holds angles instead of numbers."""
    return isinstance(value, Angle) or (isinstance(value, np.ndarray) and value.dtype == object)


def angle_of(value: Any) -> Angle:
    """The Angle that a parameter of a gate is.

    Raises:
        ProgramError: it is several numbers (a batch), or no number and no angle.
    """
    if not isinstance(value, np.ndarray):
        return as_angle(value)
    if value.size != 1:
        raise ProgramError(
            f"A gate got a parameter of shape {value.shape}; a Program holds one row. Trace without batch."
        )
    return as_angle(value.item())


def amplitudes_of(values: np.ndarray) -> tuple[Angle, ...]:
    """The angles of normalised amplitudes, an object array `(A,)` or `(1, A)`.

    Raises:
        ProgramError: the values are not all the entries of one vector divided by its norm.
    """
    entries = np.asarray(values, dtype=object).ravel().tolist()
    angles = tuple(entry.value for entry in entries if isinstance(entry, Amplitude))
    if len(angles) != len(entries) or any(entry.norm.values != angles for entry in entries):
        raise ProgramError(
            "Amplitudes that depend on inputs or weights must be normalised at run time. "
            "Use qp.AmplitudeEmbedding(..., normalize=True) or qp.StatePrep(..., normalize=True)."
        )
    return angles


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, np.ndarray) else value


def _is_norm(value: Any) -> bool:
    return isinstance(value, TracedArray) and any(isinstance(item, Norm) for item in value.ravel().tolist())


def _divided(left: Any, right: Any) -> Any:
    if isinstance(right, Norm):
        return Amplitude(as_angle(left), right)
    return left / right


def _norm(values: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The symbolic norm of a vector; 1 where the vector is normalised already."""
    shape = np.shape(values)
    if shape not in (shape[-1:], (1, *shape[-1:])) or ord not in (None, 2) or axis not in (None, -1, len(shape) - 1):
        raise _refused("linalg.norm of anything but one vector")
    entries = np.asarray(values, dtype=object).ravel().tolist()
    if all(isinstance(entry, Amplitude) for entry in entries):
        amplitudes_of(values)
        return 1.0
    norm = traced(Norm(tuple(map(as_angle, entries))))
    reduced = () if axis is None else shape[:-1]
    return norm.reshape((1,) * len(shape) if keepdims else reduced)


def _refused(what: str) -> ProgramError:
    return ProgramError(
        f"{what!r} was asked of an input or weight while the function was traced; a Program's angles are sums of "
        f"products of slots. Compute it outside (in front of the layer), or pass the result as an input."
    )
