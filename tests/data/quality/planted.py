"""Sound tables of our own making, and the same with one fault in them."""

from dataclasses import replace

import numpy as np

from qml.data.quality import Examined
from qml.data.source import Column, Target
from qml.data.splits import Split
from qml.data.table import Table

N = 600


def split_of(n=N):
    """Three parts of shuffled rows."""
    rows = np.random.default_rng(7).permutation(n)
    return Split(
        {"train": rows[: n * 6 // 10], "validation": rows[n * 6 // 10 : n * 8 // 10], "test": rows[n * 8 // 10 :]},
        "by hand",
    )


def sound(n=N, classes=2, seed=0):
    """Numbers that tell the class, shuffled; nothing is wrong with them."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, classes, n)
    inputs = rng.normal(size=(n, 5)).astype(np.float32)
    inputs[:, 0] += 3 * targets
    names = [f"x{place}" for place in range(5)]
    table = Table(
        "made",
        "table",
        tuple(Column(name, "number") for name in names),
        {name: inputs[:, place] for place, name in enumerate(names)},
        Target("label", "classes", tuple(f"c{place}" for place in range(classes))),
        targets.astype(np.int64),
    )
    return Examined(table, split_of(n))


def with_columns(examined, kinds=None, **values):
    """The same rows with further columns, or with others in their place."""
    table = examined.table
    kinds = kinds or {}
    new = [Column(name, kinds.get(name, "number")) for name in values if name not in table.values]
    return replace(examined, table=replace(table, columns=(*table.columns, *new), values={**table.values, **values}))


def with_targets(examined, targets):
    """The same rows with other labels."""
    return replace(examined, table=replace(examined.table, targets=np.asarray(targets, np.int64)))


def with_rows_copied(examined, to, of):
    """The inputs and labels of rows `of` also in rows `to`."""
    table = examined.table
    values = {}
    for name, column in table.values.items():
        values[name] = column.copy()
        values[name][to] = column[of]
    targets = table.targets.copy()
    targets[to] = targets[of]
    return replace(examined, table=replace(table, values=values, targets=targets))


def texts(words, targets=None, kind="text"):
    """A set of one text column, half of it in training."""
    words = np.array(words, object)
    n = len(words)
    targets = np.arange(n) % 2 if targets is None else np.asarray(targets)
    table = Table(
        "said",
        kind,
        (Column("text", kind),),
        {"text": words},
        Target("label", "classes", ("a", "b")),
        targets.astype(np.int64),
    )
    return Examined(table, Split({"train": np.arange(n // 2), "test": np.arange(n // 2, n)}, "by hand"))


def images(pixels, targets=None):
    """A set of `(N, H, W)` uint8 images, half of it in training."""
    n, height, width = pixels.shape
    targets = np.arange(n) % 2 if targets is None else targets
    column = Column("image", "image", shape=(height, width))
    table = Table(
        "seen",
        "image",
        (column,),
        {"image": pixels.reshape(n, -1)},
        Target("label", "classes", ("a", "b")),
        targets.astype(np.int64),
    )
    return Examined(table, Split({"train": np.arange(n // 2), "test": np.arange(n // 2, n)}, "by hand"))
