"""A progress bar for a terminal and for Jupyter, quiet everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from qml.base.extras import require
from qml.learn.hooks import Hook, Run
from qml.learn.record import Record

require("tqdm", extra="train", purpose="qml.learn.bar")
from tqdm.auto import tqdm

SECONDS_BETWEEN_DRAWS = 0.2


def worth_showing() -> bool:
    """Whether someone is likely to look: standard error is a terminal, or this process is a Jupyter kernel."""
    kernel = sys.modules.get("ipykernel.kernelapp")  # imported is not running: clients of kernels import it too
    in_kernel = kernel is not None and kernel.IPKernelApp.initialized()
    return in_kernel or (sys.stderr is not None and sys.stderr.isatty())


class ProgressBar(Hook):
    """Draws updates done of updates allowed, the loss, and the last validation score.

    Args:
        label: words in front of the bar.
    """

    def __init__(self, label: str = "training"):
        self.label = label
        self._bar: tqdm | None = None
        self._scores: dict[str, str] = {}
        self._loss = 0.0

    def on_start(self, run: Run) -> None:
        """Open the bar at the update that the run has reached."""
        if run.rank == 0:
            self._bar = tqdm(
                total=run.total_steps,
                initial=run.counters.steps,
                desc=self.label,
                unit="step",
                mininterval=SECONDS_BETWEEN_DRAWS,
                dynamic_ncols=True,
            )

    def on_step(self, run: Run, info: Mapping[str, float]) -> None:
        """Move on; the loss is drawn only when the bar itself is."""
        self._loss = info.get("loss", 0.0)
        if self._bar is not None and self._bar.update(run.counters.steps - self._bar.n):
            self._tell()

    def on_epoch(self, run: Run, records: Sequence[Record]) -> None:
        """Show the validation scores of this pass."""
        self._scores = {record.metric: f"{record.value:.4g}" for record in records if record.split == "validation"}

    def on_end(self, run: Run) -> None:
        """Close the bar and leave its last line."""
        if self._bar is not None:
            self._tell()
            self._bar.close()
            self._bar = None

    def _tell(self) -> None:
        """Write the newest numbers behind the bar."""
        if self._bar is not None:
            self._bar.set_postfix({"loss": f"{self._loss:.4g}", **self._scores}, refresh=False)
