"""From a mapping with a `_target_` to the object it names, and which packages it may name."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any

from qml.base.errors import ConfigError
from qml.base.nested import nodes
from qml.base.registry import unknown

PLUGINS = "qml.plugins"  # entry point group of packages that `_target_` and `make` may name


def allowed(plugins: Sequence[str]) -> set[str]:
    """Packages whose names a configuration may hold: ours, the listed plugins, and those with an entry point."""
    points = {point.value.replace(":", ".").partition(".")[0] for point in metadata.entry_points(group=PLUGINS)}
    return {"qml", *points, *(plugin.partition(".")[0] for plugin in plugins)}


def addresses(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every `_target_` and `make` of a tree with its path."""
    for here, part in ((path, node), *nodes(node, path)):
        if isinstance(part, Mapping):
            for key in (key for key in ("_target_", "make") if isinstance(part.get(key), str)):
                yield f"{here}.{key}" if here else key, part[key]


def instantiated(node: Any, path: str = "") -> Any:
    """Every mapping with a `_target_` as the object it names, innermost first.

    Args:
        node: plain data.
        path: dotted, as someone would give the node on the command line; "" is the whole configuration.

    Raises:
        ConfigError: the target is not there, or does not take a key.
    """
    if isinstance(node, list):
        return [instantiated(item, f"{path}[{index}]") for index, item in enumerate(node)]
    if not isinstance(node, Mapping):
        return node
    begins = f"{path}." if path else ""
    values = {key: instantiated(value, f"{begins}{key}") for key, value in node.items() if key != "_target_"}
    if "_target_" not in node:
        return values
    where = path or "the configuration"
    target = located(node["_target_"], where)
    is_value = dataclasses.is_dataclass(target)
    takes = [field.name for field in dataclasses.fields(target)] if is_value else None
    for key in values:
        if takes is not None and key not in takes:
            raise unknown(f"key of {where}", key, takes)
    try:
        return target(**values)
    except TypeError as error:
        raise ConfigError(f"{where} cannot be built from {sorted(values)}: {error}.") from error


def imported(name: str, path: str) -> Any:
    """A module by name.

    Raises:
        ConfigError: it is not there.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{path} names the package {name!r}: {error}. Install it, or put it on PYTHONPATH."
        ) from error


def located(address: str, path: str) -> Any:
    """The class or function at "package.module.name".

    Raises:
        ConfigError: no such module or name.
    """
    module, _, name = address.rpartition(".")
    if not module:
        raise ConfigError(f"{path}: _target_ {address!r} is no address. Write package.module.Name.")
    try:
        return getattr(imported(module, path), name)
    except AttributeError as error:
        raise ConfigError(f"{path}: {module!r} has no {name!r}. Check the spelling of _target_.") from error
