"""The compiled pieces of this engine, on demand and cached on disk by `qml.engine.cache`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from qml.engine.cache import DRIVER as TILE_DRIVER
from qml.engine.cache import Kit, Library
from qml.engine.wide.kernels import kernel_names, kernel_source
from qml.engine.wide.layout import ENTRIES

DRIVER = Path(__file__).with_name("driver")
SOURCES = ("lanes.py", "lanes32.py", "lanes64.py", "kernels.py", "layout.py")
SHARED_SOURCES = ("vector.py", "circular.py", "lanes32.py", "lanes64.py")
HOMES = {
    "tiles": ("load_tile", "store_tile", "make_product", "move_forward", "move_backward", "run_sweep"),
    "diagonals": ("phase_forward", "phase_backward", "read_words", "start_bra"),
    "whole": ("contract", "read_flip", "add_flip"),
    "kernels": kernel_names(),
}
KERNEL_HEADER = '''"""Rotations on a tile, written by `qml.engine.wide.kernels`."""

from qml.engine.lanes32 import REAL, VB, splat, vload, vstore
from qml.engine.vector import at, u32at
from qml.engine.wide.lanes32 import swapped
'''


def wide_source(stem: str, dtype: str) -> str:
    """Text of one file of the compiled half, for `"float32"` or `"float64"`."""
    if stem == "kernels":
        text = "\n\n".join([KERNEL_HEADER, *map(kernel_source, kernel_names())])
    else:
        text = (DRIVER / f"{stem}.py").read_text()
    return text if dtype == "float32" else text.replace("lanes32", "lanes64")


def wide_texts() -> list[str]:
    """Sources that the machine code depends on."""
    paths = [Path(__file__), *(Path(__file__).with_name(name) for name in SOURCES), *sorted(DRIVER.glob("*.py"))]
    return [path.read_text() for path in [*paths, *(TILE_DRIVER.with_name(name) for name in SHARED_SOURCES)]]


WIDE = Kit(HOMES, ENTRIES, wide_source, wide_texts)


@cache
def wide_library(dtype: str) -> Library:
    """The one Library of this engine and a precision in this process."""
    return Library(dtype, WIDE)
