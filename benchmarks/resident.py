"""What the system knows of processes: memory, CPU time, whose end ends them; most of it on Linux only."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>


def forget_peak() -> None:
    """Let the peak of this process start again from what it holds now (Linux; elsewhere nothing happens)."""
    if LINUX:
        Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float:
    """Peak resident memory of this process, MiB."""
    if LINUX:
        return _line("/proc/self/status", "VmHWM") / 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def resident_mib(pid: int) -> float:
    """Resident memory of a process now, MiB; nan where it cannot be told."""
    return _line(f"/proc/{pid}/status", "VmRSS") / 1024 if LINUX else float("nan")


def available_mib() -> float:
    """Memory that could still be had without swapping, MiB; infinite where it cannot be told."""
    return _line("/proc/meminfo", "MemAvailable") / 1024 if LINUX else float("inf")


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used; nan where it cannot be told."""
    if not LINUX:
        return float("nan")
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_cpu_seconds() -> float:
    """CPU time that the living processes which this one has started have used; nan where it cannot be told."""
    if not LINUX:
        return float("nan")
    listed = [path.read_text() for path in Path("/proc/self/task").glob("*/children")]
    return sum(cpu_seconds(int(pid)) for text in listed for pid in text.split())


def return_memory() -> None:
    """Hand what the allocator holds free back to the system (glibc; elsewhere nothing happens).

    A library that is idle then leaves its memory to the others.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if LINUX else None
    if trim is not None:
        trim(0)


def die_with_parent() -> None:
    """Let the system end this process, stopped or not, when the one that started it ends (Linux)."""
    if LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _line(path: str, name: str) -> float:
    """The number behind `name:` in a file of /proc; nan if it does not stand there (a process that has ended)."""
    for line in Path(path).read_text().splitlines():
        if line.startswith(name + ":"):
            return float(line.split()[1])
    return float("nan")
