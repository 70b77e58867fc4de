"""The compiled half of the noise sweep, made on demand and kept on disk by `qml.engine.cache`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from qml.backends.noisy.layout import ENTRIES
from qml.engine import vector
from qml.engine.cache import Kit, Library

DRIVER = Path(__file__).with_name("driver") / "sweeps.py"


def _source(stem: str, dtype: str) -> str:
    """Text of the file for `"float32"` or `"float64"`."""
    text = DRIVER.read_text()
    return text if dtype == "float32" else text.replace("lanes32", "lanes64")


def _texts() -> list[str]:
    """Sources that the machine code depends on."""
    shared = [Path(vector.__file__).with_name(name) for name in ("vector.py", "lanes32.py", "lanes64.py")]
    return [path.read_text() for path in (DRIVER, Path(__file__).with_name("layout.py"), *shared)]


SWEEPS = Kit({"sweeps": ENTRIES}, ENTRIES, _source, _texts)


@cache
def sweep_library(dtype: str) -> Library:
    """The one Library of the noise sweep in a precision, in this process."""
    return Library(dtype, SWEEPS)
