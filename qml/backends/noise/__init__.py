"""Noise by name and as a value: what follows the gates of a machine, and how its bits are read."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

from qml.backends.noise.calibration import Calibration, GateCalibration, QubitCalibration
from qml.backends.noise.channel import (
    Channel,
    amplitude_damping,
    depolarising,
    identity,
    over_rotation,
    phase_damping,
    thermal_relaxation,
)
from qml.backends.noise.model import GateNoise, NoiseModel, ReadoutError
from qml.backends.noise.stored import load_noise
from qml.base.errors import ConfigError
from qml.base.registry import Registry

__all__ = [
    "NOISES",
    "Calibration",
    "Channel",
    "GateCalibration",
    "GateNoise",
    "NoiseModel",
    "QubitCalibration",
    "ReadoutError",
    "amplitude_damping",
    "depolarising",
    "device_noise",
    "identity",
    "noise_named",
    "over_rotation",
    "phase_damping",
    "thermal_relaxation",
]

DEVICES = Path(__file__).with_name("devices")
DEVICE_QUBITS = {"fake_manila": 5, "fake_lagos": 7, "fake_guadalupe": 16}  # stored devices -> their size

NOISES: Registry[Callable[..., NoiseModel]] = Registry("noise")
"""Noise by name; a call makes a NoiseModel."""


@NOISES.register("none")
def no_noise() -> NoiseModel:
    """No noise: exact gates, and bits read right.

    Example:
        >>> no_noise().is_trivial
        True
    """
    return NoiseModel(name="none")


@NOISES.register("depolarising")
def depolarising_noise(*, p1: float = 0.001, p2: float = 0.01, readout: float = 0.0) -> NoiseModel:
    """Depolarising behind every gate on one and on two wires, and bits that are read wrong alike.

    Args:
        p1: probability behind a gate on one wire; see `qml.backends.noise.channel.depolarising`.
        p2: probability behind a gate on two wires.
        readout: probability to read a bit wrong.

    Raises:
        ConfigError: a probability out of range.
    """
    read = (ReadoutError(readout, readout),) if readout else ()
    gates = (GateNoise(depolarising(p1)), GateNoise(depolarising(p2, 2)))
    return NoiseModel(gates, read, name="depolarising", source=f"p1={p1:g}, p2={p2:g}, readout={readout:g}")


@cache
def device_noise(name: str, readout: str = "asymmetric") -> NoiseModel:
    """The noise of a device whose calibration lies in the package.

    Args:
        name: such as "fake_manila".
        readout: as for `Calibration.noise`.

    Raises:
        ConfigError: there is no such device, or another word for the readout.
    """
    path = DEVICES / f"{name}.json"
    if not path.exists():
        raise ConfigError(
            f"There is no device {name!r}; known: {', '.join(sorted(p.stem for p in DEVICES.glob('*.json')))}."
        )
    return Calibration.load(path).noise(readout=readout)


def _device(name: str) -> Callable[..., NoiseModel]:
    def noise(*, readout: str = "asymmetric") -> NoiseModel:
        return device_noise(name, readout)

    noise.__doc__ = f"The noise of {name}; see `device_noise`."
    return noise


for _name in DEVICE_QUBITS:
    NOISES.add(_name, _device(_name))


@NOISES.register("snapshot")
def snapshot_noise(*, path: str | PathLike[str] | None = None, readout: str = "asymmetric") -> NoiseModel:
    """The noise of a file that `Calibration.save` or `NoiseModel.save` wrote.

    Args:
        path: the file.
        readout: how to take the readout errors of a calibration; see `Calibration.noise`.

    Raises:
        ConfigError: no path, no such file, or something in it is wrong; the message names the place.
    """
    if path is None:
        raise ConfigError("noise=snapshot needs the file: noise.path=PATH. Write one with Calibration.save.")
    return load_noise(path, readout=readout)


def noise_named(noise: str | NoiseModel, **options: Any) -> NoiseModel:
    """The noise of that name in `NOISES` with its options, or the NoiseModel itself.

    Raises:
        ConfigError: no such name (the message names the nearest), or an option that it does not take.

    Example:
        >>> noise_named("fake_manila").target.n_qubits
        5
    """
    if isinstance(noise, NoiseModel):
        return noise
    try:
        return NOISES[noise](**options)
    except TypeError as error:
        raise ConfigError(f"noise {noise!r} does not take the options {options}: {error}.") from error
