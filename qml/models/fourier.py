"""Classical surrogates of a circuit: sums of sines and cosines, of the circuit's own frequencies or of random ones."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np

from qml.base.errors import CapabilityError, ProgramError
from qml.base.seeds import generator
from qml.circuits.angle import Slot
from qml.circuits.frequencies import frequencies
from qml.circuits.program import Program

WIDEST = 1024  # frequency vectors of a surrogate; of more, so many are drawn


def spectrum(program: Program, widest: int = WIDEST, seed: int = 0) -> np.ndarray:
    """Frequency vectors of a circuit's values, one of each pair of opposite ones, zero left out.

        value(x) = c + sum over w of  a_w cos(w.x) + b_w sin(w.x)

    Every circuit with these generators lies in this class, whatever its weights. Trained frequencies are taken at one,
    where they start.

    Args:
        program: a circuit whose angles are linear in each input.
        widest: at most so many; of a larger set so many are drawn, each once.
        seed: of the draw.

    Returns:
        `(W, D)`, in an order that depends on the arguments only.

    Raises:
        CapabilityError: inputs enter as amplitudes or in products, or no input is read, so that there are no
            frequencies.

    References:
        Schreiber, Eisert and Meyer, Phys. Rev. Lett. 131, 100803 (2023); drawing from a large set: Landman et al.,
        arXiv:2210.13200 (2022).

    Example:
        >>> from qml.circuits import angle, sel
        >>> spectrum(angle(2) + sel(2)).tolist()
        [[0.0, 1.0], [1.0, -1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    try:
        by_input = frequencies(_at_start(program))
    except ProgramError as error:
        raise CapabilityError(
            f"A classical surrogate was asked of a circuit without fixed frequencies: {error} Leave the arm "
            f"'surrogate' out."
        ) from error
    sets = [_mirrored(by_input.get(index, (0.0,))) for index in range(program.n_inputs)]
    total = math.prod(len(found) for found in sets)
    if total < 2:
        raise CapabilityError(
            "A classical surrogate was asked of a circuit that reads no input by an angle. Leave the arm 'surrogate' "
            "out."
        )
    if (total - 1) // 2 <= widest:
        vectors = np.array(list(itertools.product(*sets)))
        return vectors[(total - 1) // 2 + 1 :]  # sorted, so the opposite of each lies in the first half
    return _drawn(sets, widest, generator(seed, "spectrum"))


def random_spectrum(n_inputs: int, width: int, bandwidth: float, seed: int) -> np.ndarray:
    """Frequency vectors `(W, D)` of random Fourier features: normal, with standard deviation `bandwidth`.

    Args:
        n_inputs: numbers of a row.
        width: frequency vectors.
        bandwidth: inverse width of the Gaussian kernel that they approach.
        seed: of the draw.

    References:
        Rahimi and Recht, NeurIPS 2007.

    Example:
        >>> random_spectrum(3, 5, 0.5, seed=0).shape
        (5, 3)
    """
    return bandwidth * generator(seed, "random features").normal(size=(width, n_inputs))


def _at_start(program: Program) -> Program:
    """The Program with its trained frequencies bound to one."""
    start, slots = 0, {}
    for block in program.blocks:
        if block.role == "scale":
            slots |= {Slot("weight", index): 1.0 for index in range(start, start + block.size)}
        start += block.size
    return replace(program.bind(slots), name=program.name) if slots else program


def _mirrored(found: tuple[float, ...]) -> list[float]:
    """Frequencies of both signs, sorted."""
    return sorted({sign * value + 0.0 for value in found for sign in (-1.0, 1.0)})


def _drawn(sets: list[list[float]], width: int, rng: np.random.Generator) -> np.ndarray:
    """`width` distinct vectors of a large product of sets, none zero or opposite to another."""
    found: dict[tuple[float, ...], None] = {}
    while len(found) < width:
        vector = tuple(values[rng.integers(len(values))] for values in sets)
        first = next((value for value in vector if value), 0.0)
        if first:
            found[tuple(math.copysign(1.0, first) * value + 0.0 for value in vector)] = None
    return np.array(list(found))
