"""The bridge from models to the benchmark: each Spec with its training becomes an Arm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.digest import canonical
from qml.base.errors import ConfigError
from qml.base.registry import HELP, unknown
from qml.bench.arm import ArmInfo
from qml.bench.facts import targets
from qml.data.resampled import ShuffledLabels
from qml.data.source import Source
from qml.estimators.choices import Training
from qml.estimators.data_choice import signature_of
from qml.estimators.evaluations import circuit_evaluations
from qml.estimators.fits import step_fit, whole_fit
from qml.estimators.inside import circuit_facts
from qml.estimators.looking import builder, drawn, task_of
from qml.learn.fit import Budget, Fitted
from qml.models import CLASSICAL, FOURIER, KINDS, MODELS, HybridSpec, Signature, Spec
from qml.models.facts import circuit_words
from qml.models.fourier import spectrum
from qml.models.published import Published

SHUFFLED = "shuffled"


@dataclass(frozen=True)
class SpecArm:
    """A contestant: a model as a value, and how it is trained.

    Args:
        spec: the model with its signature.
        training: for models that learn by steps.
        info: who it is.
        progress: a bar for each fit; None shows one in a terminal.
        shuffled: whether it learns from shuffled labels, which is to lead to chance.
    """

    spec: Spec
    training: Training
    info: ArmInfo
    progress: bool | None = field(default=None, compare=False)
    shuffled: bool = False

    def fit(
        self, source: Source, settings: Mapping[str, Any], budget: Budget, seed: int, folder: Path | None = None
    ) -> Fitted:
        """Train on "train" with one point of the space; each setting goes to the model or to its training.

        Raises:
            ConfigError: a setting that is known to neither.
        """
        own = {key: value for key, value in settings.items() if key in self.spec.space}
        rest = {key: value for key, value in settings.items() if key not in self.spec.space}
        for key in rest:
            if key not in self.training.search:
                raise unknown(f"setting of arm {self.info.name!r}", key, [*self.spec.space, *self.training.search])
        spec = in_units_of(self.spec.with_settings(own), source)
        training = replace(self.training, **rest)
        target = source.schema.target
        if target is None:
            raise ConfigError(f"{source.schema.name!r} has no target to learn. Choose a labelled data set.")
        fit = whole_fit() if spec.framework == "whole" else step_fit(spec, training, progress=self.progress)
        task, learnt = task_of(spec, training, target), source
        if self.shuffled:
            learnt = ShuffledLabels(source, seed)
        build = builder(spec, learnt)
        if spec.framework != "whole":
            learnt, budget = drawn(learnt, spec, training), training.within(budget)
        fitted = fit(build, task, learnt, budget, seed, folder)
        if fitted.cost.stopped == "interrupted":
            return fitted
        counted = circuit_evaluations(spec, fitted, source)
        return replace(fitted, info={**fitted.info, **counted, **circuit_facts(spec, fitted, task, source, seed)})


def in_units_of(spec: Spec, source: Source) -> Spec:
    """A model for the very rows of `source`.

    Columns that are fitted on training rows, one for each word of a category, differ in number from split to split. A
    number that a model learns by steps is told by its mean and spread over the training rows.
    """
    signature = signature_of(source)
    if spec.framework == "whole" or signature.kind == "classes":
        return spec.on(signature)
    numbers = targets(source, "train").astype(np.float64)
    return spec.on(replace(signature, center=float(numbers.mean()), scale=float(numbers.std()) or 1.0))


def arm_of(
    spec: Spec, training: Training, *, name: str, searched: bool = True, progress: bool | None = None
) -> SpecArm:
    """The contestant of one model.

    Args:
        spec: the model with its signature.
        training: for models that learn by steps; part of the identity of such an arm.
        name: short and unique in the benchmark.
        searched: whether settings are chosen from spaces; False keeps those of `spec` and `training`.
        progress: a bar for each fit.

    Raises:
        ConfigError, CapabilityError: the model cannot be built; before any work.
    """
    check(spec)
    space = space_of(spec, training) if searched else {}
    info = ArmInfo(name, spec.family, title_of(spec), config_of(spec, training), space, facts_of(spec))
    return SpecArm(spec, training, info, progress)


def space_of(spec: Spec, training: Training) -> dict[str, tuple[Any, ...]]:
    """Hyper-parameters and their choices; a setting that changes nothing of the model is not among them.

    Equal for a hybrid and its controls, but for those without trained weights in the circuit's place: a rate of the
    circuit would make two of their trials one and the same.

    Example:
        >>> training = Training(search={"learning_rate": (0.01, 0.1), "circuit_learning_rate": (0.01, 0.1)})
        >>> {kind: len(space_of(HybridSpec(ablation=kind), training)) for kind in ("", "twin", "removed", "frozen")}
        {'': 2, 'twin': 2, 'removed': 1, 'frozen': 1}
    """
    if spec.framework == "whole":
        return dict(spec.space)
    search = dict(training.search)
    if not (isinstance(spec, HybridSpec) and spec.follows_circuit_rate):
        search.pop("circuit_learning_rate", None)
    return {**search, **spec.space}


def config_of(spec: Spec, training: Training) -> dict[str, Any]:
    """Everything that decides what is trained, as plain data."""
    config: dict[str, Any] = {"model": canonical(spec)}
    if isinstance(spec, HybridSpec) and spec.ablation in CLASSICAL:  # of two circuits of equal size one model
        program = spec.program
        config["model"]["circuit"] = {"n_inputs": program.n_inputs, "n_values": program.n_values}
        if spec.ablation == "twin":
            config["model"]["block"] = canonical(spec.block.layers)
        if spec.ablation in FOURIER:
            config["model"]["spectrum"] = canonical(spectrum(spec.program))
        if spec.ablation == "random_features":
            config["model"]["bandwidth"] = spec.bandwidth
    if spec.framework != "whole":
        config["training"] = canonical(training)
    if (isinstance(spec, HybridSpec) and spec.ablation not in CLASSICAL) or (
        isinstance(spec, Published) and spec.family == "hybrid"
    ):
        config["executor"] = spec.executor_name
    return config


def title_of(spec: Spec) -> str:
    """The words of the report: a hybrid with the name and size of its circuit."""
    if isinstance(spec, HybridSpec) and not spec.ablation:
        return f"{spec.title} ({circuit_words(spec)})"
    return spec.title


def facts_of(spec: Spec) -> dict[str, Any]:
    """Plain facts of a model for the report."""
    return {"framework": spec.framework, **getattr(spec, "facts", dict)()}


def check(spec: Spec) -> None:
    """Raise before any work if a model cannot be built; a Spec of your own need not have a `check`.

    Raises:
        ConfigError, CapabilityError: what the `check` of the model finds.
        ShapeError: its features do not take rows of the data.
    """
    getattr(spec, "check", lambda: None)()
    if isinstance(spec, HybridSpec) and spec.framework == "torch" and spec.signature is not None:
        from qml.models.hybrid import built_features

        built_features(spec, seed=1)
    elif isinstance(spec, HybridSpec):
        spec.build(seed=1)  # a pair of functions: nothing is drawn


def arms_for(
    hybrid: HybridSpec,
    names: Sequence[str],
    training: Training,
    signature: Signature,
    *,
    champions: Mapping[str, Mapping[str, Any]] | None = None,
    searched: bool = True,
    progress: bool | None = None,
) -> tuple[SpecArm, ...]:
    """Contestants by name, all for the same data and trained in the same way.

    Args:
        hybrid: the model with the circuit.
        names: "hybrid", ablations of it (`KINDS`), "shuffled" (the hybrid on shuffled labels), members of `MODELS`.
        training: of all that learn by steps.
        signature: the data.
        champions: settings of a champion that differ from its defaults, such as `{"mlp": {"widths": [128]}}`.
        searched: whether settings are chosen from spaces.
        progress: a bar for each fit.

    Raises:
        ConfigError: a name that is none of these, or a model that does not fit the data.

    Example:
        >>> arms = arms_for(HybridSpec(), ["hybrid", "twin", "logistic"], Training(), Signature((64,), 10))
        >>> [arm.info.family for arm in arms]
        ['hybrid', 'control', 'baseline']
    """
    changed = dict(champions or {})
    check_names(names, changed)
    arms = []
    for name in dict.fromkeys(names):
        if name in ("hybrid", SHUFFLED) or name in KINDS:
            spec: Spec = hybrid.ablate(name) if name in KINDS else replace(hybrid, ablation="")
        else:
            spec = champion(name, changed.get(name, {}))
        arm = arm_of(spec.on(signature), training, name=name, searched=searched, progress=progress)
        arms.append(shuffled(arm) if name == SHUFFLED else arm)
    return tuple(arms)


def check_names(names: Iterable[str], champions: Iterable[str] = ()) -> None:
    """Refuse contestants, and champions whose settings differ, that do not exist.

    Args:
        names: of contestants.
        champions: names.

    Raises:
        ConfigError: one that is none of them; the near name is given.
    """
    known = list(dict.fromkeys(["hybrid", *KINDS, SHUFFLED, *MODELS]))
    for name in names:
        if name not in known:
            raise unknown("arm", name, known, listing=HELP)
    for name in champions:
        if name not in known:
            raise unknown("champion", name, known)


def shuffled(arm: SpecArm) -> SpecArm:
    """The same contestant on shuffled labels: a control that must end at chance."""
    details = {**arm.info.details, "role": SHUFFLED, "short": "Labels shuffled"}
    config = {**arm.info.config, "labels": SHUFFLED}
    info = replace(arm.info, title="Labels shuffled", family="control", config=config, details=details)
    return replace(arm, info=info, shuffled=True)


def champion(name: str, settings: Mapping[str, Any]) -> Spec:
    """A champion by name with some settings changed.

    Raises:
        ConfigError: an unknown setting.
    """
    return MODELS[name]().with_settings(settings)
