"""The machine, the software and the moment, so that a kept result can be read later."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import ROOT

FLAGS = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512vl",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "asimd",
    "sve",
)


def description(cores: list[int]) -> dict[str, Any]:
    """CPU, cores in use and whether they are siblings, instruction sets, memory, system, date and commit."""
    return {
        "cpu": cpu_name(),
        "cores": cores,
        "siblings": [siblings(core) for core in cores],
        "flags": [flag for flag in FLAGS if flag in _cpu_flags()],
        "caches": caches(cores[0]),
        "memory_gib": _memory_gib(),
        "load_before": os.getloadavg()[0] if sys.platform != "win32" else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
    }


def chosen_cores(threads: int | None) -> list[int]:
    """The first `threads` cores of this process, all of them for None.

    Raises:
        SystemExit: there are not so many.
    """
    cores = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else list(range(os.cpu_count() or 1))
    if threads is not None and not 1 <= threads <= len(cores):
        raise SystemExit(f"--threads must be 1..{len(cores)} on this machine; got {threads}.")
    return cores[:threads]


def cpu_name() -> str:
    """What the CPU calls itself."""
    names = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def siblings(core: int) -> str:
    """Hardware threads of the same physical core, as the system lists them; a virtual machine may not know."""
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    return path.read_text().strip() if path.is_file() else "unknown"


def caches(core: int) -> dict[str, str]:
    """Sizes of a core's caches."""
    found = {}
    for path in sorted(Path(f"/sys/devices/system/cpu/cpu{core}/cache").glob("index*")):
        level, kind = (path / "level").read_text().strip(), (path / "type").read_text().strip()
        found[f"L{level} {kind.lower()}"] = (path / "size").read_text().strip()
    return found


def largest_cache() -> int:
    """Bytes of the largest cache of the first core; 0 where the system does not tell."""
    sizes = [text.removesuffix("K") for text in caches(0).values()]
    return max((int(text) * 1024 for text in sizes if text.isdigit()), default=0)


def commit() -> str:
    """The checked-out commit, with a mark if files differ from it; empty outside a repository."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def short_name(described: Mapping[str, Any]) -> str:
    """For a file's name: the CPU and how many cores.

    Example:
        >>> short_name({"cpu": "AMD EPYC 7763 64-Core Processor", "cores": [0, 1]})
        'amd-epyc-7763-64-core-processor-2'
    """
    return re.sub(r"[^a-z0-9]+", "-", described["cpu"].lower()).strip("-") + f"-{len(described['cores'])}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


def _cpu_flags() -> set[str]:
    return {
        flag for line in _cpuinfo() if line.startswith(("flags", "Features")) for flag in line.split(":")[1].split()
    }


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, AttributeError):  # not told by this system
        return None
