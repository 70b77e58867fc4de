"""Records and losses as TensorBoard events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qml.base.errors import ConfigError
from qml.base.extras import require
from qml.learn.hooks import Hook, Run
from qml.learn.record import Record

require("torch", extra="torch", purpose="qml.learn.tensorboard_log")
require("tensorboard", extra="train", purpose="qml.learn.tensorboard_log")
from torch.utils.tensorboard.writer import SummaryWriter


class TensorBoardLog(Hook):
    """Writes what each `every_steps`-th update says, and every Record, for `tensorboard --logdir`.

    After a resume TensorBoard hides the events of updates that the killed run had not saved.

    Args:
        path: the folder of the events; None is `tensorboard` in the folder of the run.
        every_steps: updates between two points of the training curves.

    Raises:
        ConfigError: neither `path` nor the run names a place.
    """

    def __init__(self, path: str | Path | None = None, every_steps: int = 10):
        self.path = Path(path) if path is not None else None
        self.every_steps = every_steps
        self._writer: SummaryWriter | None = None

    def on_start(self, run: Run) -> None:
        """Open the events file."""
        if run.rank:
            return
        if self.path is None and run.folder is None:
            raise ConfigError("TensorBoardLog has no folder: give TensorBoardLog(path), or a folder to the fit.")
        path = self.path or Path(run.folder or ".") / "tensorboard"
        resumed = run.counters.steps > 0
        self._writer = SummaryWriter(str(path), purge_step=run.counters.steps + 1 if resumed else None)

    def on_step(self, run: Run, info: Mapping[str, float]) -> None:
        """Write the numbers of an update."""
        if self._writer is not None and run.counters.steps % self.every_steps == 0:
            for name, value in info.items():
                self._writer.add_scalar(f"step/{name}", value, run.counters.steps)

    def on_epoch(self, run: Run, records: Sequence[Record]) -> None:
        """Write the new records."""
        if self._writer is not None:
            for record in records:
                self._writer.add_scalar(f"{record.split}/{record.metric}", record.value, record.step)
            self._writer.flush()

    def on_end(self, run: Run) -> None:
        """Close the events file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
