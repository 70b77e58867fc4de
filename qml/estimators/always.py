"""The contestants that stand beside every hybrid without being asked: its ablations, and the classical champions."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qml.base.errors import CapabilityError, ConfigError, ProgramError, ShapeError
from qml.estimators.arms import SHUFFLED, check
from qml.models import KINDS, MODELS, HybridSpec, Signature, Spec

CHAMPIONS = ("majority", "logistic", "svm", "boosting", "mlp", "cnn", "knn")
ALL = "all"
EVERYONE = (*KINDS, SHUFFLED, *CHAMPIONS)
"""Names that may stand beside a hybrid, whatever its circuit and data."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AlwaysOn:
    """Contestants by name, and those that this circuit or these data do not have, with the reason.

    Args:
        names: in the order of a report.
        left_out: name -> what its check said.
    """

    names: tuple[str, ...]
    left_out: Mapping[str, str]


def always_on(model: Spec, signature: Signature) -> AlwaysOn:
    """Who stands beside `model` on data of `signature`.

    Every ablation of a hybrid and the hybrid on shuffled labels, and every champion that fits the data: a CNN for
    images only. A circuit without frequencies has no surrogate, one that prepares a state no version without
    entanglement: what is left out is said, once, at INFO.

    Args:
        model: a hybrid; beside any other model there are the champions alone.
        signature: of the data.

    Example:
        >>> from qml.models import CircuitSpec
        >>> found = always_on(HybridSpec(circuit=CircuitSpec("sel", 4, 2)), Signature((20,), 2))
        >>> found.names[-3:], list(found.left_out)
        (('boosting', 'mlp', 'knn'), ['cnn'])
    """
    names, left_out = [], {}
    if isinstance(model, HybridSpec):
        for kind in KINDS:
            _sort(kind, model.ablate(kind).on(signature), names, left_out)
        names.append(SHUFFLED)
    for name in CHAMPIONS:
        _sort(name, MODELS[name]().on(signature), names, left_out)
    for name, reason in left_out.items():
        _logger.info("no contestant %r here: %s", name, reason)
    return AlwaysOn(tuple(names), left_out)


def with_all(arms: Sequence[str], model: Spec, signature: Signature) -> tuple[str, ...]:
    """`arms` with the word "all" replaced by everyone of `always_on`."""
    found: list[str] = []
    for arm in arms:
        found += always_on(model, signature).names if arm == ALL else [arm]
    return tuple(dict.fromkeys(found))


def _sort(name: str, spec: Spec, names: list[str], left_out: dict[str, str]) -> None:
    """Enter a contestant among those that can be built, or among those left out."""
    try:
        check(spec)
    except (CapabilityError, ConfigError, ProgramError, ShapeError) as error:
        left_out[name] = str(error)
    else:
        names.append(name)
