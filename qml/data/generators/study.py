"""The sets of a published comparison, by their published names: the same bytes as its files.

Bowles, Ahmed and Schuld, "Better than classical?", arXiv:2403.07059. Each family is one stream of NumPy's legacy
generator from which set follows set, so that a set can only be made after those before it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from qml.base.bounds import check_number, check_whole
from qml.base.errors import ConfigError
from qml.base.registry import Registry, unknown
from qml.data.arrays import ArraySource
from qml.data.generators.bars import bars_and_stripes
from qml.data.generators.curves import two_curves
from qml.data.generators.hyperplanes import hyperplanes_parity
from qml.data.generators.labelled import Labelled
from qml.data.generators.linear import linearly_separable
from qml.data.generators.manifold import hidden_manifold
from qml.data.opening import open_table
from qml.data.source import Target
from qml.data.splits import Split, stratified
from qml.data.table import PARTS

ROWS, TEST_ROWS = 300, 60
SIZES = range(2, 21)  # of what a benchmark varies: columns, dimensions, degrees or planes
SIDES = (4, 8, 16, 32)  # pixels of a side
NAMES = {  # benchmark -> names of its files
    "linearly_separable": "linearly_separable_{}d",
    "hidden_manifold": "hidden_manifold-6manifold-{}d",
    "hidden_manifold_diff": "hidden_manifold-10d-{}manifold",
    "two_curves": "two_curves-5degree-0.1offset-{}d",
    "two_curves_diff": "two_curves-10d-{}degree",
    "hyperplanes_diff": "hyperplanes-10d-from3d-{}n",
    "bars_and_stripes": "bars_and_stripes_{0}_x_{0}_0.5noise",
}


@dataclass(frozen=True, eq=False)
class Published:
    """One set of the comparison: its training and its test rows, in their published order.

    Args:
        variant: name of its files without the ending, such as "hidden_manifold-6manifold-10d".
        benchmark: the series it belongs to, such as "hidden_manifold".
        train: rows that models learn from.
        test: rows that they are scored on.
    """

    variant: str
    benchmark: str
    train: Labelled
    test: Labelled

    def csv(self, part: str) -> bytes:
        """The published file of "train" or "test": columns, then the label, 19 digits each."""
        rows = {"train": self.train, "test": self.test}[part]
        buffer = io.BytesIO()
        np.savetxt(buffer, np.c_[rows.inputs_ND.reshape(len(rows), -1), rows.labels_N], delimiter=",")
        return buffer.getvalue()


@dataclass(frozen=True)
class Family:
    """Sets that are drawn one after another from one seed.

    Args:
        benchmarks: the series that it draws, in order.
        sizes: of what each of them varies, in order.
        sets: draws them, one by one.
    """

    benchmarks: tuple[str, ...]
    sizes: Sequence[int]
    sets: Callable[[], Iterator[Published]]

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the sets in the order of the draws."""
        return tuple(NAMES[benchmark].format(size) for benchmark in self.benchmarks for size in self.sizes)


FAMILIES: Registry[Family] = Registry("published family")
"""The generated sets by family; `mnist_pca` cannot be generated, see `qml.data.generators.mnist_pca`."""

SHIPPED = {"mnist_3-5_10d": "qml_benchmarks/mnist_pca", "mnist_3-5_10d-250": "qml_benchmarks/mnist_pca_small"}
"""Sets that are not regenerable, kept below the data root: variant -> name in the catalogue."""


def published(variant: str, root: str | Path | None = None) -> Published:
    """A set of the comparison by its published name.

    Args:
        variant: a name of `FAMILIES[...].variants`, or of the sets that are kept below the data root.
        root: the data root for the latter; None reads `QML_DATA`.

    Raises:
        ConfigError: no such set.
        DataError: it is one that is kept, and is not there.

    Example:
        >>> found = published("linearly_separable_3d")
        >>> found.train.inputs_ND.shape, len(found.test), found.benchmark
        ((240, 3), 60, 'linearly_separable')
    """
    if variant in SHIPPED:
        return _kept(variant, root)
    for family in FAMILIES.values():
        if variant in family.variants:
            return _drawn(family, variant)
    known = [*SHIPPED, *(name for family in FAMILIES.values() for name in family.variants)]
    raise unknown("published set", variant, known)


def study_source(
    seed: int = 0,
    variant: str = "linearly_separable_10d",
    *,
    validation: float = 0.0,
    precision: str = "float32",
    root: str | None = None,
) -> ArraySource:
    """A published set as a Source, in its published split; `data.make` of a recipe may name this function.

    Args:
        seed: of the validation part; the sets themselves are what they are.
        variant: see `published`.
        validation: share of the training rows to hold out; 0 trains on all of them, as the comparison did.
        precision: "float32", or "float64" for the published digits (kernels then work in it; torch models do not).
        root: the data root for sets that are kept.

    Raises:
        ConfigError: no such set or precision, or a seed or share that is none.

    Example:
        >>> study_source(variant="linearly_separable_3d").schema.sizes
        {'train': 240, 'test': 60}
    """
    check_whole("study_source", 0, seed=seed)
    check_number("study_source", least=0, validation=validation)
    if precision not in ("float32", "float64"):
        raise ConfigError(f"precision={precision!r} is not known. Known: 'float32', 'float64'.")
    found = published(variant, root)
    inputs = np.concatenate([found.train.inputs_ND, found.test.inputs_ND]).astype(precision)
    targets = (np.concatenate([found.train.labels_N, found.test.labels_N]) > 0).astype(np.int64)
    n_train = len(found.train)
    parts = {"train": np.arange(n_train)}
    if validation:
        parts = dict(stratified(targets[:n_train], test=0.0, validation=validation, seed=seed).parts)
    parts["test"] = np.arange(n_train, len(targets))
    split = Split(parts, how="as published")
    target = Target("label", "classes", ("-1", "1"))
    return ArraySource.of_parts(variant, inputs, target, targets, split, info={"benchmark": found.benchmark})


@lru_cache(maxsize=64)
def _drawn(family: Family, variant: str) -> Published:
    return next(found for found in family.sets() if found.variant == variant)


def _kept(variant: str, root: str | Path | None) -> Published:
    table = open_table(SHIPPED[variant], root)
    inputs = np.stack([np.asarray(table[column.name], np.float64) for column in table.of_kind("number")], axis=1)
    if table.targets is None or table.official is None:
        raise ConfigError(f"{SHIPPED[variant]!r} has no labels or no published split; it is not that of the catalogue.")
    rows = Labelled(inputs, np.where(table.targets > 0, 1, -1))
    train, test = (rows.taken(np.flatnonzero(table.official == PARTS.index(part))) for part in ("train", "test"))
    return Published(variant, "mnist_pca-" if variant.endswith("-250") else "mnist_pca", train, test)


def _parted(random: np.random.RandomState, benchmark: str, size: int, rows: Labelled) -> Published:
    """The next permutation of the stream deals the rows out: a fifth to test, the others to training."""
    order = random.permutation(len(rows))
    return Published(
        NAMES[benchmark].format(size), benchmark, rows.taken(order[TEST_ROWS:]), rows.taken(order[:TEST_ROWS])
    )


def _linear() -> Iterator[Published]:
    random = np.random.RandomState(42)
    for size in SIZES:
        yield _parted(random, "linearly_separable", size, linearly_separable(random, ROWS, size, 0.02 * size))


def _manifold() -> Iterator[Published]:
    random = np.random.RandomState(3)
    for size in SIZES:
        yield _parted(random, "hidden_manifold", size, hidden_manifold(random, ROWS, size, 6))
    for size in SIZES:
        yield _parted(random, "hidden_manifold_diff", size, hidden_manifold(random, ROWS, 10, size))


def _curves() -> Iterator[Published]:
    random = np.random.RandomState(3)
    for size in SIZES:
        yield _parted(random, "two_curves", size, two_curves(random, ROWS, size, 5, 0.1, 0.01))
    for size in SIZES:
        yield _parted(random, "two_curves_diff", size, two_curves(random, ROWS, 10, size, 1 / (2 * size), 0.01))


def _planes() -> Iterator[Published]:
    random = np.random.RandomState(1)
    for size in SIZES:
        yield _parted(random, "hyperplanes_diff", size, hyperplanes_parity(random, ROWS, 10, size, 3))


def _bars() -> Iterator[Published]:
    for side in SIDES:
        random = np.random.RandomState(42)
        train, test = (bars_and_stripes(random, rows, side, 0.5, stripes=-1) for rows in (1000, 200))
        yield Published(NAMES["bars_and_stripes"].format(side), "bars_and_stripes", train, test)


FAMILIES.add("linearly_separable", Family(("linearly_separable",), SIZES, _linear))
FAMILIES.add("hidden_manifold", Family(("hidden_manifold", "hidden_manifold_diff"), SIZES, _manifold))
FAMILIES.add("two_curves", Family(("two_curves", "two_curves_diff"), SIZES, _curves))
FAMILIES.add("hyperplanes", Family(("hyperplanes_diff",), SIZES, _planes))
FAMILIES.add("bars_and_stripes", Family(("bars_and_stripes",), SIDES, _bars))
