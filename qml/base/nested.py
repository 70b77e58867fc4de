"""Nested plain data, such as a configuration, walked with the dotted path of each value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def nodes(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value inside mappings and lists with its dotted path, each before what is inside it.

    Args:
        value: plain data; itself it is not among the nodes.
        path: of `value`; "" for the whole.

    Example:
        >>> list(nodes({"out": "here", "read": {"paths": ["a", 3]}}))[2:]
        [('read.paths', ['a', 3]), ('read.paths.0', 'a'), ('read.paths.1', 3)]
    """
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        here = f"{path}.{key}" if path else str(key)
        yield here, item
        yield from nodes(item, here)


def listed(given: Sequence[Any] | Mapping[str, Any] | str | None) -> tuple[Any, ...]:
    """A list as a tuple, where a name or a mapping alone is a list of one, and None of none.

    Example:
        >>> listed("readout"), listed(["readout", {"zne": {}}]), listed(None)
        (('readout',), ('readout', {'zne': {}}), ())
    """
    return (given,) if isinstance(given, (str, Mapping)) else tuple(given or ())
