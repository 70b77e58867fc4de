"""Training with JAX: one compiled update over a tree of parameters, with optax."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qml.base.errors import CapabilityError, CheckpointError, ConfigError
from qml.base.extras import require
from qml.base.seeds import derive
from qml.data.source import Batch
from qml.learn import jax_ops
from qml.learn.describe import difference, text_of
from qml.learn.options import (
    Optimiser,
    Schedule,
    check_options,
    counted,
    decay_of,
    needs_horizon,
    rate_of,
    share_of_rate,
)
from qml.learn.step import Snapshot
from qml.learn.task import Task

require("jax", extra="jax", purpose="qml.learn.jax_step")
require("optax", extra="jax", purpose="qml.learn.jax_step")
import jax
import jax.numpy as jnp
import optax

Params = dict[str, Any]


@dataclass(frozen=True)
class JaxModel:
    """A trained JAX model: what was trained, and its parameters.

    Args:
        model: has `apply(params, inputs, *, train=False)`.
        params: the tree, frozen keys included.
    """

    model: Any
    params: Params

    def __call__(self, inputs: Any) -> jax.Array:
        """Raw outputs `(B, C)` or `(B, 1)`."""
        return self.model.apply(self.params, inputs)


@dataclass(frozen=True)
class JaxState:
    """What a JAX run holds.

    Args:
        model: has `init` and `apply`.
        params: trained parameters. frozen: those that are left as they are.
        optimiser: state of optax.
        key: every draw of an update is a function of it and of the number of the update.
        updates: done so far.
        names: of the numbers that the compiled update gives, in their order; filled when it is first traced.
        compiled_update, compiled_apply: the compiled functions of this run.
    """

    model: Any
    params: Params
    frozen: Params
    optimiser: Any
    key: jax.Array
    updates: int
    names: list[str]
    compiled_update: Callable[..., Any]
    compiled_apply: Callable[..., Any]


@dataclass(frozen=True)
class JaxStep:
    """Updates of a JAX model; a `Step`.

    A model, or what `build(seed)` gives, has `init(seed) -> params` (a dict) and
    `apply(params, inputs, *, train=False) -> (B, C)`, and may name top-level keys of `params`: `quantum` (circuit
    weights), `twin` (what stands in their place) and `frozen` (neither trained nor counted). The update is compiled
    once for full batches and once for a smaller last one; predictions are padded to powers of two, so that few
    shapes are ever compiled.

    Args:
        learning_rate: of every key but those of a circuit.
        circuit_learning_rate: of the keys in `quantum` and `twin`; None takes `learning_rate`.
        weight_decay: added to the gradient as L2 ("adam", "sgd") or decoupled ("adamw"); none on keys in `quantum`.
        optimiser: "adam", "adamw" or "sgd" (plain, without momentum).
        gradient_clip: greatest norm of the whole gradient; None does not clip.
        schedule: None or "constant"; "cosine" down to zero over the run; "onecycle" up and down.
        horizon: updates of that run; StepFit fills it from the budget.

    Raises:
        ConfigError: an option that is not known or out of range.
    """

    learning_rate: float = 1e-3
    circuit_learning_rate: float | None = None
    weight_decay: float = 0.0
    optimiser: Optimiser = "adam"
    gradient_clip: float | None = None
    schedule: Schedule | None = None
    horizon: int | None = None

    def __post_init__(self) -> None:
        check_options(self)

    def scheduled(self, total_updates: int | None) -> JaxStep:
        """The same step with its schedule stretched over `total_updates`."""
        return dataclasses.replace(self, horizon=total_updates) if needs_horizon(self, total_updates) else self

    def init(self, model: Any, task: Task, seed: int) -> JaxState:
        """A fresh state: parameters drawn from `seed`, optimiser at zero.

        Raises:
            ConfigError: the model's parameters are no dict, a key it names is not among them, or all are frozen.
            CapabilityError: the task does not keep to JAX, or has several players.
        """
        if "jax" not in task.frameworks:
            raise CapabilityError(f"JaxStep runs JAX; this task keeps to {', '.join(sorted(task.frameworks))}.")
        if len(task.players) > 1:
            raise CapabilityError(f"JaxStep trains one player; this task has {', '.join(task.players)}. Use TorchStep.")
        model = built_model(model, seed)
        every = model.init(derive(seed, "weights"))
        parts = key_parts(model, every)
        params = {key: value for key, value in every.items() if key in parts}
        frozen = {key: value for key, value in every.items() if key not in parts}
        optimiser = self._optimiser(parts)
        names: list[str] = []
        return JaxState(
            model=model,
            params=params,
            frozen=frozen,
            optimiser=optimiser.init(params),
            key=jax.random.key(derive(seed, "draws")),
            updates=0,
            names=names,
            compiled_update=jax.jit(self._update_function(model, task, optimiser, parts, names)),
            compiled_apply=jax.jit(lambda params, frozen, inputs: model.apply({**frozen, **params}, inputs)),
        )

    def update(self, state: JaxState, batch: Batch) -> tuple[JaxState, dict[str, float]]:
        """One update.

        Returns:
            The new state and what the update says: "loss", "gradient_norm/<part>" before clipping, "learning_rate",
            and what the task logs. Where a number is not finite the state is the old one.
        """
        share = share_of_rate(self.schedule, state.updates, self.horizon)
        params, optimiser, told = state.compiled_update(
            state.params, state.frozen, state.optimiser, _arrays(batch), state.key, state.updates, share
        )
        info = dict(zip(state.names, np.asarray(told).tolist(), strict=True))
        info["learning_rate"] = self.learning_rate * share
        if not all(map(math.isfinite, info.values())):
            return state, info
        new = dataclasses.replace(state, params=params, optimiser=optimiser, updates=state.updates + 1)
        return new, info

    def predict(self, state: JaxState, batch: Batch) -> np.ndarray:
        """Raw outputs `(B, C)` or `(B, 1)`."""
        rows = len(batch)
        if rows == 0:
            return np.asarray(state.compiled_apply(state.params, state.frozen, batch.inputs))
        padding = (1 << (rows - 1).bit_length()) - rows
        inputs = np.concatenate([batch.inputs, np.repeat(batch.inputs[-1:], padding, axis=0)])
        return np.asarray(state.compiled_apply(state.params, state.frozen, inputs))[:rows]

    def snapshot(self, state: JaxState) -> Snapshot:
        """Copies of parameters, optimiser, key and counters."""
        data = {"updates": state.updates, "model": text_of(state.model)}
        return Snapshot({name: np.array(leaf) for name, leaf in _leaves(state).items()}, data)

    def restore(self, state: JaxState, snapshot: Snapshot) -> JaxState:
        """The state that `snapshot` was taken of.

        Raises:
            CheckpointError: the snapshot is of another model or optimiser.
        """
        own = _leaves(state)
        found = difference(
            {"model": snapshot.data["model"], **{name: list(leaf.shape) for name, leaf in snapshot.arrays.items()}},
            {"model": text_of(state.model), **{name: list(leaf.shape) for name, leaf in own.items()}},
        )
        if found:
            raise CheckpointError(f"These weights were to go into another model: {found}. Build the model they are of.")
        leaves = [jnp.asarray(snapshot.arrays[name], dtype=leaf.dtype) for name, leaf in own.items()]
        params, frozen, optimiser, key = jax.tree.unflatten(jax.tree.structure(_tree(state)), leaves)
        return dataclasses.replace(
            state,
            params=params,
            frozen=frozen,
            optimiser=optimiser,
            key=jax.random.wrap_key_data(key),
            updates=int(snapshot.data["updates"]),
        )

    def parameters(self, state: JaxState) -> dict[str, int]:
        """Trained numbers, "quantum" and "classical"."""
        sizes: dict[str, int] = {}
        for key, part in key_parts(state.model, {**state.params, **state.frozen}).items():
            sizes[part] = sizes.get(part, 0) + sum(leaf.size for leaf in jax.tree.leaves(state.params[key]))
        return counted(sizes)

    def trained(self, state: JaxState) -> JaxModel:
        """The model with its parameters."""
        return JaxModel(state.model, {**state.frozen, **state.params})

    def _optimiser(self, parts: Mapping[str, str]) -> optax.GradientTransformation:
        """Clip over all keys, then one chain a part; the schedule multiplies what it gives."""
        clip = optax.identity() if self.gradient_clip is None else optax.clip_by_global_norm(self.gradient_clip)
        chains: dict[Hashable, optax.GradientTransformation] = {part: self._chain(part) for part in parts.values()}
        return optax.chain(clip, optax.partition(chains, dict(parts)))

    def _chain(self, part: str) -> optax.GradientTransformation:
        """The optimiser of one part at its full learning rate."""
        decay = decay_of(self, part)
        decayed = optax.add_decayed_weights(decay) if decay else optax.identity()
        rate = optax.scale_by_learning_rate(rate_of(self, part))
        if self.optimiser == "adamw":
            return optax.chain(optax.scale_by_adam(), decayed, rate)
        return optax.chain(decayed, optax.scale_by_adam() if self.optimiser == "adam" else optax.identity(), rate)

    def _update_function(
        self,
        model: Any,
        task: Task,
        optimiser: optax.GradientTransformation,
        parts: Mapping[str, str],
        names: list[str],
    ) -> Callable[..., Any]:
        """The function that is compiled: parameters, optimiser and a batch to their successors and numbers."""

        def loss_of(params: Params, frozen: Params, arrays: tuple[Any, Any, Any], key: jax.Array) -> tuple[Any, Any]:
            def apply(inputs: Any) -> Any:
                return model.apply({**frozen, **params}, inputs, train=True)

            losses, logged = task.losses(jax_ops, apply, Batch(*arrays), key)
            return losses[task.players[0]], logged

        def update(params: Params, frozen: Params, state: Any, arrays: Any, key: Any, updates: Any, share: Any) -> Any:
            drawn = jax.random.fold_in(key, updates)
            (loss, logged), gradient = jax.value_and_grad(loss_of, has_aux=True)(params, frozen, arrays, drawn)
            changes, state = optimiser.update(gradient, state, params)
            params = jax.tree.map(
                lambda weight, change: weight + (share * change).astype(weight.dtype), params, changes
            )
            told = {"loss": loss, **logged, **_norms(gradient, parts)}
            names[:] = list(told)
            return params, state, jnp.stack([jnp.asarray(value, loss.dtype) for value in told.values()])

        return update


def built_model(model: Any, seed: int) -> Any:
    """The model itself, or what `model(seed)` builds where it is a callable without `init`.

    Raises:
        ConfigError: it has no `init` and `apply`.
    """
    if getattr(model, "init", None) is None and callable(model):
        model = model(seed)
    if not (callable(getattr(model, "init", None)) and callable(getattr(model, "apply", None))):
        raise ConfigError(
            "A JAX model has init(seed) and apply(params, inputs), or is a callable build(seed) that gives one; "
            f"got {type(model).__name__}."
        )
    return model


def key_parts(model: Any, params: Params) -> dict[str, str]:
    """Trained top-level key -> part: "quantum", "twin", or "classical".

    Raises:
        ConfigError: `params` is no dict, a named key is not in it, or nothing is left to train.
    """
    if not isinstance(params, dict):
        raise ConfigError(f"A JAX model's init(seed) gives a dict of parameters; it gave {type(params).__name__}.")
    named = {part: tuple(getattr(model, part, ())) for part in ("quantum", "twin", "frozen")}
    for part, keys in named.items():
        for key in keys:
            if key not in params:
                raise ConfigError(f"The model names {key!r} as {part}; its parameters are {', '.join(sorted(params))}.")
    trained = {
        key: "quantum" if key in named["quantum"] else "twin" if key in named["twin"] else "classical"
        for key in params
        if key not in named["frozen"] and jax.tree.leaves(params[key])
    }
    if not trained:
        raise ConfigError("The model has no parameters that are not frozen, so there is nothing to train.")
    return trained


def _norms(gradient: Params, parts: Mapping[str, str]) -> dict[str, jax.Array]:
    """Norm of the gradient of each part."""
    squares: dict[str, jax.Array] = {}
    for key, part in parts.items():
        for leaf in jax.tree.leaves(gradient[key]):
            square = jnp.sum(jnp.square(jnp.abs(leaf)))
            squares[part] = squares[part] + square if part in squares else square
    return {f"gradient_norm/{part}": jnp.sqrt(square) for part, square in squares.items()}


def _arrays(batch: Batch) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """A batch as the compiled update takes it; labels and row numbers as int32, JAX's own integer."""
    targets = batch.targets
    if targets is not None and targets.dtype.kind in "iu":
        targets = targets.astype(np.int32)
    return batch.inputs, targets, batch.rows.astype(np.int32)


def _tree(state: JaxState) -> tuple[Params, Params, Any, jax.Array]:
    """All arrays of a state as one tree."""
    return state.params, state.frozen, state.optimiser, jax.random.key_data(state.key)


def _leaves(state: JaxState) -> dict[str, jax.Array]:
    """All arrays of a state by their place in the tree."""
    heads = ("model", "frozen", "optimiser", "key")
    named = zip(heads, _tree(state), strict=True)
    return {
        f"{head}{jax.tree_util.keystr(path)}": leaf
        for head, tree in named
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]
    }
