"""The most memory that a process holds while something runs: its peak resident set, reset at the start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RESET = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")
RESET_PEAK = "5"
PEAK, NOW = "VmHWM", "VmRSS"


@dataclass(frozen=True)
class Memory:
    """Memory of one stretch of work, in bytes.

    Args:
        peak_bytes: the most that the process held at any moment of it, with everything that it held before: the
            interpreter, its libraries and the data.
        grown_bytes: how much more that is than when it began; 0 where freed memory was used again. It depends on what
            ran before in this process; `peak_bytes` of a fresh process does not.
    """

    peak_bytes: int
    grown_bytes: int


class PeakMemory:
    """Measures the stretch of work between its making and `stop`.

    The kernel's own high-water mark of the resident set is read, after it was set back: nothing is sampled, and a fit
    in a long process is told from those before it. Memory of child processes and of a GPU is not in it, and two
    stretches at the same time in one process disturb each other. Needs Linux; elsewhere nothing is measured.

    Example:
        >>> measured = PeakMemory()
        >>> block = bytearray(64 * 2**20)
        >>> found = measured.stop()
        >>> found is None or found.grown_bytes >= 60 * 2**20
        True
    """

    def __init__(self) -> None:
        self._begun = _reset()

    def stop(self) -> Memory | None:
        """What was found; None where it cannot be measured."""
        if self._begun is None:
            return None
        peak = _field(PEAK)
        return Memory(peak, max(0, peak - self._begun))


def _reset() -> int | None:
    """Set the high-water mark back to what is held now, and give that; None where the kernel cannot."""
    try:
        RESET.write_text(RESET_PEAK)
        return _field(NOW)
    except (OSError, LookupError):
        return None


def _field(name: str) -> int:
    """A field of the kernel's account of this process, in bytes.

    Raises:
        LookupError: there is none of that name.
    """
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"{STATUS} has no {name}")
