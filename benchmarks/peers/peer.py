"""What a peer is: a row of facts about a library, and the step that its file builds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.workload import Answer, Size

OVERHEAD = 2000  # what a gate costs besides its arithmetic, in amplitudes; only to predict what takes too long


@dataclass(frozen=True)
class Peer:
    """A library, and how its file under `benchmarks/peers` asks it for the step.

    Args:
        name: what `--peers` is given; the file has the same name with underscores.
        title: the words of the table.
        framework: whose users it serves: "jax", "torch" or "other" (its ratio counts for neither).
        kind: a "library", gates fused by "hand", "ours", or a "floor": the framework itself, computing nothing.
        packages: distributions whose versions are recorded; the first is the library itself.
        environment: the requirements file that it is installed from; None is the project's own environment.
        growth: what a step's cost grows with: "batch" (all rows at once), "rows" (one run a row) or "shifts" (two
            runs a row and angle). It only serves to predict what would take too long.
        devices: where it can run.
        note: a remark for the table, such as another precision.
    """

    name: str
    title: str
    framework: Literal["jax", "torch", "other"]
    kind: Literal["library", "hand", "ours", "floor"]
    packages: tuple[str, ...]
    environment: str | None = None
    growth: Literal["batch", "rows", "shifts"] = "batch"
    devices: tuple[str, ...] = ("cpu",)
    note: str = ""

    @property
    def module(self) -> str:
        """Where its `build` stands."""
        return f"benchmarks.peers.{self.name.replace('-', '_')}"

    def work(self, size: Size) -> float:
        """Cost of a step in arbitrary units: ratios of it predict times.

        Example:
            >>> rows = Peer("a", "A", "other", "library", ("a",), growth="rows")
            >>> rows.work(Size(4, 2, 64)) / rows.work(Size(4, 2, 32))
            2.0
        """
        if self.growth == "batch":
            return size.n_gates * (size.n_amplitudes + OVERHEAD)
        runs = size.rows if self.growth == "rows" else size.rows * 2 * (size.n_weights + size.n_qubits)
        return runs * size.n_gates * (2**size.n_qubits + OVERHEAD)


@dataclass(frozen=True)
class Step:
    """A step, ready to be called.

    Args:
        run: forward, loss and all gradients; returns when they are there. This is what is timed.
        answer: makes the numbers of what `run` returned readable; not timed.
        dtype: of the library's own state vector.
    """

    run: Callable[[], Any]
    answer: Callable[[Any], Answer]
    dtype: str = "complex64"
