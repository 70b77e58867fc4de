"""Numbers of wires and slots as plain ints, so that equal circuits have equal digests whatever they were made of."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from qml.base.errors import ProgramError


def whole_number(what: str, value: SupportsIndex, least: int = 0) -> int:
    """`value` as a plain int.

    Args:
        what: the name of the number in the message.
        value: any integer type.
        least: the smallest one that will do.

    Raises:
        ProgramError: not an integer, or below `least`.

    Example:
        >>> whole_number("n_qubits", True)
        1
    """
    try:
        number = int(operator.index(value))
    except TypeError as error:
        raise ProgramError(f"{what} must be a whole number; got {value!r}.") from error
    if number < least:
        raise ProgramError(f"{what} must be {least} or more; got {number}.")
    return number
