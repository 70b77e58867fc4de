"""`python -m qml.backends.warmup`: compile all kernels ahead of the first run, those of noise as well."""

from __future__ import annotations

from collections.abc import Sequence

from qml.backends.noisy.pieces import sweep_library
from qml.engine import warmup as engine
from qml.engine.cache import Library


def libraries(dtype: str) -> dict[str, Library]:
    """Those of the CPU engine, and the sweep of mixed states behind executor "noisy".

    Args:
        dtype: `"float32"` or `"float64"`.

    Example:
        >>> [*libraries("float64")][-1]
        'noise'
    """
    return engine.libraries(dtype) | {"noise": sweep_library(dtype)}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; see `--help`."""
    engine.main(arguments, libraries, "python -m qml.backends.warmup")


if __name__ == "__main__":
    main()
