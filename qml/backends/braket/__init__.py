"""Amazon Braket: its local simulators and its devices, through a worker process in an environment of its own."""

from __future__ import annotations

from typing import Any

from qml.backends.braket.local import SIMULATORS, LocalBraketBackend
from qml.backends.braket.remote import BraketBackend
from qml.base.errors import ConfigError

__all__ = ["BraketBackend", "LocalBraketBackend", "braket"]

LOCAL = "local:"


def braket(device: str = "local:braket_sv", **options: Any) -> BraketBackend | LocalBraketBackend:
    """The member for a device by name: a local simulator runs here, an ARN is a machine of the service.

    Args:
        device: "local:braket_sv", "local:braket_dm", or the ARN of a device of Amazon Braket.
        options: of `LocalBraketBackend` or `BraketBackend`.

    Raises:
        ConfigError: another name.

    Example:
        >>> braket("local:braket_dm").target.name
        'braket_dm'
        >>> braket("arn:aws:braket:::device/quantum-simulator/amazon/sv1").provider
        'braket'
    """
    if device.startswith("arn:"):
        return BraketBackend(device, **options)
    if device.removeprefix(LOCAL) in SIMULATORS:
        return LocalBraketBackend(device.removeprefix(LOCAL), **options)
    raise ConfigError(
        f"braket device {device!r} is not known. Known: {', '.join(LOCAL + name for name in SIMULATORS)}, and the ARN "
        "of a device, such as arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1."
    )
