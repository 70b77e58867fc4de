"""Parts of a user's own package, named by their address in the tests."""

from dataclasses import replace

import numpy as np
from torch import nn

from qml.data import ArraySource, Split


def first(seed, rows=60, shift=0.0):
    rng = np.random.default_rng(5)
    inputs = rng.normal(size=(rows, 3)) + shift
    return ArraySource.from_arrays(inputs, (inputs[:, 0] > shift).astype(int), seed=seed)


def second(seed):
    return first(seed, shift=1.0)


def widening(seed, rows=60):
    """One column more in every other split, as words of a category that only some training rows hold."""
    rng = np.random.default_rng(5)
    inputs = rng.normal(size=(rows, 3 + seed % 2))
    return ArraySource.from_arrays(inputs, (inputs[:, 0] > 0).astype(int), seed=seed)


class Bare:
    """A source without a digest."""

    def __init__(self, source):
        self.source = source
        self.schema = replace(source.schema, digest="")

    def batches(self, *words, **more):
        return self.source.batches(*words, **more)


def bare(seed, shift=0.0):
    return Bare(first(seed, shift=shift))


def untrained(seed):
    inputs, targets = np.arange(40.0)[:, None], np.arange(40) % 2
    split = Split({"validation": np.arange(20), "test": np.arange(20, 40)}, how="own")
    return ArraySource.from_arrays(inputs, targets, split=split)


class Declared(Bare):
    """A source that declares a training split without rows."""

    def __init__(self, source):
        super().__init__(source)
        self.schema = replace(source.schema, sizes={**source.schema.sizes, "train": 0})


def declared(seed):
    return Declared(first(seed))


def wide(input_shape):
    return nn.Sequential(nn.Flatten(), nn.Linear(20, 8))


def fitting(input_shape, width=5):
    return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(input_shape)), width))
