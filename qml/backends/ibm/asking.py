"""What is asked of an IBM machine, looked at before anything is imported or sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from qml.backends.backend import Target
from qml.backends.remote import Request
from qml.base.errors import CapabilityError, ConfigError, DataError, ShapeError
from qml.circuits.slots import angle_table

if TYPE_CHECKING:
    from qml.backends.ibm.backend import IbmBackend
    from qml.backends.ibm.fake import FakeIbmBackend

WHERE = (
    "Accounts are kept by IBM's client in ~/.qiskit/qiskit-ibm.json (QiskitRuntimeService.save_account), or come from "
    "QISKIT_IBM_TOKEN and QISKIT_IBM_INSTANCE in the environment."
)
KEY = 32  # characters; names of accounts are shorter, and keys of IBM have 44
SECRET = re.compile(r"token|secret|password|api_?key|credential|authorization", re.IGNORECASE)
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


def checked_request(request: Request, target: Target) -> None:
    """Raise where the request is none for a machine that samples.

    Raises:
        CapabilityError: exact values are asked for, or more qubits than there are.
        ConfigError: fewer than one shot, or a seed below 1.
        ShapeError, DataError: bindings that do not fit, or are not finite.
    """
    program, slots_RS = request.program, request.slots_RS
    if request.shots is None:
        raise CapabilityError(
            f"{target.name} was asked for exact values; it gives those of shots only. Say how many, or take an exact "
            "simulator. Nothing was sent."
        )
    if request.shots < 1 or (request.seed is not None and request.seed < 1):
        raise ConfigError(
            f"{target.name} got shots={request.shots} and seed={request.seed}; both are 1 or more (IBM's simulator "
            "takes 0 for no seed)."
        )
    if program.n_qubits > target.n_qubits:
        raise CapabilityError(
            f"{target.name} was asked for a Program of {program.n_qubits} qubits; it has {target.n_qubits}. Nothing "
            "was sent. Take a narrower Program or a larger device."
        )
    n_slots = len(angle_table(program).constant)
    if slots_RS.ndim != 2 or slots_RS.shape[1] != n_slots or not len(slots_RS):
        raise ShapeError(
            f"{target.name} got bindings of shape {slots_RS.shape}; this Program needs (R, {n_slots}) with R >= 1, as "
            "`qml.circuits.slots.slots` gives them."
        )
    if not np.isfinite(slots_RS).all():
        raise DataError(f"{target.name} got angles that are not finite. Nothing was sent.")
