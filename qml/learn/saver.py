"""Saves a run to its folder from time to time, and continues it from there."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qml.learn.abilities import of_the_first, shard_of
from qml.learn.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from qml.learn.counters import Counters
from qml.learn.evaluate import Validation
from qml.learn.generators import generator_arrays, set_generators
from qml.learn.hooks import Hook, Run
from qml.learn.interrupt import unbroken
from qml.learn.record import Record
from qml.learn.step import Snapshot, Step

logger = logging.getLogger(__name__)


class Saver(Hook):
    """Writes a checkpoint when `every_s` seconds or `every_steps` updates have passed since the last one.

    Args:
        folder: where checkpoints go.
        step: how a state is copied.
        fingerprint: what the run is; another run's checkpoint is refused.
        validation: its best state is saved too; None where there is none.
        every_s: wall seconds between checkpoints; None for no such bound.
        every_steps: updates between checkpoints; None for no such bound.
    """

    def __init__(
        self,
        folder: Path,
        step: Step,
        fingerprint: Mapping[str, Any],
        validation: Validation | None,
        every_s: float | None,
        every_steps: int | None,
    ):
        self.folder = folder
        self.step = step
        self.fingerprint = fingerprint
        self.validation = validation
        self.every_s = every_s
        self.every_steps = every_steps
        self._saved_at = time.monotonic()
        self._saved_steps = 0
        self._wrote: int | None = None  # processes that wrote the checkpoint with which this run began
        self._resumed_epoch = 0

    def resume(self, run: Run) -> bool:
        """Bring `run` to where its checkpoint stands; False when there is none.

        Of several processes the first one reads, and the others get it from there: they need no common folder.

        Raises:
            CheckpointError: the checkpoint is damaged or of another run.
        """
        found = load_checkpoint(self.folder, self.fingerprint) if run.rank == 0 else None
        checkpoint = of_the_first(self.step, run.state, found)
        if checkpoint is None:
            return False
        self._wrote = checkpoint.data.get("world", 1)
        run.state = self.step.restore(run.state, _snapshot(checkpoint, "state"))
        run.counters = Counters.from_plain(checkpoint.data["counters"])
        set_generators(_strip(checkpoint.arrays, "generator"))
        if self.validation is not None and checkpoint.data["best"] is not None:
            self.validation.best = _snapshot(checkpoint, "best")
        self._saved_steps, self._resumed_epoch = run.counters.steps, run.counters.epoch
        return True

    def on_step(self, run: Run, info: Mapping[str, float]) -> None:
        """Save if it is time."""
        if self._wrote is not None:
            self._tell_continued(run)
        self._save_if_due(run)

    def on_epoch(self, run: Run, records: Sequence[Record]) -> None:
        """Save if it is time."""
        self._save_if_due(run)

    def save(self, run: Run) -> None:
        """Save now; only the first of several processes writes. Ctrl-C waits until the checkpoint is whole.

        Raises:
            CheckpointError: the disk is full or not writable; the previous checkpoint is intact.
        """
        if run.rank == 0:
            with unbroken():
                save_checkpoint(self.folder, self._checkpoint(run), run.counters.steps)
        self._saved_at = time.monotonic()
        self._saved_steps = run.counters.steps

    def _save_if_due(self, run: Run) -> None:
        by_steps = self.every_steps is not None and run.counters.steps - self._saved_steps >= self.every_steps
        if by_steps or (self.every_s is not None and time.monotonic() - self._saved_at >= self.every_s):
            self.save(run)

    def _tell_continued(self, run: Run) -> None:
        """Say once where the run goes on, and where another number of processes does, which is not the same to the bit.

        Said at the first update, since a run that has ended is only read.
        """
        wrote, self._wrote = self._wrote, None
        if run.rank == 0:
            logger.info(
                "continuing at update %d (epoch %d) from %s", self._saved_steps, self._resumed_epoch, self.folder
            )
        world = shard_of(self.step, run.state)[1]
        if wrote not in (None, world) and run.rank == 0:
            logger.warning(
                "the checkpoint in %s was written by %d processes together and is continued by %d: from here on the "
                "run differs in the rounding of sums, in batch statistics, and in what dropout draws.",
                self.folder,
                wrote,
                world,
            )

    def _checkpoint(self, run: Run) -> Checkpoint:
        state = self.step.snapshot(run.state)
        best = self.validation.best if self.validation is not None else None
        arrays = {
            **_prefixed("state", state.arrays),
            **_prefixed("generator", generator_arrays()),
            **(_prefixed("best", best.arrays) if best else {}),
        }
        data = {
            "state": state.data,
            "best": best.data if best else None,
            "counters": run.counters.plain(),
        }
        world = shard_of(self.step, run.state)[1]
        if world > 1:
            data["world"] = world
        return Checkpoint(arrays, data, self.fingerprint)


def _prefixed(prefix: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _strip(arrays: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    head = f"{prefix}/"
    return {name[len(head) :]: array for name, array in arrays.items() if name.startswith(head)}


def _snapshot(checkpoint: Checkpoint, prefix: str) -> Snapshot:
    return Snapshot(_strip(checkpoint.arrays, prefix), checkpoint.data[prefix])
