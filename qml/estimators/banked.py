"""Features of a frozen backbone as a data set that any model can be trained on and compared on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qml.data.bank import BankedSource, FeatureBank
from qml.data.source import Source
from qml.estimators.data_choice import DataChoice
from qml.models.backbone import Backbone, frozen
from qml.models.features import FEATURES, FeaturesSpec


def embedded(
    source: Source,
    features: FeaturesSpec,
    bank: str,
    *,
    weights: str | None = None,
    backbone_seed: int = 0,
    batch_size: int = 256,
) -> BankedSource:
    """The features of every row of `source`, from the bank or computed into it.

    Args:
        source: what is embedded.
        features: the backbone.
        bank: folder.
        weights: folder of a trained hybrid with these features; None takes the network as it is built.
        backbone_seed: of weights that nothing else gives.
        batch_size: rows at once.

    Raises:
        ConfigError, DataError, ShapeError: as of `qml.models.backbone.frozen` and `qml.data.bank.FeatureBank`.
    """
    backbone: Backbone = frozen(features, source.schema.input_shape, seed=backbone_seed, weights=weights)
    return FeatureBank(bank).source(source, backbone, backbone.digest, batch_size=batch_size)


def banked_source(
    seed: int,
    *,
    data: str,
    features: str = "identity",
    features_options: Mapping[str, Any] | None = None,
    weights: str | None = None,
    backbone_seed: int = 0,
    bank: str = "results/bank",
    **division: Any,
) -> BankedSource:
    """The source of `data=banked`: a set of the catalogue, seen through a frozen backbone.

    Args:
        seed: of the split.
        data: name of the set.
        features: an entry of `qml.models.features.FEATURES`.
        features_options: its fields, such as `{"channels": [16, 32], "width": 64}`.
        weights: folder of a trained hybrid with these features.
        backbone_seed: of weights that nothing else gives.
        bank: folder of the features.
        **division: of the rows, as of `DataChoice`: `rows`, `how`, `test`, `validation`, `transforms`, `root`.

    Raises:
        ConfigError, DataError: as of `embedded` and `DataChoice`.

    Example:
        >>> import tempfile
        >>> options = {"features": "mlp", "features_options": {"widths": [6]}, "bank": tempfile.mkdtemp()}
        >>> banked_source(1, data="wine", **options).schema.input_shape
        (6,)
    """
    spec = FEATURES[features](**(features_options or {}))
    source = DataChoice(data, **division).source(seed)
    return embedded(source, spec, bank, weights=weights, backbone_seed=backbone_seed)
