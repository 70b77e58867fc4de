"""Calibrations and noise models as JSON files: versioned, and read with an error that names what is wrong and where."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

from qml.backends.backend import Target
from qml.backends.noise.calibration import Calibration, GateCalibration, QubitCalibration
from qml.backends.noise.channel import Channel
from qml.backends.noise.model import GateNoise, NoiseModel, ReadoutError
from qml.base.errors import ConfigError
from qml.base.files import replacing

SCHEMA = 1
KINDS = ("calibration", "noise model")
Place = str | PathLike[str]
Parts = Mapping[str, tuple[bool, type | tuple[type, ...]]]  # key -> (needed, types)

_NUMBER = (int, float)
_MAYBE = (int, float, type(None))
_QUBIT: Parts = {
    "t1": (False, _MAYBE),
    "t2": (False, _MAYBE),
    "readout_error": (False, _MAYBE),
    "one_given_zero": (False, _MAYBE),
    "zero_given_one": (False, _MAYBE),
}
_GATE: Parts = {"gate": (True, str), "wires": (True, list), "error": (False, _MAYBE), "duration": (False, _MAYBE)}
_CALIBRATION: Parts = {
    "name": (True, str),
    "date": (True, str),
    "source": (True, str),
    "qubits": (True, list),
    "gates": (True, list),
}
_NOISE: Parts = {
    "name": (True, str),
    "source": (True, str),
    "gates": (True, list),
    "readout": (True, list),
    "target": (True, (dict, type(None))),
}
_ENTRY: Parts = {"gate": (True, (str, type(None))), "wires": (True, (list, type(None))), "channel": (True, dict)}
_CHANNEL: Parts = {"n_wires": (True, int), "entries": (True, list)}
_READ: Parts = {"one_given_zero": (True, _NUMBER), "zero_given_one": (True, _NUMBER), "wire": (True, (int, type(None)))}
_TARGET: Parts = {
    "name": (True, str),
    "n_qubits": (True, int),
    "gate_set": (True, list),
    "coupling": (True, (list, type(None))),
    "directed": (False, bool),
}


def save_calibration(calibration: Calibration, path: Place) -> None:
    """Write a calibration; the file is whole or absent."""
    _write({"schema": SCHEMA, "kind": KINDS[0], **asdict(calibration)}, path)


def save_noise(noise: NoiseModel, path: Place) -> None:
    """Write a noise model; of each channel the entries that are not zero."""
    gates = [
        {"gate": entry.gate, "wires": entry.wires, "channel": _channel_dict(entry.channel)} for entry in noise.gates
    ]
    target = noise.target
    kept = None
    if target is not None:
        kept = {key: getattr(target, key) for key in _TARGET}
    head = {"schema": SCHEMA, "kind": KINDS[1], "name": noise.name, "source": noise.source}
    _write({**head, "target": kept, "gates": gates, "readout": [asdict(entry) for entry in noise.readout]}, path)


def load_calibration(path: Place) -> Calibration:
    """Read a calibration.

    Raises:
        ConfigError: no such file, or something in it is wrong; the message names the file and the place.
    """
    kept, kind = _read(path)
    if kind != KINDS[0]:
        raise ConfigError(f"{path} holds a {kind}, not a calibration. Read it with NoiseModel.load.")
    return _at(path, "", lambda: _calibration(kept, path))


def load_noise(path: Place, *, readout: str = "asymmetric") -> NoiseModel:
    """Read a noise model, or a calibration, whose noise is returned.

    Args:
        path: the file.
        readout: how to take the readout errors of a calibration; see `Calibration.noise`.

    Raises:
        ConfigError: no such file, or something in it is wrong; the message names the file and the place.
    """
    kept, kind = _read(path)
    if kind == KINDS[0]:
        return _at(path, "", lambda: _calibration(kept, path)).noise(readout=readout)
    return _at(path, "", lambda: _noise(kept, path))


def _write(kept: dict[str, Any], path: Place) -> None:
    lines = []
    for key, value in kept.items():
        if isinstance(value, (list, tuple)) and value:
            inner = ",\n".join(f"  {json.dumps(item)}" for item in value)
            lines.append(f" {json.dumps(key)}: [\n{inner}\n ]")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}")
    with replacing(Path(path)) as temporary:
        temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _read(path: Place) -> tuple[dict[str, Any], str]:
    """The file as a dict without its head, and its kind."""
    try:
        kept = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"noise.path={path} was asked for; there is no such file.") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"{path} was to be a noise snapshot; it cannot be read as JSON: {error}.") from error
    if not isinstance(kept, dict) or kept.get("kind") not in KINDS:
        raise ConfigError(
            f"{path} holds no noise snapshot: its 'kind' must be one of {', '.join(map(repr, KINDS))}. Write one with "
            "Calibration.save or NoiseModel.save."
        )
    if kept.get("schema") != SCHEMA:
        raise ConfigError(
            f"{path} has schema {kept.get('schema')!r}; this version reads schema {SCHEMA}. Write it anew with `save`."
        )
    return {key: value for key, value in kept.items() if key not in ("schema", "kind")}, kept["kind"]


def _at(path: Place, where: str, make: Callable[[], Any]) -> Any:
    """What `make` makes, with the file and the place in front of what is wrong."""
    try:
        return make()
    except ConfigError as error:
        if str(error).startswith(str(path)):
            raise
        raise ConfigError(f"{path}{where}: {error}") from error


def _checked(value: Any, parts: Parts, path: Place, where: str) -> dict[str, Any]:
    """`value` as a dict of exactly these parts, each of its type and finite."""
    if not isinstance(value, dict):
        raise ConfigError(f"{path}{where} must be an object with {', '.join(parts)}; got {value!r}.")
    missing = [key for key, (needed, _) in parts.items() if needed and key not in value]
    unknown = [key for key in value if key not in parts]
    if missing or unknown:
        raise ConfigError(f"{path}{where} lacks {missing} and has {unknown} that are not known; known: {list(parts)}.")
    for key, item in value.items():
        kinds = parts[key][1]
        number = isinstance(item, float) and not math.isfinite(item)
        if not isinstance(item, kinds) or isinstance(item, bool) != (kinds is bool) or number:
            raise ConfigError(f"{path}{where}.{key} is {item!r}, which is not what it must be: {_told(kinds)}.")
    return value


def _told(kinds: type | tuple[type, ...]) -> str:
    names = {int: "a number", float: "a number", str: "text", list: "a list", dict: "an object", type(None): "null"}
    names[bool] = "true or false"
    return " or ".join(dict.fromkeys(names[kind] for kind in (kinds if isinstance(kinds, tuple) else (kinds,))))


def _wires(value: Any, path: Place, where: str) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(wire) is int for wire in value):
        raise ConfigError(f"{path}{where} must be a list of whole numbers; got {value!r}.")
    return tuple(value)


def _calibration(kept: dict[str, Any], path: Place) -> Calibration:
    _checked(kept, _CALIBRATION, path, "")
    qubits, gates = [], []
    for place, item in enumerate(kept["qubits"]):
        where = f" qubits[{place}]"
        parts = _checked(item, _QUBIT, path, where)
        qubits.append(_at(path, where, lambda parts=parts: QubitCalibration(**parts)))
    for place, item in enumerate(kept["gates"]):
        where = f" gates[{place}]"
        parts = {**_checked(item, _GATE, path, where), "wires": _wires(item["wires"], path, f"{where}.wires")}
        gates.append(_at(path, where, lambda parts=parts: GateCalibration(**parts)))
    return Calibration(kept["name"], tuple(qubits), tuple(gates), kept["date"], kept["source"])


def _noise(kept: dict[str, Any], path: Place) -> NoiseModel:
    _checked(kept, _NOISE, path, "")
    gates, readout = [], []
    for place, item in enumerate(kept["gates"]):
        where = f" gates[{place}]"
        parts = _checked(item, _ENTRY, path, where)
        wires = None if parts["wires"] is None else _wires(parts["wires"], path, f"{where}.wires")
        channel = _at(path, where, lambda parts=parts, where=where: _channel(parts["channel"], path, where))
        gates.append(_at(path, where, lambda c=channel, g=parts["gate"], w=wires: GateNoise(c, g, w)))
    for place, item in enumerate(kept["readout"]):
        where = f" readout[{place}]"
        parts = _checked(item, _READ, path, where)
        readout.append(_at(path, where, lambda parts=parts: ReadoutError(**parts)))
    target = None
    if kept["target"] is not None:
        parts = _checked(kept["target"], _TARGET, path, " target")
        pairs = parts["coupling"]
        coupling = None if pairs is None else tuple(_wires(pair, path, " target.coupling") for pair in pairs)
        target = Target(
            parts["name"],
            parts["n_qubits"],
            tuple(parts["gate_set"]),
            coupling,  # pyright: ignore[reportArgumentType]
            directed=parts.get("directed", False),
        )
    return NoiseModel(tuple(gates), tuple(readout), target, kept["name"], kept["source"])


def _channel_dict(channel: Channel) -> dict[str, Any]:
    entries = [
        [row, column, value]
        for row, values in enumerate(channel.matrix)
        for column, value in enumerate(values)
        if value != 0
    ]
    return {"n_wires": channel.n_wires, "entries": entries}


def _channel(value: Any, path: Place, where: str) -> Channel:
    parts = _checked(value, _CHANNEL, path, f"{where}.channel")
    size = 4 ** parts["n_wires"] if 1 <= parts["n_wires"] <= 4 else 0
    rows = [[0.0] * size for _ in range(size)]
    for entry in parts["entries"]:
        good = isinstance(entry, list) and len(entry) == 3 and type(entry[0]) is int and type(entry[1]) is int
        if not good or not (0 <= entry[0] < size and 0 <= entry[1] < size) or not isinstance(entry[2], _NUMBER):
            raise ConfigError(
                f"{path}{where}.channel.entries must be [row, column, value] with row and column below {size} "
                f"(1 to 4 wires); got {entry!r}."
            )
        rows[entry[0]][entry[1]] = float(entry[2])
    return Channel(tuple(map(tuple, rows)))
