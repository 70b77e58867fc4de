"""Fair parts of the rows: stratified, by group, by time, as published, or in folds; they never overlap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.base.seeds import generator
from qml.data.table import PARTS, share

CANDIDATES = 32
"""Group splits drawn before the one with the nearest class shares is kept."""


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers by part, each sorted; a row is in one part at most.

    Args:
        parts: such as `{"train": ..., "validation": ..., "test": ...}`, each `(n,)` int64.
        how: in a word, how it was made.

    Raises:
        DataError: a row is in two parts, twice in one, or a part has no row.

    Example:
        >>> split = Split({"train": np.arange(8), "test": np.arange(8, 10)}, how="by hand")
        >>> split.sizes()
        {'train': 8, 'test': 2}
    """

    parts: Mapping[str, np.ndarray]
    how: str

    def __post_init__(self):
        parts = {name: np.sort(np.asarray(rows, np.int64)) for name, rows in self.parts.items()}
        object.__setattr__(self, "parts", parts)
        for name, rows in parts.items():
            if not len(rows):
                raise DataError(
                    f"the {name} part of the split ({self.how}) has no row. Give it a larger share, "
                    f"or more data: the parts have {self.sizes()} rows."
                )
        _refuse_overlap(parts)

    def __getitem__(self, part: str) -> np.ndarray:
        return self.parts[part]

    def sizes(self) -> dict[str, int]:
        """Rows of each part."""
        return {name: len(rows) for name, rows in self.parts.items()}

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(later part, earlier part) for each two parts.

        Example:
            >>> Split({"train": np.arange(2), "validation": np.array([2]), "test": np.array([3])}, "by hand").pairs
            (('validation', 'train'), ('test', 'train'), ('test', 'validation'))
        """
        names = list(self.parts)
        return tuple((later, earlier) for place, later in enumerate(names) for earlier in names[:place])

    def with_train(self, rows: np.ndarray) -> Split:
        """The same split with another training part: `(N,)` row numbers."""
        return Split({**self.parts, "train": rows}, self.how)


def _refuse_overlap(parts: Mapping[str, np.ndarray]) -> None:
    """Raise where a row number occurs twice."""
    everything = np.concatenate(list(parts.values()))
    numbers, counts = np.unique(everything, return_counts=True)
    twice = numbers[counts > 1]
    if len(twice):
        where = {name: int(np.isin(rows, twice).sum()) for name, rows in parts.items()}
        raise DataError(
            f"a split must not use a row twice, but {len(twice)} rows occur again (first: row {twice[0]}; "
            f"by part: {where}). Take them out of all parts but one."
        )


def _checked(test: float, validation: float) -> tuple[float, float]:
    """Both shares, checked; something must be left for training."""
    test, validation = share(test, "test"), share(validation, "validation")
    if test + validation >= 1:
        raise DataError(f"test={test} and validation={validation} leave nothing to train on. Keep their sum below 1.")
    return test, validation


def _named(parts: Mapping[str, np.ndarray], how: str, test: float, validation: float) -> Split:
    """A Split without the parts that were given no share."""
    shares = {"train": 1.0, "validation": validation, "test": test}
    return Split({name: rows for name, rows in parts.items() if shares[name] > 0}, how)


def stratified(
    targets: np.ndarray, *, test: float = 0.2, validation: float = 0.2, seed: int = 0, labels: tuple[str, ...] = ()
) -> Split:
    """A random split in which every part has the class shares of the whole.

    Args:
        targets: `(N,)` integer classes.
        test: share of all rows.
        validation: share of all rows.
        seed: of the draw.
        labels: names of the classes, for errors.

    Returns:
        Parts "train", "validation" and "test"; a part with share 0 is absent.

    Raises:
        DataError: a class has fewer rows than there are parts.

    Example:
        >>> split = stratified(np.repeat([0, 1], 50), test=0.2, validation=0.2)
        >>> split.sizes()
        {'train': 60, 'validation': 20, 'test': 20}
    """
    test, validation = _checked(test, validation)
    if not len(targets):
        raise DataError("a stratified split of no rows was asked for. Give at least one row a class and part.")
    wanted = 1 + (test > 0) + (validation > 0)
    rng = generator(seed, "split", "stratified")
    parts: dict[str, list[np.ndarray]] = {name: [] for name in PARTS}
    for label in np.unique(targets):
        rows = np.flatnonzero(targets == label)
        if len(rows) < wanted:
            name = repr(labels[label]) if 0 <= label < len(labels) else str(label)
            raise DataError(
                f"a stratified split into {wanted} parts needs {wanted} rows of every class; class {name} has "
                f"{len(rows)}. Join it with another class, leave it out, or split with how='random'."
            )
        _deal(rng.permutation(rows), test, validation, parts)
    return _named({name: np.concatenate(rows) for name, rows in parts.items()}, "stratified", test, validation)


def _deal(rows: np.ndarray, test: float, validation: float, parts: dict[str, list[np.ndarray]]) -> None:
    """Add shuffled `rows` of one class to the parts; each part with a share gets at least one."""
    n_test = max(round(test * len(rows)), 1) if test else 0
    n_validation = max(round(validation * len(rows)), 1) if validation else 0
    if n_test + n_validation >= len(rows):
        n_test, n_validation = min(n_test, 1), min(n_validation, 1)
    parts["test"].append(rows[:n_test])
    parts["validation"].append(rows[n_test : n_test + n_validation])
    parts["train"].append(rows[n_test + n_validation :])


def at_random(n_rows: int, *, test: float = 0.2, validation: float = 0.2, seed: int = 0) -> Split:
    """A random split that looks at nothing.

    Do not use it where rows of one patient, one moment or one drive are alike: see `by_group` and `by_time`.

    Raises:
        DataError: a part would be empty.
    """
    test, validation = _checked(test, validation)
    rows = generator(seed, "split", "random").permutation(n_rows)
    n_test, n_validation = round(test * n_rows), round(validation * n_rows)
    parts = {
        "train": rows[n_test + n_validation :],
        "validation": rows[n_test : n_test + n_validation],
        "test": rows[:n_test],
    }
    return _named(parts, "random", test, validation)


def by_group(
    groups: np.ndarray,
    targets: np.ndarray | None = None,
    *,
    test: float = 0.2,
    validation: float = 0.2,
    seed: int = 0,
) -> Split:
    """A random split that never parts the rows of one group.

    Of 32 draws the one nearest in sizes, and in class shares to the whole, is kept, by the seed alone.

    Args:
        groups: `(N,)` equal for rows that belong together (a patient, a gene).
        targets: `(N,)` integer classes whose shares should be even, or None.
        test: share of all rows, met as nearly as whole groups allow.
        validation: share of all rows.
        seed: of the draws.

    Raises:
        DataError: fewer groups than parts.
    """
    test, validation = _checked(test, validation)
    codes = np.unique(groups, return_inverse=True)[1]
    n_groups, wanted = int(codes.max(initial=-1)) + 1, 1 + (test > 0) + (validation > 0)
    if n_groups < wanted:
        raise DataError(
            f"a split by group into {wanted} parts needs {wanted} groups; there are {n_groups}. Give other shares."
        )
    table_GC = _group_counts(codes, n_groups, targets)
    rng = generator(seed, "split", "group")
    drawn = [_draw_groups(rng, table_GC.sum(1), test, validation) for _ in range(CANDIDATES)]
    whole = [part_of for part_of in drawn if len(np.unique(part_of)) == wanted]
    whole = whole or [_smallest_groups(table_GC.sum(1), test, validation)]
    wished = np.array([1 - test - validation, validation, test])
    best = min(whole, key=lambda part_of: _unevenness(part_of, table_GC, wished))
    part_of_row = best[codes]
    parts = {name: np.flatnonzero(part_of_row == number) for number, name in enumerate(PARTS)}
    return _named(parts, "by group", test, validation)


def _group_counts(codes: np.ndarray, n_groups: int, targets: np.ndarray | None) -> np.ndarray:
    """`(G, C)` rows of each class in each group; one column without classes."""
    classes = np.zeros(len(codes), np.int64) if targets is None else np.unique(targets, return_inverse=True)[1]
    n_classes = int(classes.max()) + 1
    return np.bincount(codes * n_classes + classes, minlength=n_groups * n_classes).reshape(n_groups, n_classes)


def _draw_groups(rng: np.random.Generator, sizes: np.ndarray, test: float, validation: float) -> np.ndarray:
    """`(G,)` the part of each group: shuffled groups fill test, then validation, then train."""
    order = rng.permutation(len(sizes))
    middle = np.cumsum(sizes[order]) - sizes[order] / 2
    part_of = np.zeros(len(sizes), np.int64)
    for number, start, wanted in ((2, 0.0, test), (1, test, validation)):
        inside = (middle >= start * sizes.sum()) & (middle < (start + wanted) * sizes.sum())
        part_of[order[inside]] = number
    return part_of


def _smallest_groups(sizes: np.ndarray, test: float, validation: float) -> np.ndarray:
    """`(G,)` the part of each group where large groups swallow whole shares: one small group a part."""
    part_of = np.zeros(len(sizes), np.int64)
    numbers = [number for number, wanted in ((2, test), (1, validation)) if wanted]
    part_of[np.argsort(sizes, kind="stable")[: len(numbers)]] = numbers
    return part_of


def _unevenness(part_of: np.ndarray, table_GC: np.ndarray, wished: np.ndarray) -> float:
    """How far sizes are from the wished shares, and class shares from those of the whole; an absent class costs one."""
    whole = table_GC.sum(0) / table_GC.sum()
    sizes = np.bincount(part_of, weights=table_GC.sum(1), minlength=3)
    total = float(np.abs(sizes / sizes.sum() - wished).sum())
    for number in np.unique(part_of):
        counts = table_GC[part_of == number].sum(0)
        total += float(np.abs(counts / counts.sum() - whole).sum() + (counts == 0).sum())
    return total


def by_time(time: np.ndarray, *, test: float = 0.2, validation: float = 0.2, cut: Any = None) -> Split:
    """The past trains, the next stretch validates, the last tests; rows of one moment stay together.

    Args:
        time: `(N,)` sortable moments, in any order.
        test: share of all rows at the end.
        validation: share of all rows just before it.
        cut: the first moment of the test part; then `test` is not used.

    Raises:
        DataError: a part would be empty.

    Example:
        >>> split = by_time(np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]), test=0.2, validation=0.2)
        >>> split["test"], split["validation"]
        (array([8, 9]), array([6, 7]))
    """
    test, validation = _checked(test, validation)
    ordered = np.sort(time)
    in_test = np.zeros(len(time), bool)
    if cut is not None:
        in_test, test = time >= cut, 1.0
    elif test:
        in_test = time >= _moment(ordered, 1 - test)
    in_validation = np.zeros(len(time), bool)
    if validation:
        before = np.sort(time[~in_test])
        wanted = validation * len(time) / max(len(before), 1) if cut is None else validation
        in_validation = ~in_test & (time >= _moment(before, 1 - wanted))
    parts = {
        "train": np.flatnonzero(~in_test & ~in_validation),
        "validation": np.flatnonzero(in_validation),
        "test": np.flatnonzero(in_test),
    }
    return _named(parts, "by time", test, validation)


def _moment(ordered: np.ndarray, position: float) -> Any:
    """The moment at a share of the sorted rows."""
    if not len(ordered):
        raise DataError("a split by time has no row before the cut. Give a later cut or a smaller share.")
    return ordered[min(round(position * len(ordered)), len(ordered) - 1)]


def folds(targets: np.ndarray, k: int = 5, repeats: int = 1, seed: int = 0) -> Iterator[Split]:
    """Repeated stratified k-fold: `k * repeats` splits into "train" and "test".

    Within one repeat each row is tested once.

    Args:
        targets: `(N,)` integer classes.
        k: folds.
        repeats: how often the rows are dealt anew.
        seed: of the deals.

    Raises:
        DataError: `k` is below 2 or a class has fewer than `k` rows.

    Example:
        >>> tested = [split["test"] for split in folds(np.repeat([0, 1], 10), k=5)]
        >>> len(tested), sorted(np.concatenate(tested).tolist()) == list(range(20))
        (5, True)
    """
    if k < 2:
        raise DataError(f"k-fold needs k >= 2; got k={k}.")
    classes, counts = np.unique(targets, return_counts=True)
    if counts.min(initial=k) < k:
        rare = classes[counts.argmin()]
        raise DataError(
            f"{k}-fold needs {k} rows of every class; class {rare} has {counts.min()}. "
            f"Take a smaller k or join classes."
        )
    for repeat in range(repeats):
        rng = generator(seed, "folds", repeat)
        fold_of = np.empty(len(targets), np.int64)
        dealt = 0
        for label in classes:
            rows = rng.permutation(np.flatnonzero(targets == label))
            fold_of[rows] = (np.arange(len(rows)) + dealt) % k
            dealt += len(rows)
        for fold in range(k):
            yield Split(
                {"train": np.flatnonzero(fold_of != fold), "test": np.flatnonzero(fold_of == fold)},
                f"fold {fold + 1} of {k}, repeat {repeat + 1} of {repeats}",
            )


def one_fold(
    targets: np.ndarray | None,
    n_rows: int,
    *,
    k: int,
    seed: int,
    validation: float = 0.2,
    labels: tuple[str, ...] = (),
) -> Split:
    """The split of one seed of a repeated stratified k-fold: fold `seed % k` of deal `seed // k` is tested.

    So `k` seeds from a multiple of `k` on test every row exactly once. The validation part is drawn from the other
    folds, anew for every seed.

    Args:
        targets: `(N,)` integer classes, or None to deal at random.
        n_rows: N.
        k: folds.
        seed: which deal and fold.
        validation: share of all rows; 0 for none.
        labels: names of the classes, for errors.

    Raises:
        DataError: fewer than two folds, a class with fewer rows than folds, or no row left for training.

    Example:
        >>> classes = np.repeat([0, 1], 20)
        >>> tested = [one_fold(classes, 40, k=4, seed=seed)["test"] for seed in range(4, 8)]
        >>> sorted(np.concatenate(tested).tolist()) == list(range(40))
        True
    """
    if n_rows < k:
        raise DataError(f"{k}-fold needs at least {k} rows; there are {n_rows}. Take fewer folds.")
    _checked(1 / max(k, 1), validation)
    classes = np.zeros(n_rows, np.int64) if targets is None else targets
    deal = next(islice(folds(classes, k, seed=seed // k), seed % k, None))
    how = f"fold {seed % k + 1} of {k}, deal {seed // k + 1}"
    if not validation:
        return Split(deal.parts, how)
    rest, share_of_rest = deal["train"], validation * n_rows / len(deal["train"])
    if targets is None:
        carved = at_random(len(rest), test=0.0, validation=share_of_rest, seed=seed)
    else:
        carved = stratified(targets[rest], test=0.0, validation=share_of_rest, seed=seed, labels=labels)
    parts = {part: rest[places] for part, places in carved.parts.items()}
    return Split({**parts, "test": deal["test"]}, how)


def nested_subset(rows: np.ndarray, targets: np.ndarray | None, size: int, seed: int = 0) -> np.ndarray:
    """`size` of the `rows`, stratified; a smaller subset of the same seed lies within a larger one.

    Args:
        rows: `(n,)` row numbers to choose from.
        targets: `(n,)` integer classes of these rows, or None to choose at random.
        size: how many; at least one a class.
        seed: of the draw.

    Raises:
        DataError: more rows than there are, or fewer than there are classes.

    Example:
        >>> classes = np.repeat([0, 1], 50)
        >>> small, large = (nested_subset(np.arange(100), classes, n) for n in (10, 40))
        >>> len(large), set(small) <= set(large), int(classes[small].sum())
        (40, True, 5)
    """
    if not 0 < size <= len(rows):
        raise DataError(f"rows={size} was asked of a training part of {len(rows)} rows. Give 1 to {len(rows)}.")
    shuffled = generator(seed, "subset").permutation(len(rows))
    if targets is None:
        return np.sort(rows[shuffled[:size]])
    classes, codes, counts = np.unique(targets[shuffled], return_inverse=True, return_counts=True)
    if size < len(classes):
        raise DataError(f"rows={size} cannot hold the {len(classes)} classes of the training part. Ask for more.")
    by_class = np.argsort(codes, kind="stable")
    place = np.empty(len(rows), np.float64)
    place[by_class] = np.concatenate([np.arange(count) / count for count in counts])  # 0 for the first of each class
    return np.sort(rows[shuffled[np.argsort(place, kind="stable")[:size]]])
