"""`python -m qml.backends.noise.qiskit_snapshot`: the calibration of a fake backend of IBM's runtime as a JSON file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from qml.backends.noise.qiskit_calibration import calibration_of_qiskit
from qml.base.errors import ConfigError
from qml.base.extras import require


def fake_backend(name: str):
    """The fake backend called `fake_manila` and the like, of `qiskit_ibm_runtime.fake_provider`.

    Raises:
        MissingExtraError: IBM's runtime client is not installed.
        ConfigError: there is no such backend.
    """
    provider = require("qiskit_ibm_runtime.fake_provider", extra="ibm", purpose="A fake backend")
    made = getattr(provider, "".join(part.capitalize() for part in name.split("_")) + "V2", None)
    if made is None:
        raise ConfigError(f"IBM's runtime client has no fake backend {name!r}; one is fake_manila.")
    return made()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see `--help`."""
    parser = argparse.ArgumentParser(
        prog="python -m qml.backends.noise.qiskit_snapshot",
        description="Write the calibration of a fake backend (T1, T2, gate errors and durations, both readout errors) "
        "as a snapshot that noise=snapshot noise.path=FILE reads. The snapshots of the package were written by it. Of "
        "a real backend, write Calibration.of_qiskit(backend).save(path) where you have your account.",
    )
    parser.add_argument("device", help="such as fake_manila")
    parser.add_argument("file", help="where to write it")
    options = parser.parse_args(arguments)
    calibration = calibration_of_qiskit(fake_backend(options.device), name=options.device)
    calibration.save(options.file)
    print(f"{options.file}: {len(calibration.qubits)} qubits, {len(calibration.gates)} gates, {calibration.source}")


if __name__ == "__main__":
    main()
