"""Readout errors made even by random flips before the measurement, and divided out word by word (TREX)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.backends.backend import Limits, Outcome
from qml.backends.counts import Counts
from qml.backends.mitigation.terms import Term, mean_of, parities, parts_of
from qml.base.errors import CapabilityError
from qml.base.seeds import generator
from qml.circuits.readout import Probabilities, Readout

FAINT = 3.0  # standard errors: a factor that is no further from zero cannot be divided by


def masks(n_twirls: int, n_columns: int, seed: int) -> np.ndarray:
    """`(T, M)` random flips of `M` bits, uniform each by itself, which together treat any three bits alike.

    Each mask is a row of a linear code behind one random mask; with at most `T / 2` columns, all eight flips of any
    three different bits are equally frequent among the `T` masks. Further columns repeat earlier ones.

    Args:
        n_twirls: a power of two.
        n_columns: bits.
        seed: of the draw.

    Example:
        >>> masks(4, 2, seed=1).sum(axis=0).tolist()
        [2, 2]
    """
    random = generator(seed, "twirls")
    order = np.concatenate([random.permutation(n_twirls // 2) for _ in range(0, n_columns, max(1, n_twirls // 2))])
    columns = n_twirls // 2 + order[:n_columns]
    chosen = np.arange(n_twirls)[:, None] & columns
    even = np.bitwise_count(chosen.astype(np.uint64)).astype(np.int64) % 2
    return (even ^ random.integers(0, 2, n_columns)).astype(np.uint8)


def limits_behind(limits: Limits, n_twirls: int) -> Limits:
    """What one job holds of bindings that are each run with so many flips, their shots divided among them.

    Shots that the flips do not divide are rounded up: executions are fewer by what this may add to shots of at least
    one a flip.

    Args:
        limits: of the machine.
        n_twirls: flips of a binding.

    Example:
        >>> limits_behind(Limits(circuits=1000, shots=20_000, executions=1_000_000), 16)
        Limits(circuits=62, shots=320000, executions=999070)
    """
    circuits = None if limits.circuits is None else limits.circuits // n_twirls
    shots = None if limits.shots is None else limits.shots * n_twirls
    executions = limits.executions
    if executions is not None:
        by_shots = executions * n_twirls // (2 * n_twirls - 1)
        executions = max(by_shots, 0 if circuits is None else executions - (n_twirls - 1) * circuits)
    return Limits(circuits, shots, executions)


def flipped_back(counts: Counts, masks_TM: np.ndarray) -> Counts:
    """Bindings `T x R`, twirl by twirl, as `R` bindings with their flips undone."""
    n_rows = counts.n_rows // len(masks_TM)
    undone_NM = counts.bits_NM ^ masks_TM[counts.row_N // n_rows]
    order = np.argsort(counts.row_N % n_rows, kind="stable")
    all_of_them = Counts(n_rows, counts.row_N[order] % n_rows, undone_NM[order], counts.times_N[order])
    return all_of_them.of_bits(range(undone_NM.shape[1]))


@dataclass(frozen=True, eq=False)
class Faded:
    """What is read, flips undone, where every wire is 0: how much of each word's value comes through.

    Args:
        wires: in the order of the bits.
        counts: of one binding.
        exact: whether `times_N` are exact probabilities.
    """

    wires: tuple[int, ...]
    counts: Counts
    exact: bool

    def factor(self, wires: Sequence[int]) -> tuple[float, float]:
        """The factor of a word on `wires`, and its variance.

        Raises:
            CapabilityError: it is lost in the noise.
        """
        line_N = parities(self.counts.bits_NM, [self.wires.index(wire) for wire in wires])
        mean, variance = (float(number[0]) for number in mean_of(self.counts, line_N))
        if mean <= (0.0 if self.exact else FAINT * np.sqrt(variance)):
            raise CapabilityError(
                f"Twirled readout of the wires {tuple(wires)} brings {mean:.3g} of a word's value, which is not above "
                "the noise of its calibration. Read words on fewer wires, or calibrate with more shots."
            )
        return mean, 0.0 if self.exact else variance


def divided(readout: Readout, counts: Sequence[Counts], faded: Faded, *, exact: bool) -> Outcome:
    """Values of words divided by the share of them that comes through, and their variances.

        <w> = <w as read> / f_w,    f_w = <w as read on |0...0>

    Holds for correlated errors too: flips make any confusion diagonal in the words. The variance holds that of the
    shots and, to first order, that of the factors.

    Args:
        readout: on the wires of `faded`.
        counts: one a setting of `settings_of(readout)`, flips undone.
        faded: the calibration.
        exact: whether `times_N` are exact probabilities; then there is no variance.

    References:
        van den Berg, Minev and Temme, Phys. Rev. A 105, 032620 (2022).
    """
    if isinstance(readout, Probabilities):
        return _probabilities(readout, counts[0], faded, exact)
    constants, parts = parts_of(readout)
    n_rows = counts[0].n_rows if counts else 0
    values = np.tile(constants, (n_rows, 1))
    variance = np.zeros_like(values)
    slopes: dict[tuple[int, ...], np.ndarray] = {}  # by the factor of each set of wires, which settings share
    spreads: dict[tuple[int, ...], float] = {}
    for part, counted in zip(parts, counts, strict=True):
        by_value: dict[int, list[Term]] = {}
        for term in part.terms:
            by_value.setdefault(term.k, []).append(term)
        for k, terms in by_value.items():
            line_N = np.zeros(len(counted.row_N))
            for term in terms:
                wires = tuple(part.setting.wires[column] for column in term.columns)
                factor, spreads[wires] = faded.factor(wires)
                own_N = term.coefficient / factor * parities(counted.bits_NM, term.columns)
                line_N += own_N
                slopes.setdefault(wires, np.zeros_like(values))[:, k] -= mean_of(counted, own_N)[0] / factor
            mean, spread = mean_of(counted, line_N)
            values[:, k] += mean
            variance[:, k] += spread
    if exact:
        return Outcome(values)
    return Outcome(values, variance + sum(spreads[wires] * slope**2 for wires, slope in slopes.items()))


def _probabilities(readout: Probabilities, counts: Counts, faded: Faded, exact: bool) -> Outcome:
    """All outcomes: the words of Z on all subsets of the wires, divided one by one."""
    ascending = sorted(readout.wires)
    shares_RO = counts.of_bits([ascending.index(wire) for wire in readout.wires]).frequencies_RO()
    size, n_wires = readout.n_values, len(readout.wires)
    chosen = [
        [wire for place, wire in enumerate(readout.wires) if word >> n_wires - 1 - place & 1] for word in range(size)
    ]
    factors = [(1.0, 0.0), *(faded.factor(wires) for wires in chosen[1:])]
    factor_O, spread_O = np.array(factors).T
    word_RO = _walsh(shares_RO) / factor_O
    values = _walsh(word_RO) / size
    if exact:
        return Outcome(values)
    kernel_O = _walsh(1 / factor_O) / size  # what one outcome read adds to every other, by the bits that differ
    square = _walsh(_walsh(shares_RO) * _walsh(kernel_O**2)) / size
    shots = counts.shots_R[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(shots > 1, np.maximum(square - values**2, 0) / (shots - 1), np.nan)
    slopes_RO = word_RO / factor_O / size  # its sign over the outcomes falls out of the square
    return Outcome(values, variance + (slopes_RO**2 * spread_O).sum(axis=1, keepdims=True))


def _walsh(table_RO: np.ndarray) -> np.ndarray:
    """Sums over outcomes with the signs of each word, `(..., 2**M)` to the same shape."""
    table, size = np.array(table_RO, float), table_RO.shape[-1]
    step = 1
    while step < size:
        pairs = table.reshape(*table.shape[:-1], -1, 2, step)
        table = np.stack([pairs[..., 0, :] + pairs[..., 1, :], pairs[..., 0, :] - pairs[..., 1, :]], axis=-2)
        table = table.reshape(table_RO.shape)
        step *= 2
    return table
