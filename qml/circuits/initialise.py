"""Where training starts: named ways to draw the weights of a Program."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qml.base.errors import ProgramError
from qml.base.registry import Registry
from qml.base.seeds import generator
from qml.circuits.mirrored import MIRRORED
from qml.circuits.program import Program

Initialiser = Callable[[Program, np.random.Generator], np.ndarray]
INITIALISERS: Registry[Initialiser] = Registry("initialisation")

SMALL_ANGLE = 0.1  # radians, the standard deviation of "small_angle"


def initialise(program: Program, how: str = "uniform", seed: int = 0) -> np.ndarray:
    """Starting weights `(P,)`, float64, a pure function of the arguments.

    Blocks of role "scale" (trained frequencies) start at one, whatever `how` says.

    Args:
        program: the circuit.
        how: `"uniform"` in [0, 2 pi); `"unit"` in [0, 1); `"small_angle"`, normal with standard deviation 0.1;
            `"identity_block"`, uniform with equal halves in each block made by `mirrored`.
        seed: an integer.

    Raises:
        ConfigError: `how` is not in `INITIALISERS`.
        ProgramError: `"identity_block"` of a circuit without mirrored blocks.

    References:
        "identity_block": Grant et al., Quantum 3, 214 (2019). "small_angle": Zhang et al., NeurIPS 2022.

    Example:
        >>> from qml.circuits import reupload
        >>> initialise(reupload(2), seed=1)[:3].round(3)
        array([1.   , 1.   , 4.254])
    """
    weights = np.asarray(INITIALISERS[how](program, generator(seed, "initialise", how)), dtype=np.float64)
    for block, places in _places(program):
        if block.role == "scale":
            weights[places] = 1.0
    return weights


@INITIALISERS.register("uniform")
def uniform(program: Program, rng: np.random.Generator) -> np.ndarray:
    """Independent and uniform in [0, 2 pi)."""
    return rng.uniform(0.0, 2 * np.pi, program.n_weights)


@INITIALISERS.register("unit")
def unit(program: Program, rng: np.random.Generator) -> np.ndarray:
    """Independent and uniform in [0, 1)."""
    return rng.uniform(0.0, 1.0, program.n_weights)


@INITIALISERS.register("small_angle")
def small_angle(program: Program, rng: np.random.Generator) -> np.ndarray:
    """Independent normal numbers of standard deviation 0.1 radians: near the circuit without rotations."""
    return rng.normal(0.0, SMALL_ANGLE, program.n_weights)


@INITIALISERS.register("identity_block")
def identity_block(program: Program, rng: np.random.Generator) -> np.ndarray:
    """Uniform, with the second half of each mirrored block equal to the first: each pair is the identity."""
    weights = uniform(program, rng)
    found = False
    for block, places in _places(program):
        if block.role == MIRRORED:
            found = True
            half = block.size // 2
            weights[places.start + half : places.stop] = weights[places.start : places.start + half]
    if program.n_weights and not found:
        raise ProgramError(
            f"Initialisation 'identity_block' was asked of a circuit whose blocks {[b.name for b in program.blocks]} "
            f"are not mirrored. Build the ansatz with mirrored(...), or start with 'small_angle'."
        )
    return weights


def _places(program: Program):
    start = 0
    for block in program.blocks:
        yield block, slice(start, start + block.size)
        start += block.size
