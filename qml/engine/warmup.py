"""`python -m qml.engine.warmup`: compile the kernels of this machine ahead of the first run."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence

from qml.engine.cache import ENTRIES, cache_folder, library

DTYPES = ("float32", "float64")


def warm(dtype: str) -> float:
    """Compile or load every piece of one precision, and return the seconds that it took.

    Args:
        dtype: `"float32"` or `"float64"`.
    """
    started = time.perf_counter()
    library(dtype).need(ENTRIES)
    return time.perf_counter() - started


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see `--help`."""
    parser = argparse.ArgumentParser(
        prog="python -m qml.engine.warmup",
        description="Compile the CPU kernels of this machine, once, so that no training run has to wait for it. "
        "Run it when you build a container image, or on one node before a sweep.",
        epilog="The kernels are kept in QML_CACHE_DIR if that is set, else in this user's cache folder. They are "
        "made anew for another CPU, another version of Python, Numba or llvmlite, or other engine sources.",
    )
    parser.add_argument(
        "--dtype",
        choices=[*DTYPES, "both"],
        default="both",
        help="precision to compile; training uses float32 unless told otherwise (default: both)",
    )
    chosen = parser.parse_args(arguments).dtype
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for dtype in DTYPES if chosen == "both" else (chosen,):
        print(f"{dtype}: {len(ENTRIES)} pieces ready in {warm(dtype):.1f} s")
    print(f"cache: {cache_folder()}")


if __name__ == "__main__":
    main()
