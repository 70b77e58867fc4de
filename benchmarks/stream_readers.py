"""The same files read by others: PyTorch's DataLoader and Hugging Face `datasets`, each in its fastest plain form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from benchmarks.stream_rows import NAMES, TARGET

Pair = tuple[Any, Any]
WORKERS = 2


class RowGroups(IterableDataset):
    """Row groups shuffled, their rows shuffled within; each process takes its share of the groups.

    Args:
        folder: of the files.
        size: rows of a batch; None gives single rows, for the loader to put together.
        seed: of the order.
    """

    def __init__(self, folder: Path, size: int | None, seed: int = 0):
        self.folder, self.size, self.seed = folder, size, seed

    def __iter__(self) -> Iterator[Pair]:
        import pyarrow.parquet as pq

        torch.set_num_threads(1)
        files = [pq.ParquetFile(path) for path in sorted(self.folder.rglob("*.parquet"))]
        groups = [(file, group) for file in files for group in range(file.num_row_groups)]
        rng, info = np.random.default_rng(self.seed), get_worker_info()
        order = rng.permutation(len(groups))
        for place in order[info.id :: info.num_workers] if info else order:
            file, group = groups[place]
            table = file.read_row_group(group, columns=[*NAMES, TARGET.name])
            inputs = np.stack([table.column(name).to_numpy() for name in NAMES], axis=1)
            targets, inside = table.column(TARGET.name).to_numpy(), rng.permutation(table.num_rows)
            step = self.size or 1
            for first in range(0, len(inside), step):
                rows = inside[first : first + step] if self.size else inside[first]
                yield inputs[rows], targets[rows]


def torch_batches(folder: Path, size: int) -> Iterator[Pair]:
    """DataLoader whose processes hand over whole batches."""
    yield from DataLoader(RowGroups(folder, size), batch_size=None, num_workers=WORKERS, prefetch_factor=4)


def torch_rows(folder: Path, size: int) -> Iterator[Pair]:
    """DataLoader over single rows with its own collation, as tutorials write it."""
    yield from DataLoader(RowGroups(folder, None), batch_size=size, num_workers=WORKERS)


def hub_rows(folder: Path, size: int) -> Iterator[Pair]:
    """`datasets`, streamed, with its shuffle buffer, in its NumPy form."""
    yield from _pairs(_hub(folder).shuffle(seed=0, buffer_size=10_000).with_format("numpy").iter(batch_size=size))


def hub_in_order(folder: Path, size: int) -> Iterator[Pair]:
    """`datasets`, streamed in file order without any shuffling, in its NumPy form."""
    yield from _pairs(_hub(folder).with_format("numpy").iter(batch_size=size))


def _hub(folder: Path) -> Any:
    import datasets

    files = [str(path) for path in sorted(folder.rglob("*.parquet"))]
    return datasets.load_dataset("parquet", data_files={"train": files}, split="train", streaming=True)


def _pairs(batches: Any) -> Iterator[Pair]:
    for batch in batches:
        yield np.stack([batch[name] for name in NAMES], axis=1), batch[TARGET.name]


READERS: dict[str, Callable[[Path, int], Iterator[Pair]]] = {
    "torch DataLoader, whole batches": torch_batches,
    "torch DataLoader, row by row": torch_rows,
    "datasets, shuffle buffer of 10,000": hub_rows,
    "datasets, file order": hub_in_order,
}
