"""The order of one pass as a pure function of seed and epoch: which rows any batch holds follows by arithmetic.

Row groups are permuted and gathered into windows of at most `buffer_rows` rows; rows are permuted inside a window;
batches run over the borders of windows. So the window and the place in it at which batch `start` begins follow from
the sizes of the row groups alone, and nothing before that window is read to go on there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qml.base.seeds import generator


@dataclass(frozen=True, eq=False)
class Pass:
    """The windows of one pass over `G` row groups; `W` windows.

    Args:
        split: name of the part, by which its order differs from that of others.
        rows_G: `(G,)` rows of each row group, in the order of the file.
        first_G: `(G,)` number of the first row of each.
        order_G: `(G,)` the row groups in the order of this pass.
        edge_W: `(W + 1,)` window `w` holds `order_G[edge_W[w]:edge_W[w + 1]]`.
        begin_W: `(W + 1,)` rows of the pass before each window.
        seed: None leaves rows in file order.
        epoch: number of the pass.
    """

    split: str
    rows_G: np.ndarray
    first_G: np.ndarray
    order_G: np.ndarray
    edge_W: np.ndarray
    begin_W: np.ndarray
    seed: int | None
    epoch: int

    def __len__(self) -> int:
        return len(self.edge_W) - 1

    def groups(self, window: int) -> np.ndarray:
        """The row groups of a window, in the order in which they are read."""
        return self.order_G[self.edge_W[window] : self.edge_W[window + 1]]

    def window_at(self, row: int) -> int:
        """The window that holds the `row`-th row of the pass; `len(self)` behind the last one."""
        return int(np.searchsorted(self.begin_W, row, side="right") - 1) if row < self.begin_W[-1] else len(self)

    def places(self, window: int) -> np.ndarray:
        """`(n,)` places of the rows of a window as they were read, in the order in which the pass gives them."""
        count = int(self.begin_W[window + 1] - self.begin_W[window])
        if self.seed is None:
            return np.arange(count)
        return generator(self.seed, "rows", self.split, self.epoch, window).permutation(count)

    def numbers(self, window: int) -> np.ndarray:
        """`(n,)` int64 numbers within the part of the rows of a window as they were read."""
        groups = self.groups(window)
        counts = self.rows_G[groups]
        starts = self.first_G[groups] - np.concatenate([[0], np.cumsum(counts)[:-1]])
        return np.repeat(starts, counts) + np.arange(int(counts.sum()), dtype=np.int64)


def pass_over(
    rows_G: np.ndarray, buffer_rows: int, *, split: str = "train", seed: int | None = None, epoch: int = 0
) -> Pass:
    """The windows of one pass.

    Args:
        rows_G: `(G,)` rows of each row group.
        buffer_rows: most rows of a window; a row group that is larger is a window of its own.
        split: name of the part.
        seed: None leaves everything in file order.
        epoch: number of the pass.

    Example:
        >>> once = pass_over(np.array([4, 4, 4, 4]), 8, seed=3)
        >>> len(once), sorted(np.concatenate([once.numbers(0), once.numbers(1)]).tolist()) == list(range(16))
        (2, True)
        >>> once.window_at(7), once.window_at(8), once.window_at(16)
        (0, 1, 2)
    """
    rows_G = np.asarray(rows_G, np.int64)
    first_G = np.concatenate([[0], np.cumsum(rows_G)[:-1]]).astype(np.int64)
    order = np.arange(len(rows_G))
    if seed is not None:
        order = generator(seed, "row groups", split, epoch).permutation(len(rows_G))
    edges = [0]
    held = 0
    for place, rows in enumerate(rows_G[order].tolist()):
        if held and held + rows > buffer_rows:
            edges.append(place)
            held = 0
        held += rows
    edge_W = np.array([*edges, len(order)] if len(order) else [0], np.int64)
    ends = np.concatenate([[0], np.cumsum(rows_G[order])]).astype(np.int64)
    return Pass(split, rows_G, first_G, order, edge_W, ends[edge_W], seed, epoch)
