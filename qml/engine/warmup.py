"""`python -m qml.engine.warmup`: compile the engine's kernels ahead; `qml.backends.warmup` does all."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Sequence

from qml.engine.cache import Library, library
from qml.engine.pool import crew_library
from qml.engine.wide.pieces import wide_library

DTYPES = ("float32", "float64")


def libraries(dtype: str) -> dict[str, Library]:
    """Both halves of the CPU engine in one precision, by what lies in the lanes of their vectors, and its threads.

    Args:
        dtype: `"float32"` or `"float64"`.

    Example:
        >>> [library.dtype for library in libraries("float32").values()]
        ['float32', 'float32', 'int64']
    """
    halves = {"rows in lanes, and what XLA calls": library(dtype), "amplitudes in lanes": wide_library(dtype)}
    return halves | {"threads": crew_library()}


def warm(library: Library) -> float:
    """Compile or load every piece of a library, and return the seconds that it took."""
    started = time.perf_counter()
    library.need(library.kit.entries)
    return time.perf_counter() - started


def main(
    arguments: Sequence[str] | None = None,
    wanted: Callable[[str], dict[str, Library]] = libraries,
    prog: str = "python -m qml.engine.warmup",
) -> None:
    """The command line; see `--help`.

    Args:
        arguments: of the command line.
        wanted: what is compiled in a precision.
        prog: what was typed.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Compile the CPU kernels of this machine, once, so that no training run has to wait for it: "
        "of both halves of the engine (rows or amplitudes in the lanes), what XLA calls, and by "
        "`python -m qml.backends.warmup` also those of noise. Run it when you build a "
        "container image, or on one node before a sweep. Both precisions took 94 seconds of one core's time on an AMD "
        "EPYC with AVX-512; where all is there already it takes a second or two.",
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
        for what, pieces in wanted(dtype).items():
            print(
                f"{dtype}, {what}: {len(pieces.kit.entries)} pieces ready in {warm(pieces):.1f} s, in {pieces.folder}"
            )


if __name__ == "__main__":
    main()
