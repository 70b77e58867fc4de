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
SMALL = 64 << 20  # bytes up to which the system is not asked: that would cost more than a small run


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


def physical_bytes() -> int | None:
    """Bytes of memory that this machine has, in use or not; None where the system does not say.

    Example:
        >>> found = physical_bytes()
        >>> found is None or found > 0
        True
    """
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def exceeded_limit(nbytes: int, held: int = 0) -> int | None:
    """The limit, in bytes, that an allocation would exceed; None where it fits.

    Args:
        nbytes: bytes of all arrays that will be alive together.
        held: bytes of them that are allocated already. The system counts those as taken, `QML_MEMORY_GIB` does not.

    Raises:
        ConfigError: `QML_MEMORY_GIB` is not a number above 0.

    Example:
        >>> exceeded_limit(1000) is None, exceeded_limit(10**18) is None
        (True, False)
    """
    chosen = bool(os.environ.get(LIMIT_VARIABLE))
    if nbytes <= held or (nbytes - held <= SMALL and not chosen):
        return None
    limit = available_bytes()
    if limit is None:
        return None
    limit += 0 if chosen else held
    return limit if nbytes > limit else None


def too_large(nbytes: int, limit: int, what: str, remedy: str) -> CapabilityError:
    """The error that names what is needed, what can be had, and what to do.

    Args:
        nbytes: that are needed.
        limit: bytes that can be had.
        what: what needs them, such as `"States of 8 rows at 34 qubits"`.
        remedy: a sentence that says what to do.

    Example:
        >>> print(too_large(3 << 30, 1 << 20, "A matrix", "Take fewer rows."))
        A matrix needs 3.0 GiB of memory; 1.0 MiB can be had here. Take fewer rows. QML_MEMORY_GIB sets another limit.
    """
    return CapabilityError(
        f"{what} needs {shown_bytes(nbytes)} of memory; {shown_bytes(limit)} can be had here. {remedy} "
        f"{LIMIT_VARIABLE} sets another limit."
    )


def check_memory(nbytes: int, what: str, remedy: str) -> None:
    """Refuse an allocation that cannot fit, before it is made.

    Args:
        nbytes: bytes of all arrays that will be alive together.
        what: what needs them, such as `"States of 8 rows at 34 qubits"`.
        remedy: a sentence that says what to do.

    Raises:
        CapabilityError: more than `available_bytes`, and more than 64 MiB unless `QML_MEMORY_GIB` is set; the message
            names both figures.

    Example:
        >>> check_memory(10**18, "Everything", "Take less.")
        Traceback (most recent call last):
        ...
        qml.base.errors.CapabilityError: Everything needs 931,322,574.6 GiB ...
    """
    limit = exceeded_limit(nbytes)
    if limit is not None:
        raise too_large(nbytes, limit, what, remedy)


def shown_bytes(nbytes: int) -> str:
    """Bytes for a reader.

    Example:
        >>> shown_bytes(3 * 2**30), shown_bytes(2**21), shown_bytes(2048), shown_bytes(7)
        ('3.0 GiB', '2.0 MiB', '2.0 KiB', '7 bytes')
    """
    for unit, size in (("GiB", GIB), ("MiB", 2**20), ("KiB", 2**10)):
        if nbytes >= size // 10:
            return f"{nbytes / size:,.1f} {unit}"
    return f"{nbytes} bytes"


def _system() -> int | None:
    """What the system calls available; all physical memory where it does not tell what is in use."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass  # not Linux: ask the C library
    return physical_bytes()


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
