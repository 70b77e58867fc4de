"""A frozen feature network as a function of arrays, with a digest of what it computes; it fills a feature bank."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.digest import canonical, digest
from qml.base.errors import ConfigError
from qml.base.extras import require
from qml.models.features import FeaturesSpec

PROBED = 16
"""Rows that a network is asked about, to tell what it computes."""
BRANCH = "features."
"""How the arrays of a hybrid's features are named in a model that was saved."""


@dataclass(frozen=True, eq=False)
class Backbone:
    """A feature network that is no longer trained.

    Args:
        network: the module, in evaluation mode.
        width: numbers that it gives a row.
        digest: of what it was built from, of every weight, and of what it computes.
    """

    network: Any = field(repr=False)
    width: int
    digest: str

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """`(B, F)` float32 features of `(B, *input_shape)` inputs."""
        from qml.models.networks import outputs

        return outputs(self.network, np.ascontiguousarray(inputs, np.float32), size=max(len(inputs), 1))


def frozen(
    features: FeaturesSpec, input_shape: tuple[int, ...], *, seed: int = 0, weights: str | Path | None = None
) -> Backbone:
    """The network of `features`, frozen.

    The digest holds the features as they were asked for, every weight and buffer, the address, source and plain
    attributes of every module, and what the network gives for a few fixed rows: to a hundredth, so that another
    machine, whose last digits differ, finds the same features in a bank. A change of less in code that a module calls
    elsewhere is not seen.

    Args:
        features: such as `Cnn()`, or `Own("package.module:name")` for a network of yours, trained as it comes.
        input_shape: of a row.
        seed: of the weights where nothing else gives them: a random network.
        weights: folder of a trained hybrid (`model.safetensors` and `model.json`) that has these features.

    Raises:
        ConfigError: the folder holds no model, or one with other features.
        ShapeError: the network does not take such rows, or gives no `(B, F)`.

    Example:
        >>> from qml.models.features import Mlp
        >>> backbone = frozen(Mlp((8,)), (13,))
        >>> backbone(np.zeros((2, 13), np.float32)).shape, backbone.width
        ((2, 8), 8)
        >>> backbone.digest == frozen(Mlp((8,)), (13,)).digest != frozen(Mlp((8,)), (13,), seed=1).digest
        True
    """
    from qml.models.networks import loaded, n_features, seeded

    with seeded(seed, "backbone"):
        network = features.build(input_shape)
    if weights is not None:
        arrays = _trained(Path(weights).expanduser())
        known = {name: tuple(array.shape) for name, array in network.state_dict().items()}
        found = {name: array.shape for name, array in arrays.items()}
        if known != found:
            raise ConfigError(
                f"weights={weights} was asked for features {canonical(features)}; they have the arrays {known}, and "
                f"the model there {found}. Choose the features that it was trained with."
            )
        network = loaded(network, arrays)
    network.eval()
    width = n_features(network, input_shape)
    arrays = {name: np.array(array.detach().cpu().numpy()) for name, array in network.state_dict().items()}
    said = {"features": canonical(features), "input_shape": input_shape, "arrays": arrays, "modules": _modules(network)}
    return Backbone(network, width, digest({**said, "gives": _gives(network, input_shape)}))


def _modules(network: Any) -> dict[str, Any]:
    """What each module of a network is beside its weights."""
    from torch.nn import Module

    usual = {*vars(Module()), "training"}
    return {
        name: {
            "sources": [_source(kind) for kind in type(module).__mro__ if kind not in Module.__mro__],
            "buffers": {key: np.array(array.detach().cpu().numpy()) for key, array in module.named_buffers()},
            "attributes": {key: _plain(value) for key, value in vars(module).items() if key not in usual},
        }
        for name, module in network.named_modules()
    }


def _plain(value: Any) -> Any:
    """An attribute as plain data; of anything else, what it is."""
    from torch import Tensor

    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return _source(type(value))
    try:
        return canonical(value.detach().cpu().numpy() if isinstance(value, Tensor) else value)
    except TypeError:
        return _source(value if inspect.isroutine(value) or inspect.isclass(value) else type(value))


def _source(thing: Any) -> tuple[str, str]:
    """The address of a class or function and, where it is written in Python, its text."""
    address = f"{getattr(thing, '__module__', '')}:{getattr(thing, '__qualname__', '')}"
    try:
        return address, inspect.getsource(thing)
    except (OSError, TypeError):
        return address, ""


def _gives(network: Any, input_shape: tuple[int, ...]) -> list[float]:
    """One number for each of a few fixed rows: a sum of its features, each weighted at random, in hundredths."""
    from qml.models.networks import outputs, seeded

    rng = np.random.default_rng(0)
    rows = rng.random((PROBED, *input_shape), np.float32)
    with seeded(0, "probe"):
        found = np.nan_to_num(outputs(network, rows)).astype(np.float64)
    sums = found @ rng.normal(size=found.shape[1])
    size = float(np.abs(sums).max())
    return [float(f"{size:.1e}"), *(np.round(sums / (size or 1.0), 2) + 0.0).tolist()]


def _trained(folder: Path) -> Mapping[str, np.ndarray]:
    """The arrays of the features of a saved hybrid, by their names within the features."""
    require("safetensors", extra="train", purpose="reading a trained model")
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        title = json.loads((folder / "model.json").read_text(encoding="utf-8"))["model"]["class"]
        arrays = load_file(folder / "model.safetensors")
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ConfigError(
            f"weights={folder} holds no trained model ({error}). Train one with experiments.train."
        ) from error
    found = {name.removeprefix(BRANCH): array for name, array in arrays.items() if name.startswith(BRANCH)}
    if not found:
        raise ConfigError(f"weights={folder} is a {title} without features that are trained. Train a hybrid with some.")
    return found
