"""The hybrid as a JAX pair: `init(seed)` gives a dictionary of arrays, `apply(params, inputs)` is a pure function."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from qml.base.errors import CapabilityError
from qml.base.extras import require
from qml.base.lazy import cached_property
from qml.base.seeds import derive
from qml.models.block import Block
from qml.models.features import Identity, Mlp
from qml.models.fourier import random_spectrum, spectrum
from qml.models.model import CLASSICAL, FOURIER, Kind, Part
from qml.models.plain_readout import plain_shares
from qml.models.signature import placed
from qml.models.spec import ANGLE_START, HybridSpec

require("jax", extra="jax", purpose="a hybrid model in JAX")
import jax
import jax.numpy as jnp

Params = dict[str, Any]


@dataclass(frozen=True)
class JaxHybrid:
    """`outputs = head(circuit(pi * tanh(linear(features(inputs)))))`, the same model as the torch `Hybrid`.

    Features, head and twin are plain functions of the parameters; only the circuit needs the engine.

    Args:
        spec: the model as a value, with its signature.
        dtype: of all parameters.

    Example:
        >>> from qml.models import CircuitSpec, HybridSpec, Signature
        >>> spec = HybridSpec(circuit=CircuitSpec("sel", 2, 1), signature=Signature((5,), 3), framework="jax")
        >>> model = spec.build(seed=0)
        >>> params = model.init(0)
        >>> sorted(params), model.apply(params, jnp.zeros((4, 5))).shape
        (['angles', 'circuit', 'head'], (4, 3))
    """

    spec: HybridSpec
    dtype: Any = field(default=jnp.float32)

    @property
    def quantum(self) -> tuple[str, ...]:
        """Top-level keys of the parameters that are circuit weights."""
        return () if self.spec.ablation in CLASSICAL else ("circuit",)

    @property
    def frozen(self) -> tuple[str, ...]:
        """Top-level keys that are never trained."""
        return ("circuit",) if self.spec.ablation == "frozen" else ()

    @property
    def twin(self) -> tuple[str, ...]:
        """Top-level keys of a block in the circuit's place, which may have a learning rate of its own."""
        return {"twin": ("block",), **dict.fromkeys(FOURIER, ("fourier",))}.get(self.spec.ablation, ())

    @cached_property
    def _circuit(self) -> Any:
        from qml.layers.jax import circuit

        return circuit(self.spec.program, executor=self.spec.executor, init=self.spec.circuit.init)

    def __getstate__(self) -> dict[str, Any]:
        return {"spec": self.spec, "dtype": self.dtype}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def init(self, seed: int) -> Params:
        """Parameters drawn from `seed`; parts shared by all ablations start equal."""
        signature = placed(self.spec, self.spec.signature)
        program = self.spec.program
        widths = self.spec.features.widths if isinstance(self.spec.features, Mlp) else ()
        width = widths[-1] if widths else signature.n_inputs
        params: Params = {
            "angles": self._dense(_key(seed, "angles"), width, program.n_inputs, ANGLE_START),
        }
        if self.spec.ablation != "unweighted":
            params["head"] = self._stack(seed, "head", (program.n_values, *self.spec.head.widths, signature.n_outputs))
        if widths:
            params["features"] = self._stack(seed, "features", (signature.n_inputs, *widths))
        return params | self._init_middle(seed)

    def _init_middle(self, seed: int) -> Params:
        program = self.spec.program
        if self.quantum:
            return {"circuit": self._circuit.init(_key(seed, "circuit"), dtype=self.dtype)}
        if self.spec.ablation == "twin":
            return {"block": self._init_block(seed, self.spec.block)}
        if self.spec.ablation in FOURIER:
            return {"fourier": self._dense(_key(seed, "fourier"), 2 * len(spectrum(program)), program.n_values)}
        if program.n_inputs == program.n_values:
            return {}
        return {"removed": self._dense(_key(seed, "removed"), program.n_inputs, program.n_values)}

    def apply(self, params: Params, inputs: jax.Array, *, train: bool = False) -> jax.Array:
        """`(B, ...)` to `(B, C)`; `train` changes nothing, because no part behaves differently in training."""
        return self.head(params, self.values(params, inputs))

    def values(self, params: Params, inputs: jax.Array) -> jax.Array:
        """What the circuit hands to the head: `(B, ...)` to `(B, K)`."""
        hidden = jnp.asarray(inputs, self.dtype).reshape(inputs.shape[0], -1)
        if "features" in params:
            for name in sorted(params["features"]):
                hidden = jax.nn.relu(_linear(params["features"][name], hidden))
        return self._middle(params, math.pi * jnp.tanh(_linear(params["angles"], hidden)))

    def head(self, params: Params, values: jax.Array) -> jax.Array:
        """From the circuit's values `(B, K)` to the outputs `(B, C)`."""
        signature = placed(self.spec, self.spec.signature)
        if self.spec.ablation == "unweighted":
            values = values @ jnp.asarray(plain_shares(self.spec.program.n_values, signature.n_outputs), self.dtype)
        for index, name in enumerate(sorted(params.get("head", {}))):
            values = _linear(params["head"][name], jnp.tanh(values) if index else values)
        return signature.center + signature.scale * values

    def _middle(self, params: Params, angles_BD: jax.Array) -> jax.Array:
        if "circuit" in params:
            return self._circuit.apply(params["circuit"], angles_BD)
        if self.spec.ablation == "twin":
            return _apply_block(self.spec.block, params["block"], angles_BD)
        if self.spec.ablation in FOURIER:
            phases_BW = angles_BD @ jnp.asarray(self._frequencies_WD.T, self.dtype)
            return _linear(params["fourier"], jnp.concatenate([jnp.cos(phases_BW), jnp.sin(phases_BW)], axis=1))
        return _linear(params["removed"], angles_BD) if "removed" in params else angles_BD

    @cached_property
    def _frequencies_WD(self) -> Any:
        """Those of the circuit, or as many random ones, the same for every seed of the weights."""
        program = self.spec.program
        own = spectrum(program)
        if self.spec.ablation == "surrogate":
            return own
        return random_spectrum(program.n_inputs, len(own), self.spec.bandwidth, seed=0)

    def part_parameters(self, part: Part = "all", params: Params | None = None) -> Iterator[Any]:
        """Trained arrays of one part; of `params`, or of fresh ones."""
        for name, branch in (params if params is not None else self.init(1)).items():
            own = "quantum" if name in self.quantum else "classical"
            if name not in self.frozen and part in ("all", own):
                yield from jax.tree.leaves(branch)

    def parameter_counts(self) -> dict[str, int]:
        """Trained numbers by part."""
        return {part: sum(leaf.size for leaf in self.part_parameters(part)) for part in ("quantum", "classical")}

    def ablate(self, kind: Kind) -> JaxHybrid:
        """The same model with the circuit replaced; parts that stay start from the same numbers for the same seed."""
        spec = self.spec.ablate(kind)
        spec.check()
        return replace(self, spec=spec)

    def _dense(self, key: jax.Array, n_in: int, n_out: int, start: float = 1.0) -> Params:
        bound = start * n_in**-0.5
        kernel, bias = jax.random.split(key)
        return {
            "kernel": jax.random.uniform(kernel, (n_in, n_out), self.dtype, -bound, bound),
            "bias": jax.random.uniform(bias, (n_out,), self.dtype, -bound, bound),
        }

    def _stack(self, seed: int, name: str, sizes: tuple[int, ...]) -> Params:
        shapes = enumerate(pairwise(sizes))
        return {f"{i:02d}": self._dense(_key(seed, name, str(i)), n_in, n_out) for i, (n_in, n_out) in shapes}

    def _init_block(self, seed: int, block: Block) -> Params:
        params: Params = {}
        for index, layer in enumerate(block.layers):
            n_in, n_out = layer.n_in // layer.groups, layer.n_out // layer.groups
            bound = n_in**-0.5
            kernel, bias = jax.random.split(_key(seed, "twin", str(index)))
            params[f"{index:02d}"] = {
                "kernel": jax.random.uniform(kernel, (layer.groups, n_out, n_in), self.dtype, -bound, bound)
            }
            if layer.n_biases:
                params[f"{index:02d}"]["bias"] = jax.random.uniform(bias, (layer.n_biases,), self.dtype, -bound, bound)
        return params


def build_jax_hybrid(spec: HybridSpec) -> JaxHybrid:
    """The pair of `spec`.

    Raises:
        CapabilityError: the features are neither `Identity` nor an `Mlp` without dropout.
    """
    plain_mlp = isinstance(spec.features, Mlp) and not spec.features.dropout
    if not (isinstance(spec.features, Identity) or plain_mlp):
        raise CapabilityError(
            f"framework 'jax' was asked for with features {spec.features}; a JAX hybrid takes 'identity' or 'mlp' "
            f"without dropout. Use those, or framework 'torch'."
        )
    return JaxHybrid(spec)


def _key(seed: int, *path: str) -> jax.Array:
    return jax.random.key(derive(seed, *path))


def _linear(layer: Params, inputs: jax.Array) -> jax.Array:
    return inputs @ layer["kernel"] + layer["bias"]


def _apply_block(block: Block, params: Params, inputs_BD: jax.Array) -> jax.Array:
    """The classical block: linear layers with tanh between, tanh or softmax at the end."""
    hidden = inputs_BD
    for index, layer in enumerate(block.layers):
        hidden = jnp.tanh(hidden) if index else hidden
        grouped = hidden.reshape(hidden.shape[0], layer.groups, -1)
        own = params[f"{index:02d}"]
        hidden = jnp.einsum("bgi,goi->bog", grouped, own["kernel"]).reshape(hidden.shape[0], -1)
        if layer.n_biases:
            hidden = hidden + jnp.pad(own["bias"], (0, layer.n_out - layer.n_biases))
    return jnp.tanh(hidden) if block.output == "tanh" else jax.nn.softmax(hidden, axis=-1)
