"""A data set and how its rows are divided, as a configuration chooses it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache, partial
from typing import Any

from qml.base.digest import canonical, digest
from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.data import CATALOGUE, TableFile, make_source, table_source
from qml.data.source import Source
from qml.data.table_file import stored_table
from qml.estimators.contents import catalogue_contents, source_contents
from qml.estimators.kept import KeptSource
from qml.estimators.options import Pairs, pairs
from qml.models.features import located
from qml.models.signature import Signature

GATES = ("off", "warn", "strict")
"""What is done about severe findings before the first fit: nothing, a line in the log, or an error."""
OF_THE_CATALOGUE = ("how", "test", "validation", "folds", "rows", "hold_out", "transforms", "root")

UNDECIDING = {"qml.data.stream.door:parquet_source": ("path", "workers", "verify")}
"""Maker of a source -> options that say where rows lie and how they are fetched, which decides no number."""


@dataclass(frozen=True)
class DataChoice:
    """A data set and how its rows are divided; see `qml.data.make_source`.

    Args:
        name: an entry of the catalogue, or a label of your own set.
        how: "auto", or another word of the data room.
        test, validation: shares of rows.
        folds: test on fold `seed % folds` of deal `seed // folds`; set by the terms of a comparison.
        rows: at most so many; None uses all.
        hold_out: whether validation rows are taken out of training; False where nothing is chosen on them.
        transforms: "auto" or "none".
        root: folder of Parquet sets; None reads `QML_DATA`.
        make: "package.module:name" of `(seed, **options) -> Source`, in place of the catalogue.
        options: its further arguments, as plain data.
        file: a table of yours, CSV or Parquet, in place of the catalogue.
        gate: "off", "warn" or "strict": whether the parts are checked before the first fit, and refused where a finding
            is severe. It changes no result, so it is no part of what tells runs apart.

    Raises:
        ConfigError: options that are no plain data, a choice that a source of your own does not listen to, or a file
            that bears the name of another set.
    """

    name: str
    how: str = "auto"
    test: float = 0.2
    validation: float = 0.2
    folds: int | None = None
    rows: int | None = None
    hold_out: bool = True
    transforms: str = "auto"
    root: str | None = None
    make: str | None = None
    options: Pairs = ()
    file: TableFile | None = None
    gate: str = "off"

    def __post_init__(self):
        if self.gate not in GATES:
            raise unknown("data.gate", self.gate, list(GATES))
        object.__setattr__(self, "options", pairs(self.options))
        if self.file is not None and (self.make or self.name in CATALOGUE):
            other = f"the data set {self.name!r} of the catalogue" if self.name in CATALOGUE else f"make={self.make}"
            raise ConfigError(
                f"data.file.path={self.file.path} was asked for beside {other}. Give it a data.name of its own."
            )
        try:
            canonical(self.options)
        except TypeError as error:
            raise ConfigError(f"data.options of {self.name!r} must be plain data: {error}.") from error
        defaults = {field.name: field.default for field in fields(self)}
        deaf = [name for name in OF_THE_CATALOGUE if self.make and getattr(self, name) != defaults[name]]
        if deaf:
            raise ConfigError(
                f"data.{deaf[0]}={getattr(self, deaf[0])} was asked for; data.make={self.make} builds the source, "
                f"and does not hear of it. Give it what it takes as data.options.{deaf[0]}."
            )

    def __hash__(self) -> int:
        return hash(digest(self))

    @classmethod
    def from_arrays(
        cls,
        inputs: Any,
        targets: Any,
        name: str,
        *,
        groups: Any = None,
        time: Any = None,
        task: str | None = None,
        categories: Sequence[str] = (),
        drop: Sequence[str] = (),
        folder: str = "results/data",
        **division: Any,
    ) -> DataChoice:
        """A set of your own arrays or of a DataFrame, kept as a file so that any process can read it again.

        Args:
            inputs: `(N, D)` numbers, a DataFrame, or a mapping of column name to `(N,)` values.
            targets: `(N,)`: words, truth values and whole numbers are classes, other numbers a number.
            name: what reports call it.
            groups: `(N,)` equal for rows that must stay together.
            time: `(N,)` sortable moments: the last rows test.
            task: "classes" or "number", where that is to be otherwise.
            categories: columns of numbers that are codes.
            drop: columns that are no features.
            folder: of the file, which is named by its contents.
            **division: of the rows: `how`, `test`, `validation`, `rows`, `transforms`.

        Raises:
            ConfigError: the name of a set of the catalogue, or a division that is not known.
            DataError: no table, or unequal lengths.

        Example:
            ```python
            data = DataChoice.from_arrays(X, y, "mine")
            print(qml.compare(["hybrid", "removed", "logistic"], data))
            ```
        """
        known = [key for key in OF_THE_CATALOGUE if key not in ("folds", "root")]
        for key in division:
            if key not in known:
                raise unknown("division of the rows", key, known)
        if name in CATALOGUE:
            raise ConfigError(f"{name!r} is a set of the catalogue. Give your arrays a name of their own.")
        file = stored_table(inputs, targets, name, folder, groups=groups, time=time, task=task, categories=categories)
        file = replace(file, drop=drop)
        file.table(name)  # what is wrong with the columns is said here, and not when a comparison begins
        return cls(name, file=file, **division)

    @property
    def split(self) -> str:
        """How rows are divided, in the words of a protocol."""
        how = f"by {self.make}" if self.make else self.how
        return how if self.hold_out else f"{how}, validation rows trained on as well"

    @property
    def division(self) -> dict[str, Any]:
        """How rows are divided, as arguments of `qml.data.divided`; the seed apart."""
        held_out = self.validation if self.hold_out else 0.0
        return {"how": self.how, "test": self.test, "validation": held_out, "folds": self.folds, "rows": self.rows}

    @property
    def deciding_options(self) -> Pairs:
        """Those of `options` that decide which rows are seen and in what order."""
        return tuple(pair for pair in self.options if pair[0] not in UNDECIDING.get(self.make or "", ()))

    def terms(self, seed: int) -> tuple[tuple[str, str], ...]:
        """Which rows are seen and how, beyond what a protocol says in words of its own; the same in every folder.

        Args:
            seed: of the source by which a set of your own is told from others; one of the catalogue needs none.

        Returns:
            Pairs of a name and its text: transforms, make, options, and a digest of the contents.

        Raises:
            ConfigError: no set of that name.
            DataError: the set is missing.
        """
        if self.file is not None:
            contents = self.file.contents
        elif self.make is None and self.name in CATALOGUE:
            contents = catalogue_contents(self.name, self.root)
        else:
            contents = source_contents(self.source(seed))
        options = json.dumps(canonical(dict(self.deciding_options)), sort_keys=True)
        found = {"transforms": self.transforms, "make": self.make or "", "options": options, "contents": contents}
        return tuple(found.items())

    def check_choosing(self, chosen: Mapping[str, Any]) -> None:
        """Refuse choices on validation rows that are trained on.

        Args:
            chosen: key -> value of what is chosen on validation rows.

        Raises:
            ConfigError: `hold_out` is False, and something is chosen.
        """
        if self.hold_out or not chosen:
            return
        key, value = next(iter(chosen.items()))
        raise ConfigError(
            f"{key}={value} was asked for with data.hold_out=false; it would choose on validation rows that were "
            f"trained on, where whatever learns rows by heart wins. Leave {key} out, or set data.hold_out=true."
        )

    def source(self, seed: int) -> Source:
        """The rows with their splits; asked again for the same seed it gives the same object.

        Raises:
            ConfigError: no set of that name.
            DataError: the set is missing, corrupt or holds values that training cannot use.
        """
        return _source(self, seed)


@lru_cache(maxsize=1)
def _source(choice: DataChoice, seed: int) -> Source:
    if choice.make:
        return located(choice.make)(seed, **dict(choice.options))
    own = choice.file
    make = partial(make_source, choice.name, root=choice.root)
    if own is not None:
        make = partial(table_source, own.table(choice.name), own.about)
    source = make(seed=seed, transforms=None if choice.transforms == "none" else choice.transforms, **choice.division)
    return source if choice.hold_out else KeptSource(source, choice.validation, seed)


def signature_of(source: Source) -> Signature:
    """What a model must fit to learn from `source`.

    Raises:
        ConfigError: the source has no target.
    """
    target = source.schema.target
    if target is None:
        raise ConfigError(f"{source.schema.name!r} has no target to learn. Choose a labelled data set.")
    n_outputs = target.n_classes if target.kind == "classes" else 1
    return Signature(source.schema.input_shape, n_outputs, target.kind)
