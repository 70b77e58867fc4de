"""Settings as they were given, checked in one line each: whole numbers, numbers in a range, words of a few."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real

from qml.base.errors import ConfigError
from qml.base.registry import unknown


def check_whole(who: str, least: int, most: int | None = None, /, **given: object) -> None:
    """Raise unless every setting is a whole number of at least `least`.

    Args:
        who: whose settings they are, for the message.
        least: the smallest one that will do.
        most: the largest one; None for no bound.
        given: settings by name.

    Raises:
        ConfigError: one is something else; True and False are no numbers.

    Example:
        >>> check_whole("two_curves", 1, n_columns=4, degree=-1)
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: two_curves got degree=-1; give a whole number of at least 1.
    """
    for name, value in given.items():
        if not _is_whole(value, least, most):
            raise ConfigError(f"{who} got {name}={value!r}; give a whole number of {_bounds(least, most)}.")


def check_wholes(who: str, least: int, most: int | None = None, /, **given: object) -> None:
    """Raise unless every setting is a list of such whole numbers, one or more.

    Raises:
        ConfigError: one is no list, is empty, or holds something else.

    Example:
        >>> check_wholes("StudyMlp", 1, widths=(10, 0))
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: StudyMlp got widths=(10, 0); give a list of whole numbers of at least 1, ...
    """
    for name, values in given.items():
        found = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else []
        if not (found and all(_is_whole(value, least, most) for value in found)):
            raise ConfigError(
                f"{who} got {name}={values!r}; give a list of whole numbers of {_bounds(least, most)}, one or more."
            )


def check_number(who: str, /, *, least: float | None = None, above: float | None = None, **given: object) -> None:
    """Raise unless every setting is a finite number in the range.

    Args:
        who: whose settings they are, for the message.
        least: the smallest one that will do; None for no such bound.
        above: what it must be larger than; None for no such bound.
        given: settings by name.

    Raises:
        ConfigError: one is something else; True and False are no numbers.

    Example:
        >>> check_number("two_curves", least=0, noise=float("nan"))
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: two_curves got noise=nan; give a finite number of at least 0.
    """
    for name, value in given.items():
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
        low = (least is not None and number < least) or (above is not None and number <= above)
        if low or not math.isfinite(number):
            wanted = f" of at least {least}" if least is not None else f" above {above}" if above is not None else ""
            raise ConfigError(f"{who} got {name}={value!r}; give a finite number{wanted}.")


def check_word(known: Sequence[str], /, **given: object) -> None:
    """Raise unless every setting is one of the known words; "" among them stands for none.

    Raises:
        ConfigError: one is not; the nearest word is given.

    Example:
        >>> check_word(("own", "shared"), pairs="nope")
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: pairs 'nope' is not known. Known: own, shared.
    """
    for name, value in given.items():
        if value not in known:
            raise unknown(name, value, [word for word in known if word])


def _is_whole(value: object, least: int, most: int | None) -> bool:
    if not isinstance(value, Integral) or isinstance(value, bool):
        return False
    return least <= int(value) and (most is None or int(value) <= most)


def _bounds(least: int, most: int | None) -> str:
    return f"at least {least}" if most is None else f"{least} to {most}"
