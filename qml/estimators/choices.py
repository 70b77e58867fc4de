"""What a configuration chooses, as values that make the objects of the other rooms: data, training, backend, terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.bench.protocol import CONTRASTS, Protocol
from qml.data.source import Source, Target
from qml.estimators.kept import KeptSource
from qml.learn.supervised import Supervised
from qml.models.features import located
from qml.models.signature import Signature

Pairs = tuple[tuple[str, Any], ...]


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
        rows: at most so many; None uses all.
        hold_out: whether validation rows are taken out of training; False where nothing is chosen on them.
        transforms: "auto" or "none".
        root: folder of Parquet sets; None reads `QML_DATA`.
        make: "package.module:name" of `(seed, **options) -> Source`, in place of the catalogue.
        options: its further arguments.
    """

    name: str
    how: str = "auto"
    test: float = 0.2
    validation: float = 0.2
    rows: int | None = None
    hold_out: bool = True
    transforms: str = "auto"
    root: str | None = None
    make: str | None = None
    options: Pairs = ()

    def __post_init__(self):
        object.__setattr__(self, "options", pairs(self.options))

    @property
    def split(self) -> str:
        """How rows are divided, in the words of a protocol."""
        return self.how if self.hold_out else f"{self.how}, validation rows trained on as well"

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
    from qml.data import make_source

    source = make_source(
        choice.name,
        how=choice.how,
        seed=seed,
        test=choice.test,
        validation=choice.validation if choice.hold_out else 0.0,
        rows=choice.rows,
        transforms=None if choice.transforms == "none" else choice.transforms,
        root=choice.root,
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
        search: setting -> choices, tried where a protocol gives more than one trial.

    Raises:
        ConfigError: a rate that is not positive, or a searched setting that is none of these.
    """

    batch_size: int = 32
    learning_rate: float = 0.01
    circuit_learning_rate: float | None = None
    weight_decay: float = 0.0
    optimiser: str = "adam"
    schedule: str = "constant"
    clip: float | None = None
    class_weights: str | None = None
    search: Mapping[str, tuple[Any, ...]] = field(default_factory=dict, compare=False, hash=False)

    def __post_init__(self):
        object.__setattr__(self, "search", {str(key): tuple(value) for key, value in self.search.items()})
        for name in ("learning_rate", "circuit_learning_rate", "batch_size"):
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

    def task(self, target: Target) -> Supervised:
        """What is learnt: classes or a number."""
        weights = "balanced" if self.class_weights == "balanced" else None
        if self.class_weights not in (None, "balanced"):
            raise unknown("training.class_weights", self.class_weights, ["balanced", "null"])
        return Supervised(target, class_weights=weights)


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

    See `qml.bench.Protocol` for each. `rank="auto"` is accuracy for classes and r2 for numbers.
    """

    name: str
    title: str = ""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
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

    def protocol(self, data: DataChoice, signature: Signature) -> Protocol:
        """The Protocol on this data.

        Raises:
            ConfigError: a term cannot be meant.
        """
        auto = "accuracy" if signature.kind == "classes" else "r2"
        return Protocol(
            name=self.name,
            title=self.title,
            data=data.name,
            split=data.split,
            test=data.test,
            validation=data.validation,
            rows=data.rows,
            seeds=tuple(self.seeds),
            trials=self.trials,
            epochs=self.epochs,
            cpu_s=self.cpu_s,
            patience=self.patience,
            rank=auto if self.rank == "auto" else self.rank,
            metrics=tuple(self.metrics),
            rope=self.rope,
            rows_curve=tuple(self.rows_curve),
            contrasts=CONTRASTS if self.contrasts is None else tuple((a, b) for a, b in self.contrasts),
            floors=tuple(sorted(self.floors.items())),
        )
