"""Amazon Braket: its local simulators and its devices, through a worker process in an environment of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qml.backends.braket.local import SIMULATORS, LocalBraketBackend
from qml.backends.braket.remote import BraketBackend
from qml.base.errors import CapabilityError, ConfigError

if TYPE_CHECKING:
    from qml.backends.noise.model import NoiseModel

__all__ = ["BraketBackend", "LocalBraketBackend", "braket"]

LOCAL = "local:"
NOISY = "braket_dm"  # what takes noise


def braket(
    device: str = "local:braket_sv", *, noise: NoiseModel | None = None, **options: Any
) -> BraketBackend | LocalBraketBackend:
    """The member for a device by name: a local simulator runs here, an ARN is a machine of the service.

    Args:
        device: "local:braket_sv", "local:braket_dm", or the ARN of a device of Amazon Braket.
        noise: of "local:braket_dm".
        options: of `LocalBraketBackend` or `BraketBackend`.

    Raises:
        ConfigError: another name.
        CapabilityError: noise of a state vector, or of a machine, which brings its own.

    Example:
        >>> braket("local:braket_dm").target.name
        'braket_dm'
        >>> braket("arn:aws:braket:::device/quantum-simulator/amazon/sv1").provider
        'braket'
    """
    if noise is not None and device.removeprefix(LOCAL) != NOISY:
        raise CapabilityError(
            f"Noise was asked of braket device {device!r}; of Braket's local simulators {LOCAL}{NOISY} alone takes it, "
            f"and a machine brings its own. Say backend.options.device={LOCAL}{NOISY}, or noise=none."
        )
    if device.startswith("arn:"):
        return BraketBackend(device, **options)
    if device.removeprefix(LOCAL) in SIMULATORS:
        given = {} if noise is None else {"noise": noise}
        return LocalBraketBackend(device.removeprefix(LOCAL), **given, **options)
    raise ConfigError(
        f"braket device {device!r} is not known. Known: {', '.join(LOCAL + name for name in SIMULATORS)}, and the ARN "
        "of a device, such as arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1."
    )
