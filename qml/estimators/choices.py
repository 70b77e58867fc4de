"""How models are trained and who runs their circuits, as a configuration chooses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from qml.base.errors import ConfigError
from qml.base.nested import listed
from qml.base.registry import unknown
from qml.data.source import Target
from qml.estimators.options import Pairs, pairs
from qml.learn.fit import Budget
from qml.learn.plateau import Plateau
from qml.learn.supervised import Supervised
from qml.models.features import located


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
class Noise:
    """Noise of a machine, by name.

    Args:
        name: an entry of `qml.backends.noise.NOISES`, such as "fake_manila"; "none" is none.
        path: of a stored calibration, for "snapshot".
        options: further arguments of that entry.

    Raises:
        ConfigError: a snapshot without its path.
    """

    name: str = "none"
    path: str | None = None
    options: Pairs = ()

    def __post_init__(self):
        object.__setattr__(self, "options", pairs(self.options))
        if self.name == "snapshot" and self.path is None:
            raise ConfigError("noise=snapshot was asked for; nothing says where it is. Say noise.path=FILE.")

    @property
    def arguments(self) -> dict[str, Any]:
        """All arguments of that entry."""
        return {**dict(self.options), **({} if self.path is None else {"path": self.path})}


@dataclass(frozen=True)
class Backend:
    """Who runs circuits: an executor or a machine by name and by what it is crossed with, or an Executor of your own.

    Args:
        executor: an entry of `qml.backends.EXECUTORS` or `qml.backends.BACKENDS`; a mere label when `make` is given.
        make: "package.module:name" of `(**options) -> Executor`.
        options: arguments of that entry, or of `make`.
        noise: a `Noise`, or its name.
        shots: of each circuit; None is exact.
        mitigation: names of `qml.backends.mitigation.MITIGATIONS`; a mapping `{name: {option: value}}` gives one its
            options.
        gradient: of a machine that only runs circuits, such as `{"plan": "weighted"}` or `{"method": "spsa"}`; see
            `qml.backends.assembling.assembled`.
        jobs: of a machine behind a service: see `qml.backends.assembling.JOB_WORDS`.

    Raises:
        ConfigError: `make` was given together with words that only a registered member takes.
    """

    executor: str = "engine_cpu"
    make: str | None = None
    options: Pairs = ()
    noise: Noise = field(default_factory=Noise)
    shots: int | None = None
    mitigation: tuple[Any, ...] = ()
    gradient: Pairs = ()
    jobs: Pairs = ()

    def __post_init__(self):
        if isinstance(self.noise, str):
            object.__setattr__(self, "noise", Noise(self.noise))
        object.__setattr__(self, "mitigation", listed(self.mitigation))
        object.__setattr__(self, "options", pairs(self.options))
        for name in ("gradient", "jobs"):
            given = {key: value for key, value in dict(getattr(self, name)).items() if value is not None}
            object.__setattr__(self, name, pairs(given))
        words = [word for word in ("noise", "shots", "mitigation", "gradient", "jobs") if self._says(word)]
        if self.make and words:
            raise ConfigError(
                f"{', '.join(words)} was asked of {self.make}, an Executor of your own. Hand it in backend.options."
            )

    def _says(self, word: str) -> bool:
        """Whether a word was given."""
        return getattr(self, word) not in (Noise(), None, ())

    def crossed(self, noise: Noise, shots: int | None, mitigation: Sequence[Any]) -> Backend:
        """The same with the words that were given, each in place of its own."""
        given: dict[str, Any] = {}
        if noise != Noise():
            given["noise"] = noise
        if shots is not None:
            given["shots"] = shots
        if mitigation:
            given["mitigation"] = listed(mitigation)
        return replace(self, **given) if given else self

    @property
    def is_plain(self) -> bool:
        """Whether it is a name and nothing else."""
        return not any(self._says(word) for word in ("noise", "shots", "mitigation", "gradient", "jobs", "options"))

    @property
    def words(self) -> dict[str, Any]:
        """What was asked, as plain data that decides values; where jobs are kept and what they may cost does not."""
        from qml.backends.mitigation import in_order

        mitigation = [{name: given} if given else name for name, given in in_order(self.mitigation)]
        words = {"noise": self.noise.name, "shots": self.shots, "mitigation": mitigation}
        options = {"options": dict(self.options), "gradient": dict(self.gradient)}
        return {"executor": self.executor, **words, **{key: value for key, value in options.items() if value}}

    def resolve(self) -> Any:
        """The name of a registered executor, an Executor put together as was asked, or one of your own.

        Raises:
            ConfigError: no executor of that name, or a word that it does not take.
            CapabilityError: what was asked for does not go together.
        """
        if self.make:
            return located(self.make)(**dict(self.options))
        from qml.backends import EXECUTORS
        from qml.backends.assembling import assembled

        made = assembled(
            self.executor,
            dict(self.options),
            noise=self.noise.name,
            noise_options=self.noise.arguments,
            shots=self.shots,
            mitigation=self.mitigation,
            gradient=dict(self.gradient),
            jobs=dict(self.jobs),
        )
        return self.executor if self.is_plain and self.executor in EXECUTORS else made
