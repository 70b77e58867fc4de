"""A Backend whose readout errors are undone: it calibrates them on the wires that are read, and corrects raw counts."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from qml.backends.backend import Backend, Limits, Outcome, Target
from qml.backends.check_run import check_run
from qml.backends.counts import Counts
from qml.backends.draws import checked_seed, checked_shots
from qml.backends.measuring import settings_of
from qml.backends.mitigation.calibrating import Calibration, Recipe, calibrated, outcomes
from qml.backends.mitigation.confusion import Confusion
from qml.backends.mitigation.flipping import Flips, bound
from qml.backends.mitigation.subspace import solved
from qml.backends.mitigation.tensored import unfolded
from qml.backends.mitigation.twirled import divided, flipped_back, limits_behind, masks
from qml.backends.transpiling import transpile
from qml.base.bounds import check_whole
from qml.base.errors import CapabilityError, ConfigError
from qml.base.registry import unknown
from qml.base.seeds import derive
from qml.circuits.program import Program

METHODS = ("tensored", "m3", "twirled")
MITIGATED = ("readout", "extrapolation")  # options of a Target behind which outcomes are no longer raw


@dataclass(frozen=True, eq=False)
class _Asked:
    """A Program with its bindings, and the random flips that they hold."""

    program: Program
    inputs_RD: np.ndarray
    shots: int | None
    flips: Flips
    drawn_TC: np.ndarray


@dataclass(frozen=True)
class ReadoutMitigatedBackend:
    """Runs through `inner`, and undoes the errors of its readout.

    Wires are calibrated once by one job of few circuits, each a binding of one Program: then every run is corrected
    by what that job found. Three ways:

        "tensored":  the inverse of each wire's confusion matrix; unbiased where wires err independently
        "m3":        the same confusion solved on the observed strings alone; for many wires
        "twirled":   random flips before every measurement, undone in the counts, and each word divided by the share
                     of it that comes through; holds for correlated errors too, at `twirls` circuits a binding

    None of them makes outcomes better, only means: the variance grows, and is told. What errors depend on the state,
    such as decay during a long measurement, stays. A Program is transpiled here, so that the calibrated wires are
    those it is read on.

    Args:
        inner: gives raw outcomes.
        shots: of a calibration as a whole, divided among its circuits.
        method: "tensored", "m3" or "twirled".
        refresh: seconds after which a calibration is made anew, by the clock: one job for each such interval, found
            again by a job store within it. None keeps one for good: on a machine behind a service that drifts,
            the log then warns of one that is older than a day. Another `seed` is another calibration at once.
        seed: of the calibration, 1 or more; the draw of a run has its own.
        twirls: flips of a binding, a power of two; its shots are divided among them and rounded up.
        level: of transpilation, 0 to 3.

    Raises:
        CapabilityError: `inner` gives no raw outcomes, or is mitigated already.
        ConfigError: an unknown method, or numbers that are out of range.

    References:
        "m3": Nation et al., PRX Quantum 2, 040326 (2021). "twirled": van den Berg, Minev and Temme, Phys. Rev. A 105,
        032620 (2022).
    """

    inner: Backend
    shots: int = 16384
    method: str = "tensored"
    refresh: float | None = None
    seed: int = 1
    twirls: int = 16
    level: int = 1
    _kept: dict[tuple, Calibration] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self):
        if self.method not in METHODS:
            raise unknown("readout mitigation", self.method, list(METHODS))
        object.__setattr__(self, "shots", checked_shots("ReadoutMitigatedBackend", self.shots))
        object.__setattr__(self, "seed", checked_seed("ReadoutMitigatedBackend", self.seed))
        check_whole("ReadoutMitigatedBackend", 2, twirls=self.twirls)
        if self.refresh is not None and not self.refresh > 0:
            raise ConfigError(
                f"ReadoutMitigatedBackend got refresh={self.refresh!r}; give seconds above 0, or None for never."
            )
        if self.twirls < 2 or self.twirls & (self.twirls - 1):
            raise ConfigError(f"Random flips come in a power of two, such as 16; got twirls={self.twirls}.")
        target = self.inner.target
        behind = [name for name, _ in target.options if name in MITIGATED]
        if behind:
            raise CapabilityError(
                f"Readout mitigation was put around {target.name!r}, whose outcomes are mitigated already "
                f"({', '.join(behind)}). It works on raw counts: put it once, and inside extrapolation."
            )
        if not target.counts or not target.sampled:
            raise CapabilityError(
                f"Readout mitigation was put around {target.name!r}, which gives values and no outcomes of shots. Take "
                "a machine that gives counts, such as a sampler in the place of an estimator."
            )

    @property
    def target(self) -> Target:
        """That of `inner`; how its readout is mitigated stands among the options.

        A job holds fewer bindings where each of them is run with several flips.
        """
        told = (self.method, self.shots, self.seed, self.refresh, self.level)
        told += (self.twirls,) if self.method == "twirled" else ()
        inner = self.inner.target
        limits = limits_behind(inner.limits, self.twirls) if self.method == "twirled" else inner.limits
        options = (*inner.options, ("readout", told))
        return replace(inner, options=options, limits=limits, counts=False, ideal=False)

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Mitigated values of `R` bindings, with the variance of shots and calibration.

        `counts` are the quasi-distribution of "m3", whose weights may be negative, and none otherwise. `record`
        tells of the calibration. `shots=None` is exact where `inner` is: the outcomes are then its probabilities.

        Raises:
            ProgramError, ShapeError, DataError, ConfigError, CapabilityError: see `qml.backends.check_run.check_run`;
                nothing was sent. What a calibration finds may be a CapabilityError too: see `Confusion`.
        """
        inner = self.inner.target
        check_run(replace(inner, limits=Limits()), program, slots_RS, shots, seed)
        native = transpile(program, inner, level=self.level)
        if not native.readout.wires or not len(slots_RS):
            return replace(self.inner.run(program, slots_RS, shots=shots, seed=seed), counts=())
        asked = self._asked(native, slots_RS.astype(float), shots, seed)  # limits are those of what is really run
        check_run(inner, asked.program, bound(asked.program, asked.inputs_RD), asked.shots, seed)
        exact = shots is None
        calibration = self.calibration(native.readout.wires, native.n_qubits, exact=exact)
        counts, record = outcomes(self.inner, asked.program, asked.inputs_RD, asked.shots, seed)
        outcome = self._corrected(native, asked, counts, calibration, exact)
        told = {"method": self.method, **outcome.record, "calibration": dict(calibration.record)}
        return replace(outcome, record={**record, "readout": told})

    def calibration(self, wires: Sequence[int], n_qubits: int, *, exact: bool = False) -> Calibration:
        """The calibration of these wires that holds now; a new one is one run of `inner`.

        Args:
            wires: of the machine, in any order.
            n_qubits: the width of the Program that is to be run.
            exact: from exact probabilities in the place of shots.
        """
        wires = tuple(sorted(wires))
        window = 0 if self.refresh is None else int(time.time() // self.refresh)
        key = (self.inner.target.digest, self.seed, window, wires, n_qubits, exact)
        if key not in self._kept:
            seed = self.seed if self.refresh is None else derive(self.seed, "calibration of", window)
            recipe = Recipe(None if exact else self.shots, seed, self.twirls if self.method == "twirled" else 0)
            self._kept[key] = calibrated(self.inner, wires, n_qubits, recipe)
        return self._kept[key]

    def _asked(self, native: Program, inputs: np.ndarray, shots: int | None, seed: int | None) -> _Asked:
        """What `inner` is to run: the Program itself, or all random flips of all bindings."""
        if self.method != "twirled":
            return _Asked(native, inputs, shots, Flips((), ()), np.zeros((0, 0), np.uint8))
        flips = Flips.of(native.readout)
        drawn_TC = masks(self.twirls, flips.n_columns, 1 if seed is None else seed)
        angles = math.pi * np.repeat(drawn_TC, len(inputs), axis=0)
        each = None if shots is None else math.ceil(shots / self.twirls)
        bindings = np.concatenate([np.tile(inputs, (self.twirls, 1)), angles], axis=1)
        return _Asked(flips.appended(native, self.inner.target), bindings, each, flips, drawn_TC)

    def _corrected(
        self, native: Program, asked: _Asked, counts: Sequence[Counts], calibration: Calibration, exact: bool
    ) -> Outcome:
        """Values from the outcomes of what was asked; the record tells what this took."""
        readout, found = native.readout, calibration.of
        if isinstance(found, Confusion):
            return (solved if self.method == "m3" else unfolded)(readout, counts, found, exact=exact)
        undone = [
            flipped_back(part, asked.flips.seen(asked.drawn_TC, setting.word))
            for part, setting in zip(counts, settings_of(readout), strict=True)
        ]
        told = {"twirls": self.twirls, "shots_a_twirl": asked.shots}
        return replace(divided(readout, undone, found, exact=exact), record=told)
