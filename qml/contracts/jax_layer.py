"""What a JAX pair of functions must do under the transformations: the checks, on any `init` and `apply`."""

from __future__ import annotations

from typing import Any

from qml.base.extras import require as require_extra

require_extra("jax", extra="jax", purpose="Checking a JAX layer")
import jax
import jax.numpy as jnp

from qml.contracts.report import Broken, NotApplicable, require

ROWS = 5


class JaxCase:
    """One pair under check, with parameters and inputs to try it on.

    Args:
        pair: has `init(key) -> params` and `apply(params, inputs)`.
        n_inputs: width of its inputs.
        seed: of inputs and parameters.
    """

    def __init__(self, pair: Any, n_inputs: int, seed: int):
        self.apply = pair.apply
        self.params = pair.init(jax.random.key(seed))
        self.key = jax.random.key(seed + 1)
        self.inputs = jax.random.uniform(self.key, (ROWS, n_inputs), jnp.float32, -0.7, 1.3)

    def loss(self, params: Any, inputs: Any) -> Any:
        """A scalar of all values."""
        return (self.apply(params, inputs) ** 2).sum()

    def place(self) -> tuple[Any, Any]:
        """Where gradients are taken."""
        if not jax.tree.leaves(self.params):
            raise NotApplicable("the pair has no parameters")
        return self.params, self.inputs


def _near(a: Any, b: Any, what: str, tolerance: float = 1e-5) -> None:
    for left, right in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        if left.shape != right.shape:
            raise Broken(f"{what}: shape {left.shape} instead of {right.shape}")
        if not left.size:
            continue
        gap, scale = float(abs(left - right).max()), max(1.0, float(abs(right).max()))
        require(gap <= tolerance * scale, f"{what}: off by {gap:.3g} where {tolerance * scale:.3g} is allowed")


def gradients(case: JaxCase) -> None:
    """Gradients are finite, not zero, and agree with finite differences."""
    found = jax.grad(case.loss, (0, 1))(case.params, case.inputs)
    if not any(leaf.size for leaf in jax.tree.leaves(found)):
        raise NotApplicable("the pair has neither inputs nor parameters")
    for leaf in jax.tree.leaves(found):
        require(bool(jnp.isfinite(leaf).all()), "a gradient is not finite")
        require(leaf.size == 0 or bool((leaf != 0).any()), "a gradient is zero everywhere")
    here = (case.params, case.inputs)
    direction = jax.tree.map(lambda leaf: jax.random.normal(case.key, leaf.shape, leaf.dtype), here)
    size = sum(float((leaf**2).sum()) for leaf in jax.tree.leaves(direction)) ** 0.5
    step = 2e-2 / size
    ends = [case.loss(*jax.tree.map(lambda a, d, s=s: a + s * d, here, direction)) for s in (step, -step)]
    slope = sum(float((g * d).sum()) for g, d in zip(*map(jax.tree.leaves, (found, direction)), strict=True))
    measured = float(ends[0] - ends[1]) / (2 * step)
    allowed = 5e-3 * max(size, abs(measured))
    require(abs(slope - measured) <= allowed, f"slope {slope:.6g} where finite differences give {measured:.6g}")


def jits(case: JaxCase) -> None:
    """`jit` gives the same values and gradients."""
    here = (case.params, case.inputs)
    _near(jax.jit(case.apply)(*here), case.apply(*here), "values under jit")
    _near(jax.jit(jax.grad(case.loss))(*here), jax.grad(case.loss)(*here), "gradients under jit")


def values_with_gradients(case: JaxCase) -> None:
    """`value_and_grad` gives both."""
    here = case.place()
    value, slopes = jax.value_and_grad(case.loss)(*here)
    _near(value, case.loss(*here), "value of value_and_grad")
    _near(slopes, jax.grad(case.loss)(*here), "gradients of value_and_grad")


def maps(case: JaxCase) -> None:
    """`vmap` over rows gives what a batch gives, also under `jit`, and maps over parameters too."""
    here = (case.params, case.inputs)
    expected = case.apply(*here)
    _near(jax.vmap(case.apply, (None, 0))(*here), expected, "values under vmap")
    _near(jax.jit(jax.vmap(case.apply, (None, 0)))(*here), expected, "values under jit of vmap")
    sets = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf + jnp.asarray(0.5, leaf.dtype)]), case.params)
    if jax.tree.leaves(sets):
        found = jax.vmap(case.apply, (0, None))(sets, case.inputs)
        for index in range(2):
            one = jax.tree.map(lambda leaf, i=index: leaf[i], sets)
            _near(found[index], case.apply(one, case.inputs), "values under vmap over parameters")


def per_sample_gradients(case: JaxCase) -> None:
    """`vmap(grad)` gives the gradient of each row."""
    params, inputs = case.place()
    found = jax.vmap(jax.grad(case.loss), (None, 0))(params, inputs)
    for index in range(ROWS):
        one = jax.tree.map(lambda leaf, i=index: leaf[i], found)
        _near(one, jax.grad(case.loss)(params, inputs[index]), f"gradient of row {index}")


def batch_dimensions(case: JaxCase) -> None:
    """Any number of batch dimensions, none included."""
    expected = case.apply(case.params, case.inputs)
    _near(case.apply(case.params, case.inputs[0]), expected[0], "values of a single row without batch dimension")
    stacked = jnp.stack([case.inputs, case.inputs])[:, None]
    _near(case.apply(case.params, stacked), jnp.stack([expected, expected])[:, None], "values of a (2, 1, 5) batch")


def empty_batch(case: JaxCase) -> None:
    """No rows give no values and zero gradients."""
    width = case.apply(case.params, case.inputs).shape[-1]
    shape = case.apply(case.params, case.inputs[:0]).shape
    require(shape == (0, width), f"an empty batch gives shape {shape}, not (0, {width})")
    for leaf in jax.tree.leaves(jax.grad(case.loss)(case.params, case.inputs[:0])):
        require(not bool(leaf.any()), "an empty batch gives a gradient that is not zero")


CHECKS = {
    "gradients": gradients,
    "jit": jits,
    "value_and_grad": values_with_gradients,
    "vmap": maps,
    "per-sample gradients": per_sample_gradients,
    "batch dimensions": batch_dimensions,
    "empty batch": empty_batch,
}
