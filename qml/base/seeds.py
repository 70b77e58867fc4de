"""A seed is data: every random choice is a pure function of one integer and a path of names."""

from __future__ import annotations

import hashlib
import operator

import numpy as np

from qml.base.errors import ConfigError


def derive(seed: int, *path: str | int) -> int:
    """A new seed for the purpose named by `path`, in 1 .. 2**31 - 1 (never 0, which some vendors read as "none").

    Raises:
        ConfigError: `seed` is no integer.

    Example:
        >>> derive(0, "weights") == derive(0, "weights"), derive(0, "weights") == derive(0, "batches")
        (True, False)
    """
    try:
        number = operator.index(seed)
    except TypeError as error:
        raise ConfigError(f"seed={seed!r} was asked for; a seed is an integer, such as 0.") from error
    text = "/".join([str(number), *map(str, path)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % (2**31 - 1) + 1


def generator(seed: int, *path: str | int) -> np.random.Generator:
    """A NumPy generator for the purpose named by `path`."""
    return np.random.Generator(np.random.PCG64(derive(seed, *path)))
