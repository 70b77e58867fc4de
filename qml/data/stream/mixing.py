"""How well a pass mixes the rows of the files, measured on its order alone: no row is read for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qml.base.errors import ConfigError
from qml.data.stream.order import pass_over


@dataclass(frozen=True)
class Mixing:
    """What an order of `N` rows in batches looks like beside a full permutation.

    Args:
        groups_a_batch: different row groups in a batch, mean over whole batches.
        groups_at_best: the same for a full permutation (expected value).
        rank_correlation: of the position of a row in this pass with that in the next one; 0 for full permutations.
        neighbours: share of rows that come in the same batch as the row stored before them.
        neighbours_at_best: the same for a full permutation.
        label_spread: root mean square over batches of the share of labels 1 less their share in all rows, where the
            files are sorted by a label that half of the rows have.
        label_spread_at_best: the same for a full permutation.
    """

    groups_a_batch: float
    groups_at_best: float
    rank_correlation: float
    neighbours: float
    neighbours_at_best: float
    label_spread: float
    label_spread_at_best: float


def mixing(rows_G: np.ndarray, buffer_rows: int, batch: int, *, seed: int = 0, epoch: int = 0) -> Mixing:
    """The quality of the shuffling of one pass.

    Args:
        rows_G: `(G,)` rows of each row group.
        buffer_rows: most rows of a window.
        batch: rows of a batch.
        seed: of the pass.
        epoch: its number.

    Raises:
        ConfigError: fewer rows than a batch.

    Example:
        >>> whole, narrow = (mixing(np.full(64, 256), rows, 128) for rows in (64 * 256, 256))
        >>> narrow.groups_a_batch, whole.groups_a_batch > 50
        (1.0, True)
        >>> whole.label_spread < 1.2 * whole.label_spread_at_best < narrow.label_spread
        True
    """
    rows_G = np.asarray(rows_G, np.int64)
    total = int(rows_G.sum())
    if not 0 < batch <= total:
        raise ConfigError(f"mixing of batches of {batch} rows was asked for; there are {total} rows.")
    order, following = (order_of(rows_G, buffer_rows, seed, number) for number in (epoch, epoch + 1))
    n_batches = total // batch
    whole = order[: n_batches * batch].reshape(n_batches, batch)
    group_of_row = np.repeat(np.arange(len(rows_G)), rows_G)
    distinct = 1 + (np.diff(np.sort(group_of_row[whole], axis=1), axis=1) > 0).sum(axis=1)
    batch_of_row = np.empty(total, np.int64)
    batch_of_row[order] = np.arange(total) // batch
    position, next_position = (np.argsort(rows) for rows in (order, following))
    shares = (whole >= total // 2).mean(axis=1)
    overall = 1 - total // 2 / total
    absent = _absent(rows_G, total, batch)
    return Mixing(
        groups_a_batch=float(distinct.mean()),
        groups_at_best=float((1 - absent).sum()),
        rank_correlation=float(np.corrcoef(position, next_position)[0, 1]),
        neighbours=float((np.diff(batch_of_row) == 0).mean()),
        neighbours_at_best=(batch - 1) / max(total - 1, 1),
        label_spread=float(np.sqrt(((shares - overall) ** 2).mean())),
        label_spread_at_best=float(np.sqrt(overall * (1 - overall) / batch * (total - batch) / max(total - 1, 1))),
    )


def order_of(rows_G: np.ndarray, buffer_rows: int, seed: int | None, epoch: int) -> np.ndarray:
    """`(N,)` numbers of all rows in the order of one pass over row groups of `(G,)` rows."""
    once = pass_over(rows_G, buffer_rows, seed=seed, epoch=epoch)
    return np.concatenate([once.numbers(window)[once.places(window)] for window in range(len(once))])


def _absent(rows_G: np.ndarray, total: int, batch: int) -> np.ndarray:
    """`(G,)` chance that a batch drawn without replacement holds no row of a group."""
    drawn = np.arange(batch)[:, None]
    left = np.maximum(total - rows_G[None, :] - drawn, 0) / (total - drawn)
    return left.prod(axis=0)
