"""The process-wide generators of NumPy and Python, lent to a run and given back as they were.

A Step holds the draws of its own framework. A user's module or Source may still draw from these two; a run seeds
them, saves them in its checkpoints, and leaves the caller's untouched.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from qml.base.seeds import derive


@contextmanager
def own_generators(seed: int) -> Iterator[None]:
    """While it lasts, `numpy.random` and `random` draw from `seed`; afterwards they are as before."""
    numpy_state = np.random.get_state(legacy=False)  # noqa: NPY002  it is this global one that is protected
    python_state = random.getstate()
    np.random.seed(derive(seed, "numpy"))  # noqa: NPY002
    random.seed(derive(seed, "python"))
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


def generator_arrays() -> dict[str, np.ndarray]:
    """The state of both as arrays, for a checkpoint."""
    numpy_state: Mapping[str, Any] = np.random.get_state(legacy=False)  # noqa: NPY002
    _, words, gauss = random.getstate()
    return {
        "numpy": np.append(numpy_state["state"]["key"], np.uint32(numpy_state["state"]["pos"])),
        "numpy_gauss": np.array([numpy_state["has_gauss"], numpy_state["gauss"]], np.float64),
        "python": np.array(words, np.uint32),
        "python_gauss": np.array([] if gauss is None else [gauss], np.float64),
    }


def set_generators(arrays: Mapping[str, np.ndarray]) -> None:
    """Bring both to the state that `generator_arrays` saved: `(N,)` words and flags, by name."""
    has_gauss, gauss = arrays["numpy_gauss"]
    np.random.set_state(  # noqa: NPY002
        {
            "bit_generator": "MT19937",
            "state": {"key": arrays["numpy"][:-1], "pos": int(arrays["numpy"][-1])},
            "has_gauss": int(has_gauss),
            "gauss": float(gauss),
        }
    )
    python_gauss = float(arrays["python_gauss"][0]) if len(arrays["python_gauss"]) else None
    random.setstate((3, tuple(map(int, arrays["python"])), python_gauss))
