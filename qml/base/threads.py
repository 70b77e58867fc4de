"""One policy for threads, so that jobs x threads never exceeds the cores this process may use."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from qml.base.ranks import ranks

_kept: ContextVar[int] = ContextVar("kept threads", default=0)


def available_cores() -> int:
    """Cores this process may run on: its affinity and its container's quota, not the machine's total."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity call
        cores = os.cpu_count() or 1
    return min(cores, _quota())


@cache
def _quota() -> int:
    return cpu_quota() or sys.maxsize


def cpu_quota(groups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Cores' worth of time that a container is given, rounded up; None where nothing is limited.

    As `docker run --cpus` and Kubernetes limits set it: `cpu.max` of control groups of version 2, the CFS quota of
    version 1. Threads beyond it would spin until the whole container is stopped for the rest of a period.

    Args:
        groups: where the container sees its own control group.
    """
    try:
        if (groups / "cpu.max").exists():
            quota, period = (groups / "cpu.max").read_text().split()
        else:
            quota, period = ((groups / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return max(1, math.ceil(int(quota) / int(period))) if int(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):  # no control groups, or "max": no limit
        return None


def fair_share() -> int:
    """Cores for this process: all that are available, shared with the processes of this machine that train with it.

    Example:
        >>> 1 <= fair_share() <= available_cores()
        True
    """
    return max(1, available_cores() // ranks().local_world)


def default_threads() -> int:
    """Threads for one call in this process: `QML_THREADS`, else `OMP_NUM_THREADS`, else its fair share of the cores.

    Never more than `torch.get_num_threads()` where torch is loaded, unless `QML_THREADS` says so: who calls
    `torch.set_num_threads(1)` in each of many workers means us too.
    """
    chosen = _kept.get() or _number("QML_THREADS")
    if chosen:
        return min(chosen, available_cores())
    most = fair_share()
    ask_torch = getattr(sys.modules.get("torch"), "get_num_threads", None)  # None as long as torch is being imported
    if ask_torch is not None:
        most = min(most, ask_torch())
    return min(_number("OMP_NUM_THREADS") or most, most)


@contextmanager
def kept_threads() -> Iterator[None]:
    """While open, `default_threads()` stays what it is now, whatever becomes of torch's number."""
    token = _kept.set(default_threads())
    try:
        yield
    finally:
        _kept.reset(token)


def _number(name: str) -> int:
    """The positive number in an environment variable (of a list, the first), 0 if there is none."""
    text = os.environ.get(name, "").split(",")[0].strip()
    return int(text) if text.isdigit() else 0
