"""Options of an IBM machine, looked at before anything is imported or sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qml.base.errors import ConfigError

if TYPE_CHECKING:
    from qml.backends.ibm.backend import IbmBackend
    from qml.backends.ibm.fake import FakeIbmBackend

WHERE = (
    "Accounts are kept by IBM's client in ~/.qiskit/qiskit-ibm.json (QiskitRuntimeService.save_account), or come from "
    "QISKIT_IBM_TOKEN and QISKIT_IBM_INSTANCE in the environment."
)
KEY = 32  # characters; names of accounts are shorter, and keys of IBM have 44
SECRET = re.compile(r"token|secret|password|api_?key|credential|authorization", re.IGNORECASE)
ZNE_FROM = 2  # the resilience level at which IBM's Estimator extrapolates by itself
EXTRAPOLATORS = ("exponential", "linear")  # what it takes where nothing is said
OURS = {
    "max_execution_time": "max_execution_time",
    "resilience_level": "resilience_level",
    "default_shots": "shots",
    "default_precision": "shots",
    "environment": "the tag of the job",
    "simulator": "the seed",
}


def checked_options(backend: IbmBackend | FakeIbmBackend) -> None:
    """Raise `ConfigError` where a key stands among the options, or an option that has a field of its own."""
    account = getattr(backend, "account", "")
    if len(account) >= KEY or any(character.isspace() for character in account):
        raise ConfigError(
            f"IbmBackend got account= with {len(account)} characters, which looks like a key and is not shown. What "
            f"is configured is written beside results: name an account. {WHERE}"
        )
    secret = [name for name in _names(backend.options) if SECRET.search(name)]
    if secret:
        raise ConfigError(f"IbmBackend got the option {secret[0]!r}. Keys are no options. {WHERE}")
    for name, field in OURS.items():
        if name in backend.options:
            raise ConfigError(f"IbmBackend got options={{{name!r}: ...}}, which {field} is. Leave it out there.")
    if backend.resilience_level is not None and backend.primitive == "sampler":
        raise ConfigError(
            f"IbmBackend got resilience_level={backend.resilience_level} with primitive='sampler', which has none. "
            "Take primitive='estimator', or mitigate counts with `qml.backends.mitigation`."
        )


def _names(options: Mapping[str, Any]) -> list[str]:
    found = []
    for name, value in options.items():
        found.append(str(name))
        found += _names(value) if isinstance(value, Mapping) else []
    return found


def options_text(backend: IbmBackend | FakeIbmBackend) -> str:
    """IBM's options as one line, the same for equal options."""
    return json.dumps(options_of(backend), sort_keys=True, default=str)


def options_of(backend: IbmBackend | FakeIbmBackend) -> dict[str, Any]:
    """IBM's nested options, those with fields of their own included."""
    whole: dict[str, Any] = {name: value for name, value in backend.options.items()}
    if backend.dynamical_decoupling:
        own = {"enable": True, "sequence_type": backend.dynamical_decoupling}
        whole["dynamical_decoupling"] = {**whole.get("dynamical_decoupling", {}), **own}
    if backend.twirling:
        whole["twirling"] = {**whole.get("twirling", {}), "enable_gates": True, "enable_measure": True}
    if backend.resilience_level is not None:
        whole["resilience_level"] = backend.resilience_level
    return whole


def is_linear(backend: IbmBackend | FakeIbmBackend) -> bool:
    """Whether what IBM returns is linear in what is measured: where it extrapolates, it fits one polynomial."""
    resilience = backend.options.get("resilience", {})
    on = resilience.get("zne_mitigation", backend.resilience_level == ZNE_FROM)
    asked = resilience.get("zne", {}).get("extrapolator", EXTRAPOLATORS)
    names = [asked] if isinstance(asked, str) else [*asked]
    return not on or (len(names) == 1 and names[0].startswith(("linear", "polynomial", "fallback")))
