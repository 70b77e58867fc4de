"""Does it give batches as a Source must? Asked of any Source, split by split, without training anything."""

from __future__ import annotations

from functools import partial
from itertools import islice

import numpy as np

from qml.contracts.report import NotApplicable, Report, require, run_checks
from qml.data.source import Batch, Source

MOST_BATCHES = 40


def check_source(source: Source, *, size: int = 7, seed: int = 1) -> Report:
    """Check a Source: batches pure in their arguments, `start` and `shard` consistent, rows unique, shapes as told.

    At most 40 batches of a split are read at a time.

    Args:
        source: what to check.
        size: rows a batch.
        seed: of the shuffling.

    Example:
        >>> import numpy as np
        >>> from qml.data import ArraySource
        >>> x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
        >>> check_source(ArraySource.from_arrays(x, (x[:, 0] > 0).astype(np.int64))).ok
        True
    """
    case = _Case(source, size, seed)
    checks = [
        (f"{what} ({split})", partial(check, split))
        for split in source.schema.sizes
        for what, check in {
            "shapes": case.shapes,
            "pure in its arguments": case.pure,
            "rows unique": case.unique,
            "file order without a seed": case.file_order,
            "shuffled by seed and epoch": case.shuffled,
            "a row is the same everywhere": case.same_rows,
            "start": case.starts,
            "shard": case.shards,
        }.items()
    ]
    return run_checks(f"source {source.schema.name}", checks)


class _Case:
    """One Source under check."""

    def __init__(self, source: Source, size: int, seed: int):
        self.source, self.size, self.seed = source, size, seed

    def batches(self, split: str, seed: int | None, **options) -> list[Batch]:
        """The first batches of a split."""
        return list(islice(self.source.batches(split, self.size, seed, **options), MOST_BATCHES))

    def shapes(self, split: str) -> None:
        """Inputs, targets and rows fit each other and the schema; only the last batch may be smaller."""
        schema = self.source.schema
        batches = self.batches(split, self.seed)
        n_rows = schema.sizes[split]
        require(bool(batches) or n_rows == 0, "the split gives no batch")
        for place, batch in enumerate(batches):
            count = len(batch.rows)
            wanted = (count, *schema.input_shape)
            require(batch.inputs.shape == wanted, f"inputs have shape {batch.inputs.shape}, not {wanted}")
            require(np.issubdtype(batch.rows.dtype, np.integer), f"rows are {batch.rows.dtype}, not integers")
            require(batch.targets is None or len(batch.targets) == count, "targets and rows have different lengths")
            last = place == len(batches) - 1 and place < MOST_BATCHES - 1
            require(count == self.size or last, f"batch {place} has {count} rows instead of {self.size}")
            if schema.target is not None and batch.targets is not None and schema.target.kind == "classes":
                low, high = int(batch.targets.min(initial=0)), int(batch.targets.max(initial=0))
                require(low >= 0 and high < schema.target.n_classes, f"classes {low}..{high} leave the schema")
        total = sum(len(batch.rows) for batch in batches)
        if n_rows is not None and len(batches) < MOST_BATCHES:
            require(total == n_rows, f"the split gives {total} rows; its schema says {n_rows}")

    def pure(self, split: str) -> None:
        """Two iterators with equal arguments give equal batches, whatever is read in between."""
        first = self.batches(split, self.seed, epoch=1)
        self.batches(split, None)
        _same(first, self.batches(split, self.seed, epoch=1), "a second reading")

    def unique(self, split: str) -> None:
        """No row comes twice in an epoch."""
        rows = _rows(self.batches(split, self.seed))
        require(len(set(rows)) == len(rows), f"{len(rows) - len(set(rows))} rows come twice")

    def file_order(self, split: str) -> None:
        """Rows ascend from 0 without a seed."""
        rows = _rows(self.batches(split, None))
        require(rows == list(range(len(rows))), f"rows come as {rows[:8]} ...")

    def shuffled(self, split: str) -> None:
        """Epochs differ in order."""
        self._known_size(split)
        orders = [_rows(self.batches(split, self.seed, epoch=epoch)) for epoch in (0, 1)]
        if len(orders[0]) < 2 * self.size:
            raise NotApplicable("too few rows to tell an order")
        require(orders[0] != orders[1], "epochs 0 and 1 come in the same order")

    def same_rows(self, split: str) -> None:
        """A row number means the same numbers in every order."""
        known = {}
        for batch in self.batches(split, None):
            known |= {int(row): batch.inputs[i] for i, row in enumerate(batch.rows)}
        for batch in self.batches(split, self.seed, epoch=3):
            for i, row in enumerate(batch.rows):
                if int(row) in known:
                    require(bool(np.array_equal(known[int(row)], batch.inputs[i])), f"row {row} changes its inputs")

    def starts(self, split: str) -> None:
        """`start=k` gives the batches after the first k."""
        whole = self.batches(split, self.seed, epoch=2)
        for start in {1, len(whole) // 2}:
            rest = self.batches(split, self.seed, epoch=2, start=start)
            _same(whole[start:], rest[: len(whole) - start], f"start={start}")

    def shards(self, split: str) -> None:
        """The shards of a batch are its rows, each once."""
        whole = self.batches(split, self.seed)
        for world in (2, 3):
            parts = [self.batches(split, self.seed, shard=(rank, world)) for rank in range(world)]
            counts = {len(part) for part in parts}
            require(counts == {len(whole)}, f"{world} shards give {sorted(counts)} batches; there are {len(whole)}")
            for place, batch in enumerate(whole):
                rows = sorted(int(row) for part in parts for row in part[place].rows)
                require(rows == sorted(map(int, batch.rows)), f"the {world} shards of batch {place} are not its rows")

    def _known_size(self, split: str) -> None:
        if self.source.schema.sizes[split] is None:
            raise NotApplicable("a stream has an order of its own")


def _rows(batches: list[Batch]) -> list[int]:
    return [int(row) for batch in batches for row in batch.rows]


def _same(left: list[Batch], right: list[Batch], what: str) -> None:
    require(len(left) == len(right), f"{what} gives {len(right)} batches instead of {len(left)}")
    for place, (a, b) in enumerate(zip(left, right, strict=True)):
        same = np.array_equal(a.rows, b.rows) and np.array_equal(a.inputs, b.inputs)
        targets = a.targets is b.targets or np.array_equal(np.asarray(a.targets), np.asarray(b.targets))
        require(bool(same and targets), f"{what} changes batch {place}")
