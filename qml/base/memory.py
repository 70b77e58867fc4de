"""How much memory this process may still take, so that what cannot fit is refused before it is allocated."""

from __future__ import annotations

import os
from pathlib import Path

from qml.base.errors import CapabilityError, ConfigError

LIMIT_VARIABLE = "QML_MEMORY_GIB"
CGROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)
GIB = 2**30
SMALL = 64 << 20  # bytes that are never refused: asking the system would cost more than a small run


def available_bytes() -> int | None:
    """Bytes that this process may take now; None where the system does not say.

    `QML_MEMORY_GIB` where it is set; otherwise the smaller of what the system calls available and what is left of
    the control group (a container's limit).

    Raises:
        ConfigError: `QML_MEMORY_GIB` is not a number above 0.

    Example:
        >>> found = available_bytes()
        >>> found is None or found > 0
        True
    """
    chosen = os.environ.get(LIMIT_VARIABLE)
    if chosen:
        try:
            gibibytes = float(chosen)
        except ValueError:
            gibibytes = -1.0
        if not 0 < gibibytes < float("inf"):
            raise ConfigError(f"{LIMIT_VARIABLE} must be a number of GiB above 0; got {chosen!r}.")
        return int(gibibytes * GIB)
    found = [number for number in (_system(), _left_in_cgroup()) if number is not None]
    return min(found, default=None)


def check_memory(nbytes: int, what: str, remedy: str) -> None:
    """Refuse an allocation that cannot fit, before it is made.

    Args:
        nbytes: bytes of all arrays that will be alive together.
        what: what needs them, such as `"States of 8 rows at 34 qubits"`.
        remedy: a sentence that says what to do.

    Raises:
        CapabilityError: more than 64 MiB and more than `available_bytes`; the message names both figures.

    Example:
        >>> check_memory(10**18, "Everything", "Take less.")
        Traceback (most recent call last):
        ...
        qml.base.errors.CapabilityError: Everything needs 931,322,574.6 GiB ...
    """
    limit = available_bytes() if nbytes > SMALL else None
    if limit is not None and nbytes > limit:
        raise CapabilityError(
            f"{what} needs {nbytes / GIB:,.1f} GiB of memory; {limit / GIB:,.1f} GiB can be had here. {remedy}"
        )


def _system() -> int | None:
    """What the system calls available; all physical memory where it does not tell what is in use."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass  # not Linux: ask the C library
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _left_in_cgroup() -> int | None:
    """What a container's limit leaves; None without a limit."""
    for limit, used in CGROUPS:
        try:
            most = limit.read_text(encoding="ascii").strip()
            if most != "max":
                return max(int(most) - int(used.read_text(encoding="ascii")), 1)
        except (OSError, ValueError):
            continue
    return None
