"""What the circuits of a model were asked in training: how many times one was run on one row."""

from __future__ import annotations

from qml.bench.cell import EVALUATIONS
from qml.data.source import Source
from qml.learn.fit import Fitted
from qml.models import CLASSICAL, HybridSpec, LookingSpec, Spec
from qml.models.kernels.sinks import KitchenSinks
from qml.models.kernels.specs import KernelSpec
from qml.models.published import Quanvolution

FEW = 2


def circuit_evaluations(spec: Spec, fitted: Fitted, source: Source) -> dict[str, float]:
    """Circuit evaluations of a fit: forward runs of a circuit on one row, in training and in watching validation rows.

    | model | evaluations |
    |---|---|
    | learns by steps | circuits a row x (rows trained on + validation rows x passes over them) |
    | metric learner | one a pair of rows trained on, and one a watched row |
    | quanvolution | one a window of bits and channel, once: they are a table |
    | kernel | one state for each training row: all overlaps are one matrix product of them |
    | kitchen sinks | one run of one shot for each episode and training row |

    A row trained on is also differentiated, in one sweep back here; a machine that must shift parameters runs each of
    them again twice for every weight. Predictions after training are not counted. Counts follow from the rows that a
    fit reports, so that one which was interrupted and taken up again has those of a quiet one.

    Args:
        spec: what was trained.
        fitted: the trained model with its costs and records.
        source: what it learnt from; a few training rows are looked at.

    Returns:
        The number under its name in the info of a fit; empty for a model without a circuit, a Gibbs state among them.
    """
    if isinstance(spec, (KernelSpec, KitchenSinks)):
        episodes = spec.n_episodes if isinstance(spec, KitchenSinks) else 1
        return {EVALUATIONS: float(fitted.cost.rows * episodes)}
    if spec.framework == "whole" or (isinstance(spec, HybridSpec) and spec.ablation in CLASSICAL):
        return {}
    if isinstance(spec, Quanvolution):
        return {EVALUATIONS: float(spec.channels * 2 ** (spec.window**2))}
    passes = len({record.step for record in fitted.records if record.split == "validation"})
    watched = (source.schema.sizes.get("validation") or 0) * passes
    if isinstance(spec, LookingSpec) and spec.loss == "overlaps":
        return {EVALUATIONS: fitted.cost.rows / 2 + watched}
    each = _per_row(spec, fitted, source)
    return {EVALUATIONS: each * (fitted.cost.rows + watched)} if each else {}


def _per_row(spec: Spec, fitted: Fitted, source: Source) -> float:
    """Circuits that a trained model runs for one row; the one of a JAX hybrid is known."""
    if spec.framework == "jax":
        return 1.0
    from qml.models.evaluations import circuits_per_row

    return circuits_per_row(fitted.model, next(source.batches("train", FEW)).inputs)
