"""Small sources that every test of this room learns from."""

import numpy as np
import pytest

from qml.data.source import Batch, Schema, Target


class SmallSource:
    """Arrays in memory; kept apart from the data room so that this room is tested alone."""

    def __init__(self, splits, target, name="small"):
        self.splits = splits
        inputs = next(iter(splits.values()))[0]
        sizes = {split: len(rows[0]) for split, rows in splits.items()}
        self._schema = Schema(name, tuple(inputs.shape[1:]), target, sizes, digest=name)

    @property
    def schema(self):
        return self._schema

    def batches(self, split, size, seed=None, *, epoch=0, start=0, shard=(0, 1)):
        inputs, targets = self.splits[split]
        order = np.arange(len(inputs))
        if seed is not None:
            order = np.random.default_rng((seed, epoch)).permutation(order)
        for first in range(start * size, len(order), size):
            rows = order[first : first + size][shard[0] :: shard[1]]
            yield Batch(inputs[rows], None if targets is None else targets[rows], rows)


def class_source(n=150, n_classes=3, width=4, seed=0, validation=40):
    """Gaussian blobs, one a class."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_classes, width)) * 2
    splits = {}
    for split, rows in (("train", n), ("validation", validation), ("test", 30)):
        labels = rng.integers(0, n_classes, rows)
        inputs = (centres[labels] + rng.normal(size=(rows, width))).astype(np.float32)
        splits[split] = (inputs, labels)
    return SmallSource(splits, Target("kind", "classes", tuple("abcdefgh"[:n_classes])))


def number_source(n=120, width=3, seed=0):
    """A noisy plane."""
    rng = np.random.default_rng(seed)
    slope = rng.normal(size=width)
    splits = {}
    for split, rows in (("train", n), ("validation", 40), ("test", 30)):
        inputs = rng.normal(size=(rows, width)).astype(np.float32)
        splits[split] = (inputs, (inputs @ slope + 0.1 * rng.normal(size=rows)).astype(np.float32))
    return SmallSource(splits, Target("height", "number"))


@pytest.fixture
def classes():
    return class_source()


@pytest.fixture
def numbers():
    return number_source()
