"""What a configuration chooses, as values that make the objects of the other rooms: data, training, backend, terms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache, partial
from typing import Any

from qml.base.digest import canonical, digest
from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.bench.balance import fitting_rank
from qml.bench.chance import constant_answer
from qml.bench.protocol import CONTRASTS, HOLDOUT, Protocol
from qml.data import CATALOGUE, TableFile, make_source, table_source
from qml.data.source import Source, Target
from qml.data.table_file import stored_table
from qml.estimators.contents import catalogue_contents, source_contents
from qml.estimators.kept import KeptSource
from qml.learn.fit import Budget
from qml.learn.plateau import Plateau
from qml.learn.supervised import Supervised
from qml.models.features import located
from qml.models.signature import Signature

Pairs = tuple[tuple[str, Any], ...]
OF_THE_CATALOGUE = ("how", "test", "validation", "folds", "rows", "hold_out", "transforms", "root")


def pairs(options: Mapping[str, Any] | Pairs) -> Pairs:
    """Options as a sorted tuple, so that what holds them is hashable."""
    items = options.items() if isinstance(options, Mapping) else options
    return tuple(sorted((str(key), value) for key, value in items))


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

    def __post_init__(self):
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
        return cls(name, file=file, **division)

    @property
    def split(self) -> str:
        """How rows are divided, in the words of a protocol."""
        how = f"by {self.make}" if self.make else self.how
        return how if self.hold_out else f"{how}, validation rows trained on as well"

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
        options = json.dumps(canonical(dict(self.options)), sort_keys=True)
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
    source = make(
        how=choice.how,
        seed=seed,
        test=choice.test,
        validation=choice.validation if choice.hold_out else 0.0,
        folds=choice.folds,
        rows=choice.rows,
        transforms=None if choice.transforms == "none" else choice.transforms,
    )
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


@dataclass(frozen=True)
class Training:
    """How models that learn by steps are trained; one value for hybrids, controls and networks alike.

    Args:
        batch_size: rows an update.
        learning_rate: of all classical weights.
        circuit_learning_rate: of circuit weights, and of the block in a twin; None takes `learning_rate`.
        weight_decay: L2 on classical weights, decoupled with "adamw".
        optimiser: "adam", "adamw" or "sgd".
        schedule: "constant", "cosine" or "onecycle" over the whole budget.
        clip: bound on the norm of the gradient; None leaves it.
        class_weights: None or "balanced".
        checkpoint_every_s: wall seconds between checkpoints; None writes one at the end only. It changes no result.
        batches: "shuffled" goes over all rows once a pass; "resampled" draws each batch with replacement; "pairs" draws
            rows of two classes in equal number.
        plateau: stop when the mean loss of so many updates is that of as many before, see `qml.learn.Plateau`; None
            never looks.
        max_steps: updates; with a plateau, a fit that needs more has failed.
        search: setting -> choices, tried where a protocol gives more than one trial.

    Raises:
        ConfigError: a rate or time that is not positive, or a searched setting that is none of these.
    """

    batch_size: int = 32
    learning_rate: float = 0.01
    circuit_learning_rate: float | None = None
    weight_decay: float = 0.0
    optimiser: str = "adam"
    schedule: str = "constant"
    clip: float | None = None
    class_weights: str | None = None
    checkpoint_every_s: float | None = field(default=30.0, compare=False)
    batches: str = "shuffled"
    plateau: int | None = None
    max_steps: int | None = None
    search: Mapping[str, tuple[Any, ...]] = field(default_factory=dict, compare=False, hash=False)

    def __post_init__(self):
        object.__setattr__(self, "search", {str(key): tuple(value) for key, value in self.search.items()})
        for name in POSITIVE:
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"training.{name} is {value}; it must be above 0. Change training.{name}.")
        for key in self.search:
            if key not in SEARCHED:
                raise unknown("setting of training.search", key, list(SEARCHED))

    @property
    def circuit_rate(self) -> float:
        """Learning rate of circuit weights."""
        return self.learning_rate if self.circuit_learning_rate is None else self.circuit_learning_rate

    def within(self, budget: Budget) -> Budget:
        """`budget`, and the bounds of this training."""
        steps = [bound for bound in (budget.steps, self.max_steps) if bound is not None]
        plateau = budget.plateau if self.plateau is None else Plateau(self.plateau)
        return replace(budget, steps=min(steps, default=None), plateau=plateau)

    def task(self, target: Target) -> Supervised:
        """What is learnt: classes or a number."""
        weights = "balanced" if self.class_weights == "balanced" else None
        if self.class_weights not in (None, "balanced"):
            raise unknown("training.class_weights", self.class_weights, ["balanced", "null"])
        return Supervised(target, class_weights=weights)


POSITIVE = ("learning_rate", "circuit_learning_rate", "batch_size", "checkpoint_every_s", "plateau", "max_steps")
DRAWS = ("shuffled", "resampled", "pairs")
SEARCHED = ("batch_size", "learning_rate", "circuit_learning_rate", "weight_decay", "clip")


@dataclass(frozen=True)
class Backend:
    """Who runs circuits: an executor by name, or one of your own.

    Args:
        executor: an entry of `qml.backends.EXECUTORS`; a mere label when `make` is given.
        make: "package.module:name" of `(**options) -> Executor`.
        options: its arguments.
    """

    executor: str = "engine_cpu"
    make: str | None = None
    options: Pairs = ()

    def __post_init__(self):
        object.__setattr__(self, "options", pairs(self.options))

    def resolve(self) -> Any:
        """The name of a registered executor, or an Executor of your own.

        Raises:
            ConfigError: no executor of that name.
        """
        if self.make:
            return located(self.make)(**dict(self.options))
        from qml.backends import EXECUTORS

        if self.executor not in EXECUTORS:
            raise unknown("backend.executor", self.executor, list(EXECUTORS))
        return self.executor


@dataclass(frozen=True)
class Terms:
    """The terms of a comparison that do not depend on the data; with the data they make a `Protocol`.

    See `qml.bench.Protocol` for each. `rank="auto"` is r2 for numbers; for classes it follows from their shares among
    the training rows of the first seed, see `qml.bench.balance.fitting_rank`.
    """

    name: str
    title: str = ""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    folds: int | None = None
    inner: int | str = HOLDOUT
    sampler: str = "random"
    trials: int = 1
    epochs: int = 20
    cpu_s: float | None = None
    patience: int | None = None
    rank: str = "auto"
    metrics: tuple[str, ...] = ()
    rope: float = 0.01
    rows_curve: tuple[float, ...] = ()
    contrasts: tuple[tuple[str, str], ...] | None = None
    floors: Mapping[str, float] = field(default_factory=dict)

    def divided(self, data: DataChoice) -> DataChoice:
        """The data as these terms divide them: in folds, where they say so.

        Raises:
            ConfigError: folds of a source of your own, which divides its rows by itself.
        """
        return data if self.folds is None else replace(data, folds=self.folds)

    @property
    def chosen(self) -> dict[str, Any]:
        """Terms by which something is chosen on validation rows."""
        found: dict[str, Any] = {"protocol.trials": self.trials} if self.trials > 1 else {}
        return found if self.patience is None else {**found, "protocol.patience": self.patience}

    def check(self) -> None:
        """Refuse what cannot be meant on any data, before a row is read.

        Raises:
            ConfigError: a term is of another kind or out of range.
        """
        rank = "accuracy" if self.rank == "auto" else self.rank  # as those that are fitting, it is at most 1
        Protocol(data="any", rank=rank, **self._of_any_data)

    @property
    def _of_any_data(self) -> dict[str, Any]:
        """What a Protocol says of no data."""
        return {
            "name": self.name,
            "title": self.title,
            "seeds": tuple(self.seeds) if isinstance(self.seeds, range) else self.seeds,
            "folds": self.folds,
            "inner": self.inner,
            "sampler": self.sampler,
            "trials": self.trials,
            "epochs": self.epochs,
            "cpu_s": self.cpu_s,
            "patience": self.patience,
            "metrics": self.metrics,
            "rope": self.rope,
            "rows_curve": self.rows_curve,
            "contrasts": CONTRASTS if self.contrasts is None else self.contrasts,
            "floors": tuple(sorted(self.floors.items())),
        }

    def _fitting(self, data: DataChoice, signature: Signature) -> str:
        """The metric that fits the target, by the training rows of the first seed."""
        if signature.kind != "classes":
            return "r2"
        return fitting_rank(constant_answer(data.source(self.seeds[0])))

    def protocol(self, data: DataChoice, signature: Signature) -> Protocol:
        """The Protocol on this data.

        Raises:
            ConfigError: a term cannot be meant.
        """
        data = self.divided(data)
        return Protocol(
            data=data.name,
            split=data.split,
            test=data.test,
            validation=data.validation,
            rows=data.rows,
            source=data.terms(self.seeds[0]) if self.seeds else (),
            rank=self._fitting(data, signature) if self.rank == "auto" else self.rank,
            **self._of_any_data,
        )
