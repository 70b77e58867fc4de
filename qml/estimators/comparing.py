"""A benchmark from a notebook: models, data sets and terms as values, no configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from qml.base.errors import ConfigError, kind_of
from qml.base.registry import HELP, unknown
from qml.estimators.always import ALL
from qml.estimators.arms import SHUFFLED, champion
from qml.estimators.choices import Backend, Training
from qml.estimators.data_choice import DataChoice
from qml.estimators.jobs import OF_A_HYBRID, BenchmarkJob
from qml.estimators.outcome import BenchmarkOutcome
from qml.estimators.placing import arm_name
from qml.estimators.suite_job import SuiteJob
from qml.estimators.terms import Terms
from qml.estimators.together import SuiteOutcome
from qml.models import KINDS, MODELS, HybridSpec, Spec

FIRST_LOOK = Terms("small", seeds=(0, 1), epochs=10)
Data = str | DataChoice


def compare(
    models: Sequence[str | Spec],
    data: Data | Sequence[Data],
    protocol: Terms | Mapping[str, Terms] | None = None,
    *,
    training: Training | None = None,
    backend: Backend | None = None,
    store: str = "results/store",
    out: str = "results/reports",
    workers: int = 1,
    progress: bool | None = None,
) -> BenchmarkOutcome | SuiteOutcome:
    """Compare models under one protocol, on one data set or on several, and write the report.

    The same as `python -m experiments.benchmark`: equal trials and budgets for everyone, choices on validation rows,
    finished cells kept, a killed comparison taken up again by the same call.

    Args:
        models: models as values, and contestants by name: "all" (everyone that stands beside a hybrid), an ablation of
            the first hybrid ("twin", "frozen", "product", "removed", ...), "shuffled", a champion ("svm", ...).
        data: a set by name or as a `DataChoice`, such as `DataChoice.from_arrays(X, y, "mine")` of your own; several
            make a suite, whose verdict is about all of them.
        protocol: the terms; of several sets also one for each by its name, which may differ in their floors only.
            Left out, it is a first look: two seeds, fixed settings, ten epochs.
        training: of models that learn by steps.
        backend: who runs circuits.
        store: folder of finished cells.
        out: folder of reports.
        workers: processes that share the cells. With more than one, a script needs
            `if __name__ == "__main__":` around the call; a notebook does not.
        progress: bars; None shows them in a terminal or in Jupyter.

    Returns:
        What ran, with the report; `print` it for the verdict, `.check()` raises where something failed. With one
        seed there are no intervals, and the report says so in place of a verdict.

    Raises:
        ConfigError: an unknown name, no model, no data set, or a contestant twice; nothing has run.
        DataError: a data set is missing, or too small for these terms.

    Example:
        ```python
        from qml import CircuitSpec, HybridSpec, compare
        from qml.estimators import Terms

        hybrid = HybridSpec(circuit=CircuitSpec("sel", n_qubits=6, depth=2))
        terms = Terms("first", seeds=(0, 1, 2), trials=3, epochs=20, rank="auc")
        outcome = compare([hybrid, "twin", "removed", "logistic", "svm"], ["breast_cancer", "wine"], terms)
        print(outcome)
        ```
    """
    sets = list(data) if isinstance(data, (list, tuple)) else [data]
    strange = [choice for choice in sets if not isinstance(choice, (str, DataChoice))]
    if strange:
        raise ConfigError(
            f"compare takes data sets by name or as DataChoice; it got a {kind_of(strange[0])}. For arrays and "
            "DataFrames say DataChoice.from_arrays(X, y, 'mine'); a source of your own is DataChoice('mine', "
            "make='package.module:function')."
        )
    if not sets:
        raise ConfigError("compare was given no data set. Name some: 'digits', or ['breast_cancer', 'wine'].")
    choices = [choice if isinstance(choice, DataChoice) else DataChoice(str(choice)) for choice in sets]
    own, names = _contestants(models)
    base = BenchmarkJob(
        choices[0],
        own[0],
        training or Training(),
        FIRST_LOOK,
        backend=backend or Backend(),
        arms=names,
        models=own[1:],
        store=store,
        out=out,
        workers=workers,
    )
    terms = _terms(protocol, [choice.name for choice in choices])
    jobs = [replace(base, data=choice, protocol=given) for choice, given in zip(choices, terms, strict=True)]
    return jobs[0].run(progress) if len(jobs) == 1 else SuiteJob(tuple(jobs)).run(progress)


def _contestants(models: Sequence[str | Spec]) -> tuple[list[Spec], tuple[str, ...]]:
    """The models as values, that of the job first, and the names beside them.

    Raises:
        ConfigError: no model, or a name that is not known.
    """
    if not isinstance(models, Sequence) or isinstance(models, str) or not models:
        raise ConfigError(f"compare takes a list of models; it got {models!r}. Say ['hybrid', 'twin', 'logistic'].")
    for model in models:
        _check_model(model)
    named = [model for model in models if isinstance(model, str)]
    values = [model for model in models if not isinstance(model, str)]
    known = [ALL, "hybrid", *KINDS, SHUFFLED, *MODELS]
    for name in named:
        if name not in known:
            raise unknown("model", name, known, listing=HELP)
    taken = {arm_name(model) for model in values if not isinstance(model, HybridSpec)}
    for name in named:
        if name in taken:
            raise ConfigError(f"compare was given {name!r} by name and as a value. Leave one of the two out.")
    hybrids = [model for model in values if isinstance(model, HybridSpec)]
    if hybrids:
        return [hybrids[0], *(model for model in values if model is not hybrids[0])], tuple(named)
    if {*named} & {*OF_A_HYBRID, ALL}:
        return [HybridSpec(), *values], tuple(named)
    first = values or [champion(named[0], {})]
    return list(first), tuple(named if values else named[1:])


def _check_model(model: object) -> None:
    """Refuse what is neither a name nor a model as a value.

    Raises:
        ConfigError: says what it is.
    """
    if isinstance(model, str) or (isinstance(model, Spec) and not isinstance(model, type)):
        return
    found = f"the class {model.__name__}" if isinstance(model, type) else f"a {kind_of(model)}"
    raise ConfigError(
        f"compare takes models by name or as values of qml.models; it got {found}. Say ['hybrid', 'logistic'] or "
        f"[HybridSpec(), Svm(C=3.0)]; for a model of your own see docs/your_own.md."
    )


def _terms(protocol: Terms | Mapping[str, Terms] | None, names: Sequence[str]) -> list[Terms]:
    """The terms of each data set.

    Raises:
        ConfigError: terms are given by name of the set, and not of exactly these.
    """
    strange = [given for given in _given(protocol) if not isinstance(given, Terms)]
    if strange:
        raise ConfigError(
            f"compare was given {protocol!r} as its protocol; terms are Terms('mine', seeds=(0, 1, 2)), for all data "
            f"sets or for each by its name: {{{names[0]!r}: Terms(...)}}."
        )
    if not isinstance(protocol, Mapping):
        return [protocol or FIRST_LOOK] * len(names)
    for key in protocol:
        if key not in names:
            raise unknown("data set of the protocols", key, list(names))
    absent = [name for name in names if name not in protocol]
    if absent:
        raise ConfigError(f"compare was given protocols by data set; {absent[0]!r} has none. Give it one as well.")
    return [protocol[name] for name in names]


def _given(protocol: object) -> list[object]:
    """What stands where terms are to be."""
    if isinstance(protocol, Mapping):
        return list(protocol.values())
    return [] if protocol is None else [protocol]
