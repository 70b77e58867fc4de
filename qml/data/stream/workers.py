"""Processes that read and decode windows: a torch DataLoader over window numbers, its results in shared memory.

The loader lives as long as its source: what it is asked for are whole tasks (part and row groups), so the processes
serve every pass and part, and starting them is paid once. They are started by a server that is forked before any
thread of training runs, and end when the process that they serve ends, however it does.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import CapabilityError, DataError, QmlError
from qml.base.extras import require
from qml.base.orphans import end_with_parent
from qml.data.stream.order import Pass
from qml.data.stream.reading import Rows, WindowReader

require("torch", extra="torch", purpose="ParquetSource(workers=...)")
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

AHEAD = 2
"""Windows that each process reads ahead."""
PRELOADED = ["qml.data.stream.workers", "pyarrow.parquet", "qml.data.stream.decoding"]

Task = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Failure:
    """What a worker found wrong, told where the batches are used."""

    told: str


class WindowDataset(Dataset):
    """Windows by what they hold: a part and its row groups."""

    def __init__(self, reader: WindowReader):
        self.reader = reader

    def __getitem__(self, task: Task) -> tuple[torch.Tensor, torch.Tensor | None] | Failure:
        """The rows of a task in shared memory, or what is wrong with them."""
        split, groups = task
        try:
            rows = self.reader.read(split, groups, shared_array)
        except QmlError as error:
            return Failure(str(error))
        return torch.from_numpy(rows.inputs), None if rows.targets is None else torch.from_numpy(rows.targets)


def shared_array(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array of a shape in memory that another process can map, so that handing it over copies nothing."""
    made = torch.empty(shape, dtype=getattr(torch, dtype))
    return made.share_memory_().numpy()


class Tasks(Sampler):
    """The tasks of the pass under way; set anew for each pass."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)


class Workers:
    """The processes of one source.

    Args:
        reader: each process gets a copy of it.
        count: how many.
    """

    def __init__(self, reader: WindowReader, count: int):
        self.reader, self.count = reader, count
        self.idle: list[DataLoader] = []

    def __reduce__(self) -> Any:
        return Workers, (self.reader, self.count)

    def windows(self, tasks: list[Task]) -> Iterator[Rows]:
        """The rows of each task in turn. Two passes at once have processes of their own.

        Raises:
            DataError: a file is damaged, or holds values that cannot be learnt from.
            CapabilityError: a process ended.
        """
        if not tasks:
            return
        loader = self.idle.pop() if self.idle else self._started()
        loader.sampler.tasks = tasks  # pyright: ignore[reportAttributeAccessIssue]
        sound = True
        try:
            for found in loader:
                if isinstance(found, Failure):
                    raise DataError(found.told)
                inputs, targets = found
                yield Rows(inputs.numpy(), None if targets is None else targets.numpy())
                del found, inputs, targets
        except RuntimeError as error:
            sound = False
            if "exited unexpectedly" not in str(error):
                raise
            raise CapabilityError(
                f"{self.count} processes were to read windows; one of them ended. A script that uses workers needs its "
                'if __name__ == "__main__":; where that is there, the system may have ended it for memory: give fewer '
                "workers or buffer_rows."
            ) from error
        finally:
            if sound and not self.idle:  # also where the batches were left before their end
                self.idle.append(loader)

    def _started(self) -> DataLoader:
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        context = multiprocessing.get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload(PRELOADED)
        return DataLoader(
            WindowDataset(self.reader.copy()),
            sampler=Tasks(),
            batch_size=None,
            num_workers=self.count,
            prefetch_factor=AHEAD,
            persistent_workers=True,
            multiprocessing_context=context,
            collate_fn=_as_it_is,
            worker_init_fn=_ends_with_its_parent,
        )


def _ends_with_its_parent(worker: int) -> None:
    """End this process when the one that it serves ends: a server stands between them, so torch does not notice."""
    end_with_parent()


def _as_it_is(found: Any) -> Any:
    """What a worker gives, unchanged."""
    return found


def worked(workers: Workers, once: Pass, first: int) -> Iterator[Rows]:
    """The windows of a pass from `first` on, read by processes and handed over in order."""
    tasks = [(once.split, tuple(once.groups(window).tolist())) for window in range(first, len(once))]
    return workers.windows(tasks)
