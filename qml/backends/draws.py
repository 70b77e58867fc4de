"""Shots and seeds as they were handed in: whole numbers, asked by one pair of functions wherever something is drawn."""

from __future__ import annotations

from qml.base.bounds import is_whole
from qml.base.errors import ConfigError

LARGEST_SEED = 2**63 - 1


def checked_shots(who: str, shots: object) -> int:
    """`shots` as a plain integer.

    Args:
        who: was asked for them, for the message.
        shots: any whole number of at least 1, of Python or NumPy.

    Raises:
        ConfigError: something else; True is no number, and 10.0 is not cut to 10.

    Example:
        >>> checked_shots("mine", 10.7)
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: mine was asked for shots=10.7; shots are a whole number, shots >= 1, or None for...
    """
    if not is_whole(shots, 1):
        raise ConfigError(
            f"{who} was asked for shots={shots!r}; shots are a whole number, shots >= 1, or None for exact values."
        )
    return int(shots)


def checked_seed(who: str, seed: object, *, least: int | None = 1) -> int:
    """`seed` as a plain integer.

    Args:
        who: was handed it, for the message.
        seed: any whole number of at least `least`, of Python or NumPy.
        least: 1 for a machine, some of which read 0 as none; None where a seed is derived from it, which takes any.

    Raises:
        ConfigError: something else; True is no number.

    Example:
        >>> checked_seed("mine", 0)
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: mine was asked for seed=0; a seed is a whole number from 1 to 2**63 - 1 (some...
    """
    if is_whole(seed, least, None if least is None else LARGEST_SEED):
        return int(seed)
    bounds = ", such as 1" if least is None else f" from {least} to 2**63 - 1"
    why = " (some machines read 0 as none)" if least == 1 else ""
    raise ConfigError(f"{who} was asked for seed={seed!r}; a seed is a whole number{bounds}{why}.")


def plain_number(number: int | None) -> int | None:
    """A number that was checked as Python has it: a file and a service take one of NumPy for bytes, or not at all.

    Example:
        >>> import numpy as np
        >>> plain_number(np.int64(3)), plain_number(None)
        (3, None)
    """
    return None if number is None else int(number)
