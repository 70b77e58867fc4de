"""Errors of machines made smaller: wrappers of a Backend that are Backends, each by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any

from qml.backends.backend import Backend
from qml.backends.mitigation.extrapolated import ExtrapolatedBackend
from qml.backends.mitigation.readout import ReadoutMitigatedBackend
from qml.base.errors import ConfigError
from qml.base.registry import Registry, unknown

__all__ = ["MITIGATIONS", "ExtrapolatedBackend", "ReadoutMitigatedBackend", "in_order", "mitigated"]

MITIGATIONS: Registry[Callable[..., Backend]] = Registry("mitigation")
"""Wrappers by name; a call with a Backend and options makes one."""

MITIGATIONS.add("readout", partial(ReadoutMitigatedBackend, method="tensored"))
MITIGATIONS.add("m3", partial(ReadoutMitigatedBackend, method="m3"))
MITIGATIONS.add("twirled_readout", partial(ReadoutMitigatedBackend, method="twirled"))
MITIGATIONS.add("zne", ExtrapolatedBackend)

OUTERMOST = ("zne",)  # works on values, whatever they come from


def mitigated(backend: Backend, named: Sequence[str | Mapping[str, Any]] | Mapping[str, Any]) -> Backend:
    """`backend` behind the mitigations of these names: those of raw counts inside, extrapolation outside.

    Args:
        backend: what runs.
        named: names of `MITIGATIONS`, in any order; one with options is `{name: {option: value}}`. One mapping of
            all names to their options will do too, with None or nothing in it for no options.

    Raises:
        ConfigError: a name or option that is not known, or a name twice.
        CapabilityError: `backend` has not what a mitigation needs, such as raw counts.

    Example:
        >>> from qml.backends.reference import ReferenceBackend
        >>> extrapolating = mitigated(ReferenceBackend(2), [{"zne": {"scales": [1, 3]}}])
        >>> extrapolating.scales, mitigated(ReferenceBackend(2), []).target.name
        ((1, 3), 'reference')
    """
    wanted = in_order(named)
    names = [name for name, _ in wanted]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"mitigation names {', '.join(twice)} more than once; got {', '.join(names)}. Name each once."
        )
    for name, options in wanted:
        make = MITIGATIONS[name]
        known = [option for option in signature(make).parameters if option not in ("inner", "method")]
        known += ["method"] if name in OUTERMOST else []
        for option in options:
            if option not in known:
                raise unknown(f"option of mitigation {name}", option, known)
        backend = make(backend, **options)
    return backend


def in_order(named: Sequence[str | Mapping[str, Any]] | Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Names of mitigations with their options, the innermost first: named in another order they are the same.

    Args:
        named: as of `mitigated`.

    Raises:
        ConfigError: a name that is not known, or options that are no mapping.

    Example:
        >>> in_order(["zne", {"readout": None}]) == in_order(["readout", {"zne": {}}])
        True
    """
    known = list(MITIGATIONS)
    return sorted(_pairs(named), key=lambda pair: (pair[0] in OUTERMOST, known.index(pair[0])))


def _pairs(named: Sequence[str | Mapping[str, Any]] | Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Each name with its options."""
    if isinstance(named, str):
        raise ConfigError(f"mitigation={named!r} was asked for; it is a list of names, such as [{named}].")
    items = [named] if isinstance(named, Mapping) else named
    pairs: list[tuple[str, dict[str, Any]]] = []
    for item in items:
        for name, options in item.items() if isinstance(item, Mapping) else ((item, None),):
            if name not in MITIGATIONS:
                raise unknown("mitigation", name, list(MITIGATIONS))
            if options is not None and not isinstance(options, Mapping):
                raise ConfigError(f"Options of mitigation {name} are names with values; got {options!r}.")
            pairs.append((str(name), dict(options or {})))
    return pairs
