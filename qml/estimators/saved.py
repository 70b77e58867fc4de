"""A trained model on disk: its arrays as safetensors, and beside them, as JSON, what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from qml.base.digest import canonical, digest
from qml.base.errors import CheckpointError
from qml.base.extras import require
from qml.base.files import replacing, write_json
from qml.models import Spec

ARRAYS, ABOUT = "model.safetensors", "model.json"


def save_model(spec: Spec, trained: Any, folder: Path, facts: Mapping[str, Any] | None = None) -> Path | None:
    """Write a trained torch or JAX model into `folder`.

    Args:
        spec: what was built.
        trained: the `nn.Module`, or the `JaxModel`, that `Fitted.model` holds.
        folder: where.
        facts: plain data to keep beside it.

    Returns:
        The path of the arrays; None for a scikit-learn estimator, for which there is no format that is safe to load.
    """
    if spec.framework == "whole":
        return None
    require("safetensors", extra="train", purpose="saving a model")
    from safetensors.numpy import save_file

    with replacing(folder / ARRAYS) as temporary:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays_of(spec, trained).items()}, temporary)
    about = {"version": 1, "model": canonical(spec), "digest": digest(spec), "facts": dict(facts or {})}
    write_json(folder / ABOUT, about)
    return folder / ARRAYS


def load_weights(spec: Spec, folder: Path | str) -> Any:
    """The trained model that `save_model` wrote, built again from an equal `spec`.

    Returns:
        An `nn.Module` in evaluation mode, or a `JaxModel` to call with inputs.

    Raises:
        CheckpointError: the folder holds no model, or another one.
    """
    require("safetensors", extra="train", purpose="loading a model")
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    folder = Path(folder)
    try:
        about = json.loads((folder / ABOUT).read_text())
        arrays = load_file(folder / ARRAYS)
    except (OSError, json.JSONDecodeError, SafetensorError) as error:
        raise CheckpointError(
            f"A model was looked for in {folder}: {error}. Train one with experiments.train."
        ) from error
    if about.get("digest") != digest(spec):
        raise CheckpointError(
            f"{folder} holds another model: {json.dumps(about.get('model'))[:300]}. Build the spec it was trained with."
        )
    return filled(spec, arrays)


def arrays_of(spec: Spec, trained: Any) -> dict[str, np.ndarray]:
    """Every array of a trained model by name."""
    if spec.framework == "torch":
        return {name: tensor.detach().cpu().numpy() for name, tensor in trained.state_dict().items()}
    return {name: np.asarray(array) for name, array in _flat(trained.params)}


def _flat(params: Mapping[str, Any], path: str = "") -> list[tuple[str, Any]]:
    """Leaves of a tree of dictionaries with their paths."""
    found: list[tuple[str, Any]] = []
    for key, value in params.items():
        here = f"{path}.{key}" if path else str(key)
        found += _flat(value, here) if isinstance(value, Mapping) else [(here, value)]
    return found


def filled(spec: Spec, arrays: Mapping[str, np.ndarray]) -> Any:
    """The model of `spec` with these arrays, which `arrays_of` gave of one like it.

    Args:
        spec: how it was made.
        arrays: by name, each in the shape that the model of `spec` has it in, such as `(P,)` weights.
    """
    model = spec.build(1)
    if spec.framework == "torch":
        from qml.models.networks import loaded

        return loaded(model, arrays)
    from qml.learn.jax_step import JaxModel

    return JaxModel(model, _tree(arrays))


def _tree(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The tree of dictionaries that `_flat` took apart."""
    tree: dict[str, Any] = {}
    for name, array in arrays.items():
        *path, last = name.split(".")
        branch = tree
        for key in path:
            branch = branch.setdefault(key, {})
        branch[last] = array
    return tree
