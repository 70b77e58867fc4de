"""What of a study is to be run: numbers and names in lists, looked at before any fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from qml.base.bounds import check_wholes
from qml.base.errors import ConfigError
from qml.base.registry import unknown

LARGEST_SEED = 2**32 - 1  # of NumPy's legacy generator


def check_numbers(name: str, values: Any, least: int = 0, most: int | None = None) -> None:
    """Raise unless the key `name` of a study is a list of whole numbers, one or more, each once.

    Args:
        name: of the key.
        values: what was given.
        least: the smallest number that will do.
        most: the largest one; None for no bound.

    Raises:
        ConfigError: it is something else.

    Example:
        >>> check_numbers("seeds", [])
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: reproduce.seeds is empty; give at least one.
    """
    _check_list(name, values)
    check_wholes("reproduce", least, most, **{name: values})
    _check_once(name, values)


def check_names(name: str, values: Any, known: Collection[str], of: str) -> None:
    """Raise unless the key `name` of a study is a list of known names, one or more, each once.

    Args:
        name: of the key.
        values: what was given.
        known: names to choose from.
        of: whose names they are, for the message.

    Raises:
        ConfigError: it is something else; a name that is not known comes with the nearest one.

    Example:
        >>> check_names("sets", "mnist", ["mnist"], "this study")
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: reproduce.sets is 'mnist'; give a list: reproduce.sets=[mnist].
    """
    _check_list(name, values)
    for value in values:
        if value not in known:
            raise unknown(f"{name} of {of}", value, list(known))
    _check_once(name, values)


def _check_list(name: str, values: Any) -> None:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ConfigError(f"reproduce.{name} is {values!r}; give a list: reproduce.{name}=[{values}].")
    if not values:
        raise ConfigError(f"reproduce.{name} is empty; give at least one.")


def _check_once(name: str, values: Sequence[Any]) -> None:
    for value in values:
        if list(values).count(value) > 1:
            raise ConfigError(f"reproduce.{name} has {value!r} more than once; give it once.")
