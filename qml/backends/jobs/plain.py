"""Values made of dataclasses, arrays and plain data as JSON text, and back; nothing is unpickled."""

from __future__ import annotations

import base64
import dataclasses
import importlib
import json
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from qml.base.errors import ConfigError, DataError, QmlError
from qml.base.redacting import is_secret_name

HERE = "here"
"""In the metadata of a field: it is of this machine alone, such as the path of a program; neither kept nor read."""


def to_text(value: Any) -> str:
    """`value` as JSON text; fields that are called like a secret and hold something are refused.

    Raises:
        ConfigError: it holds something else than dataclasses, arrays and plain data, or a secret.

    Example:
        >>> from qml.circuits import angle
        >>> from_text(to_text(angle(2))) == angle(2)
        True
    """
    return json.dumps(_plain(value), separators=(",", ":"))


def from_text(text: str, packages: Collection[str] = ("qml",)) -> Any:
    """The value of a text that `to_text` made.

    Args:
        text: JSON.
        packages: whose classes may be named in it; no other is imported.

    Raises:
        ConfigError: a class of another package, one that is not there any more, or a field that is of one machine.
        DataError: the text is none of `to_text`.
    """
    try:
        return _value(json.loads(text), packages)
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, QmlError):
            raise
        raise DataError(
            f"What the job store keeps of a Program or machine cannot be read ({error}). Bring back a copy of it."
        ) from error


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str)) or type(value) in (int, float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = type(value)
        return {"class": f"{kind.__module__}:{kind.__qualname__}", "fields": _fields(value)}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"array": data, "dtype": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, tuple):
        return {"tuple": [_plain(item) for item in value]}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {"mapping": [[_plain(key), _plain(item)] for key, item in value.items()]}
    raise ConfigError(
        f"A {type(value).__name__} was to be kept as plain data; only dataclasses, arrays and plain data."
    )


def _fields(value: Any) -> dict[str, Any]:
    """Fields of a dataclass; what is of this machine or run alone is left at its default."""
    found = {}
    for field in dataclasses.fields(value):
        held = getattr(value, field.name)
        if not field.init or field.metadata.get(HERE) or (callable(held) and not field.compare):
            continue
        if is_secret_name(field.name) and held:
            raise ConfigError(
                f"{type(value).__name__}.{field.name} holds a secret, which is never kept. Give it as the vendor's "
                "account file or environment."
            )
        found[field.name] = _plain(held)
    return found


def _value(plain: Any, packages: Collection[str]) -> Any:
    if isinstance(plain, list):
        return [_value(item, packages) for item in plain]
    if not isinstance(plain, dict):
        return plain
    if "class" in plain:
        made = _class(plain["class"], packages)
        here = {field.name for field in dataclasses.fields(made) if field.metadata.get(HERE)} & {*plain["fields"]}
        if here:
            raise ConfigError(
                f"The job store names {', '.join(sorted(here))} of {made.__name__}, which is of one machine and taken "
                "from no file. Do not use this file."
            )
        return made(**{name: _value(item, packages) for name, item in plain["fields"].items()})
    if "complex" in plain:
        return complex(*plain["complex"])
    if "array" in plain:
        data = np.frombuffer(base64.b64decode(plain["array"]), np.dtype(plain["dtype"]))
        return data.reshape(plain["shape"]).copy()
    if "tuple" in plain:
        return tuple(_value(item, packages) for item in plain["tuple"])
    return {_value(key, packages): _value(item, packages) for key, item in plain["mapping"]}


def _class(address: str, packages: Collection[str]) -> type:
    module, _, name = address.partition(":")
    package = module.partition(".")[0]
    if package not in packages:
        raise ConfigError(
            f"The job store names {address}; only {', '.join(sorted(packages))} may be named there. List its package: "
            f"plugins=[{package}]."
        )
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"The job store names {address}, which is not there: {error}.") from error
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise ConfigError(f"The job store names {address}, which is no dataclass.")
    return found
