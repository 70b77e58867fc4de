"""The twin of a circuit: the strongest small classical block with the same signature and size."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from qml.base.errors import CapabilityError
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities

TOLERANCE = 0.10


@dataclass(frozen=True)
class Layer:
    """A linear map `n_in -> n_out` in `groups` equal blocks along the diagonal; one group is dense.

    The first `n_biases` outputs have a bias: all or none of them, unless nothing else meets the number of parameters.
    """

    n_in: int
    n_out: int
    groups: int = 1
    n_biases: int = 0

    @property
    def n_parameters(self) -> int:
        """Trained numbers."""
        return self.n_in * self.n_out // self.groups + self.n_biases


@dataclass(frozen=True)
class Block:
    """Linear layers with tanh between them and a bounded output, standing in for a circuit of `target` weights.

    The output is tanh where the circuit returns expectation values, and a softmax where it returns
    probabilities, so that the head sees numbers of the same range.

    Args:
        layers: in order; a block of a circuit without weights has none (tanh of its inputs).
        target: weights of the circuit that it replaces.
        output: the last function.
    """

    layers: tuple[Layer, ...]
    target: int
    output: Literal["tanh", "softmax"] = "tanh"

    @property
    def n_parameters(self) -> int:
        """Trained numbers of the block."""
        return sum(layer.n_parameters for layer in self.layers)

    @property
    def difference(self) -> float:
        """Relative difference to the circuit's weights: +0.05 is five per cent more."""
        return self.n_parameters / self.target - 1 if self.target else 0.0

    @property
    def width(self) -> int:
        """The narrowest place between input and output: what passes through at most."""
        return min((min(layer.n_in, layer.n_out) for layer in self.layers), default=0)

    def __str__(self) -> str:
        if not self.layers:
            return f"{self.output} of the inputs, no weights, as the circuit"
        sizes = "-".join(str(n) for n in (self.layers[0].n_in, *(layer.n_out for layer in self.layers)))
        groups = f" in {self.layers[0].groups} groups" if self.layers[0].groups > 1 else ""
        return (
            f"tanh network {sizes}{groups}, {self.n_parameters} parameters "
            f"for the circuit's {self.target} ({self.difference:+.1%})"
        )


@lru_cache(maxsize=256)
def twin_block(n_inputs: int, n_values: int, n_weights: int, output: Literal["tanh", "softmax"] = "tanh") -> Block:
    """The classical block of a signature with a number of parameters within 10 % of `n_weights`.

    Among all tanh networks with up to two hidden layers, dense or in groups, with or without biases, that
    meet the number, it takes the one that lets most numbers through (the widest bottleneck), then the
    densest, then the shallowest, then the nearest in size: a twin is to be strong, not a straw man.

    Args:
        n_inputs: numbers `D` it reads.
        n_values: numbers `K` it returns.
        n_weights: trained weights `P` of the circuit.
        output: "tanh" for expectation values, "softmax" for probabilities.

    Raises:
        CapabilityError: no such block has a number of parameters within 10 %.

    Example:
        >>> block = twin_block(8, 8, 72)
        >>> block.n_parameters, str(block)
        (72, "tanh network 8-8, 72 parameters for the circuit's 72 (+0.0%)")
    """
    if n_weights == 0 and n_inputs == n_values:
        return Block((), 0, output)
    near = [Block(layers, n_weights, output) for layers in _networks(n_inputs, n_values, n_weights)]
    candidates = [block for block in near if abs(block.difference) <= TOLERANCE]
    candidates = candidates or [block for block in map(_filled, near) if abs(block.difference) <= TOLERANCE]
    if not candidates:
        raise CapabilityError(
            f"A classical twin of a circuit with {n_inputs} inputs, {n_values} values and {n_weights} weights was "
            f"asked for; no tanh network of that signature has {n_weights} parameters within {TOLERANCE:.0%}. Change "
            f"the depth or the encoding of the circuit, or leave the arm 'twin' out."
        )
    return min(candidates, key=_rank)


def twin_of(program: Program) -> Block:
    """The twin of a Program: see `twin_block`."""
    output = "softmax" if isinstance(program.readout, Probabilities) else "tanh"
    return twin_block(program.n_inputs, program.n_values, program.n_weights, output)


def _rank(block: Block) -> tuple:
    groups = max(layer.groups for layer in block.layers)
    return -block.width, groups, len(block.layers), abs(block.difference), [-layer.n_biases for layer in block.layers]


def _networks(n_inputs: int, n_values: int, budget: int) -> Iterator[tuple[Layer, ...]]:
    """Every candidate network not far above the budget."""
    bound = (1 + TOLERANCE) * budget
    for groups in _divisors(math.gcd(n_inputs, n_values)):
        widest = int(bound * groups // (n_inputs + n_values))
        first = [groups * i for i in range(1, widest // groups + 1)]
        pairs = itertools.product([h for h in first if h <= 64], repeat=2)
        for hidden in itertools.chain([()], ((h,) for h in first), pairs):
            sizes = (n_inputs, *hidden, n_values)
            if sum(a * b for a, b in itertools.pairwise(sizes)) // groups > bound:
                continue
            for biases in itertools.product((True, False), repeat=len(sizes) - 1):
                shapes = zip(itertools.pairwise(sizes), biases, strict=True)
                yield tuple(Layer(a, b, groups, b * bias) for (a, b), bias in shapes)


def _filled(block: Block) -> Block:
    """The block with as many biases on its last layer as bring it to its target, where they fit."""
    last = block.layers[-1]
    missing = min(max(block.target - block.n_parameters, 0), last.n_out - last.n_biases)
    return replace(block, layers=(*block.layers[:-1], replace(last, n_biases=last.n_biases + missing)))


def _divisors(n: int) -> list[int]:
    return [d for d in range(1, n + 1) if n % d == 0]
