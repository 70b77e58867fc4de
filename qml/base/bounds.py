"""Settings as they were given, checked in one line each: whole numbers, numbers in a range, words of a few, shapes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import TypeGuard

from qml.base.errors import ConfigError
from qml.base.registry import unknown


def is_whole(value: object, least: int | None = None, most: int | None = None) -> TypeGuard[Integral]:
    """Whether `value` is a whole number within the bounds, of Python or NumPy; True and False are none.

    Example:
        >>> is_whole(3, 1), is_whole(3.0, 1), is_whole(True), is_whole(0, 1)
        (True, False, False, False)
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        return False
    return (least is None or least <= int(value)) and (most is None or int(value) <= most)


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
        if not is_whole(value, least, most):
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
        if not (found and all(is_whole(value, least, most) for value in found)):
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


def check_truth(who: str, /, **given: object) -> None:
    """Raise unless every setting is true or false.

    Raises:
        ConfigError: one is something else.

    Example:
        >>> check_truth("ParquetSource", verify="maybe")
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: ParquetSource got verify='maybe'; give true or false.
    """
    for name, value in given.items():
        if not isinstance(value, bool):
            raise ConfigError(f"{who} got {name}={value!r}; give true or false.")


def check_list(who: str, /, **given: object) -> None:
    """Raise unless every setting is several values in order, or None; a lone text is not.

    Raises:
        ConfigError: one is something else.

    Example:
        >>> check_list("ParquetSource", drop="town")
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: ParquetSource got drop='town'; give a list: [town].
    """
    for name, value in given.items():
        if value is not None and (isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable)):
            raise ConfigError(f"{who} got {name}={value!r}; give a list: [{value}].")


def check_mapping(who: str, key: str, item: str, /, **given: object) -> None:
    """Raise unless every setting maps names to something, or is None.

    Args:
        who: whose settings they are, for the message.
        key: what is mapped, for the message.
        item: to what, for the message.
        given: settings by name.

    Raises:
        ConfigError: one is something else.

    Example:
        >>> check_mapping("ParquetSource", "part", "share of the training rows", shares=0.2)
        Traceback (most recent call last):
        ...
        qml.base.errors.ConfigError: ParquetSource got shares=0.2; give a mapping: {part: share of the training rows}.
    """
    for name, value in given.items():
        if value is not None and not isinstance(value, Mapping):
            raise ConfigError(f"{who} got {name}={value!r}; give a mapping: {{{key}: {item}}}.")


def _bounds(least: int, most: int | None) -> str:
    return f"at least {least}" if most is None else f"{least} to {most}"
