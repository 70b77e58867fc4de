"""What Hydra and OmegaConf complain of, in words: what was asked, what was found and what to do."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Any, get_args, get_type_hints

import yaml
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)

from qml import schema
from qml.base.errors import ConfigError
from qml.base.registry import HELP, meant, unknown
from qml.config.files import choices, groups

COMPOSING = (HydraException, OmegaConfBaseException, yaml.YAMLError)
NULL = (AssertionError, AttributeError)
"""What OmegaConf raises where a key is given below one that is null; `below_null` knows it by the texts."""
_BELOW_NULL = ("Unexpected type for root: NoneType", "object_type=NoneType")


def translated(error: Exception) -> ConfigError:
    """What Hydra, OmegaConf or the reader of YAML complained of, as what was asked, what was found and what to do."""
    if isinstance(error, yaml.YAMLError):
        return _broken_file(error)
    chain = [error]
    while chain[-1].__cause__ is not None and isinstance(chain[-1].__cause__, COMPOSING):
        chain.append(chain[-1].__cause__)
    for link in reversed(chain):
        if isinstance(link, MissingConfigException) and link.missing_cfg_file:
            return _unknown_choice(link)
        if isinstance(link, (ConfigKeyError, ConfigAttributeError)):
            return _unknown_key(link)
        if isinstance(link, MissingMandatoryValue):
            return ConfigError(f"{link.full_key} is not given and has no default. Give it: {link.full_key}=<value>.")
        if isinstance(link, ValidationError):
            return _unfit_value(link)
    text = " ".join(next((said for said in map(str, chain) if said), repr(chain[0])).split())
    in_file = re.search(r"In '([^']+)':.*Key '([^']+)' not in '\w+'", text)
    if in_file:  # Hydra keeps what OmegaConf said, and of which dataclass, as the context of its own error
        file, key = in_file.groups()
        return _unknown_key_in_file(file, key, getattr(error.__context__, "object_type", None))
    found = re.search(r"Could not override '([\w/@.:-]+)'.*No match in the defaults list", text)
    if found and found.group(1) in groups():
        return ConfigError(
            f"{found.group(1)} was asked for; the {found.group(1).partition('/')[0]} that is chosen has no such part. "
            f"Leave it out, or choose another: model=hybrid has features and a circuit."
        )
    if found:
        return unknown("configuration group", found.group(1), groups())
    return ConfigError(f"The configuration cannot be composed: {text.rstrip('.')}. See --help for groups and keys.")


def _broken_file(error: yaml.YAMLError) -> ConfigError:
    """A file that is no YAML: where in it, and why."""
    mark, begun = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None:  # a character that no YAML may hold
        return ConfigError(f"A configuration file cannot be read: {' '.join(str(error).split())}. Take it out.")
    why = str(getattr(error, "problem", None) or "it is no YAML")
    since = getattr(error, "context", None)
    since = f", {since}{f' that begins in line {begun.line + 1}' if begun is not None else ''}" if since else ""
    remedy = "Check brackets, quotes and indentation there."
    if "duplicate key" in why:
        remedy = "Give it once."
    elif "but found '?'" in why:
        remedy = "Inside braces put it in quotes: {path: '???'}."
    return ConfigError(f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}: {why}{since}. {remedy}")


def below_null(error: AssertionError | AttributeError, lines: Iterable[str]) -> ConfigError | None:
    """A key below one that is null, in words; None where that is not what was raised.

    Args:
        error: one of `NULL` raised while `lines` were composed.
        lines: as on the command line, such as `["rates.fault=missing"]`.
    """
    if not any(text in str(error) for text in _BELOW_NULL):
        return None
    parts = dict(_optional())
    for line in lines:
        whole = line.lstrip("+").partition("=")[0]
        path, _, key = whole.rpartition(".")
        if path in parts and key not in _field_names(parts[path]):
            return unknown(f"key of {path}", key, _field_names(parts[path]))
        if path in parts or whole in parts:
            return ConfigError(
                f"{line} was given; {path if path in parts else whole} is null here and has no keys to change. First "
                "choose a recipe or group that has it, as recipe=robustness has rates and data=file has data.file."
            )
    return ConfigError("A key was given below one that is null. Choose a recipe that has it, or leave the key out.")


def _optional() -> Iterator[tuple[str, Any]]:
    """Every part of a configuration that may be null, with the dataclass of its keys."""
    for group, nodes in schema.SCHEMAS.items():
        begins = f"{group.replace('/', '.')}." if group else ""
        for node in nodes.values():
            for name, hint in get_type_hints(node).items():
                kinds = get_args(hint) if isinstance(hint, UnionType) else ()
                yield from ((begins + name, kind) for kind in kinds if dataclasses.is_dataclass(kind))


def _unknown_choice(error: MissingConfigException) -> ConfigError:
    group, _, name = str(error.missing_cfg_file).removesuffix(".yaml").rpartition("/")
    if not error.options:
        return unknown("configuration group", group or name, groups())
    options = choices(group) if group.startswith("recipe/") else error.options  # Hydra names those of the outer folder
    found = unknown(group or "configuration", name, [o for o in options if not o.startswith("_")], listing=HELP)
    if group == "backend":  # of a group that has fewer files than there are registered members
        return ConfigError(f"{found} Any other that is registered, here or by a package, is backend.executor={name}.")
    return found


def _unfit_value(error: ValidationError) -> ConfigError:
    """A value of another kind than its key takes."""
    key, value = error.full_key or "A value of the configuration", getattr(error, "value", None)
    what = str(error.msg or error).splitlines()[0].rstrip(".")
    if "is not a ListConfig" in what:
        return ConfigError(f"{key}={value} was asked for; {key} takes a list. Say {key}=[{value}].")
    return ConfigError(f"{key} does not fit: {what}.")


def _unknown_key(error: ConfigKeyError | ConfigAttributeError) -> ConfigError:
    key = str(error.full_key or error.key)
    if "/" in key:
        return unknown("configuration group", key, groups())
    where, _, last = key.rpartition(".")
    kind = error.object_type
    if dataclasses.is_dataclass(kind):
        known = _field_names(kind)
        known += [] if where else [group for group in groups() if "/" not in group and group not in known]
        noun, deeper = f"key of {where or 'the configuration'}", _deeper(where, last)
        if deeper:
            said = " or ".join(f"{path}.{last}=<value>" for path in deeper)
            return ConfigError(f"{noun} {last!r} is not known; it stands further in. Say {said}.")
        return unknown(noun, last, known)
    if kind is dict:
        there = [str(name) for name in error.parent_node] if isinstance(error.parent_node, DictConfig) else []
        hint = meant(last, there)
        new = "A new one comes" if hint else "Add one"
        return ConfigError(f"{where} has no key {last!r} yet. {hint}{new} with a plus: +{key}=<value>.")
    return ConfigError(f"The key {key!r} is not known here. See --help for groups and keys.")


def _deeper(where: str, key: str) -> list[str]:
    """Parts of the configuration below `where` that have such a key, the nearest first."""
    begins = f"{where}." if where else ""
    found = [path for path, node in _nodes() if path.startswith(begins) and key in _field_names(node)]
    return sorted(dict.fromkeys(found), key=lambda path: path.count("."))


def _nodes() -> Iterator[tuple[str, type]]:
    """Every part of a configuration with the dataclass of its keys; of groups, and of what stands inside one."""
    for group, nodes in schema.SCHEMAS.items():
        path = group.replace("/", ".")
        for node in nodes.values() if path else ():
            yield path, node
            for name, hint in get_type_hints(node).items():
                for kind in get_args(hint) if isinstance(hint, UnionType) else (hint,):
                    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
                        yield f"{path}.{name}", kind


def _field_names(node: Any) -> list[str]:
    """Keys that someone may give; `_target_` is none of them."""
    return [field.name for field in dataclasses.fields(node) if not field.name.startswith("_")]


def _unknown_key_in_file(file: str, key: str, kind: Any) -> ConfigError:
    """A key of a YAML file that the schema of its group does not have."""
    return unknown(f"key in {file}.yaml", key, _field_names(kind) if dataclasses.is_dataclass(kind) else [])
