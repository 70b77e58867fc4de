"""A Backend that runs circuits with their noise made larger, and tells what they would give with none."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qml.backends.backend import Backend, Outcome, Target
from qml.backends.check_run import check_run
from qml.backends.mitigation.extrapolation import STEEPEST, check_method, extrapolated
from qml.backends.mitigation.flipping import bound
from qml.backends.mitigation.folding import FOLDS, check_scales, folded
from qml.backends.mitigation.terms import uniform_value
from qml.backends.transpiling import transpile
from qml.base.errors import CapabilityError, ConfigError
from qml.base.seeds import derive
from qml.circuits.program import Program

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExtrapolatedBackend:
    """Zero-noise extrapolation: every circuit at several sizes of its noise, and a fit to none.

    A Program is transpiled once; its native gates are folded (`qml.backends.mitigation.folding.folded`), and `inner`
    runs the result as it is written. Bindings stay bindings, so that a run is one job of `inner` a scale, with
    `shots` each.

    It assumes that noise grows with the gates in the way of the fit. What does not grow with them, such as readout
    errors, it keeps and enlarges: mitigate these inside. Errors of shots are enlarged too: by 1.6 for a line through
    scales 1 and 3, by 2.3 for a parabola through 1, 3 and 5. Where circuits are so deep that little of a value is
    left at scale 1, there is nothing to extrapolate. Shift rules differentiate polynomials, which are linear in the
    values, and no exponential: `ShiftedExecutor` refuses its gradient.

    Args:
        inner: runs native Programs gate by gate.
        scales: of the noise, odd and different, the more the costlier; 1 is the circuit as it is.
        method: "linear", "quadratic" (least squares), "richardson" (the polynomial through all), or "exponential".
        fold: "local" folds gates on two wires and more, "global" the whole circuit.
        steepest: by what factor an exponential may enlarge a value; where it would do more, next to nothing of the
            value is left to fit, and a line takes its place. 1 or more.
        level: of transpilation, 0 to 3.

    Raises:
        ConfigError: scales that are even, equal or too few for the method, or an unknown name.
        CapabilityError: `inner` extrapolates already, or its service compiles gates anew and would undo what is folded.

    References:
        Temme, Bravyi and Gambetta, Phys. Rev. Lett. 119, 180509 (2017). Folding: Giurgica-Tiron et al., IEEE QCE, 306
        (2020).
    """

    inner: Backend
    scales: tuple[int, ...] = (1, 3, 5)
    method: str = "linear"
    fold: str = "local"
    steepest: float = STEEPEST
    level: int = 1

    def __post_init__(self):
        object.__setattr__(self, "scales", tuple(self.scales))
        check_scales(self.scales)
        check_method(self.scales, self.method)
        if self.fold not in FOLDS:
            raise ConfigError(f"fold={self.fold!r} is not known. Known: {', '.join(FOLDS)}.")
        if not self.steepest >= 1:
            raise ConfigError(f"An exponential may enlarge a value by a factor of 1 or more; got {self.steepest}.")
        if not self.inner.target.verbatim:
            raise CapabilityError(
                f"Extrapolation was asked of {self.inner.target.name!r}, whose service compiles gates anew: it may "
                "undo the folded ones, and the noise would not grow. Leave zne out, or take a machine that runs gates "
                "as they are written."
            )
        if any(name == "extrapolation" for name, _ in self.inner.target.options):
            raise CapabilityError(f"{self.inner.target.name!r} extrapolates already. Put one extrapolation around it.")

    @property
    def target(self) -> Target:
        """That of `inner`; scales, method and fold stand among the options."""
        inner = self.inner.target
        told = (self.scales, self.method, self.fold, self.level)
        told += (self.steepest,) if self.method == "exponential" else ()
        linear = inner.linear and self.method != "exponential"
        options = (*inner.options, ("extrapolation", told))
        return replace(inner, options=options, counts=False, ideal=False, linear=linear)

    def run(self, program: Program, slots_RS: np.ndarray, *, shots: int | None, seed: int | None) -> Outcome:
        """Values of `R` bindings at no noise, with variances where `inner` gives them; `shots=None` where it is exact.

        `record["extrapolation"]` keeps scales, method, the root-mean-square distance between values at neighbouring
        scales, how many values of an exponential fit fell back to a line, and the record of each run.

        Raises:
            ProgramError, ShapeError, DataError, ConfigError, CapabilityError: see `qml.backends.check_run.check_run`;
                or a gate cannot be undone by the machine's gates. Nothing was sent.
        """
        target = self.inner.target
        check_run(target, program, slots_RS, shots, seed)
        native, inputs = transpile(program, target, level=self.level), slots_RS.astype(float)
        programs = [folded(native, target, scale, self.fold) for scale in self.scales]
        outcomes = [
            self.inner.run(
                scaled, bound(scaled, inputs), shots=shots, seed=None if seed is None else derive(seed, "scale", scale)
            )
            for scale, scaled in zip(self.scales, programs, strict=True)
        ]
        values = np.stack([outcome.values_RK for outcome in outcomes])
        spreads = [outcome.variance_RK for outcome in outcomes if outcome.variance_RK is not None]
        variance = np.stack(spreads) if len(spreads) == len(outcomes) else None
        fit = extrapolated(self.scales, values, variance, self.method, uniform_value(native.readout), self.steepest)
        told: dict[str, Any] = {
            "scales": list(self.scales),
            "method": self.method,
            "fold": self.fold,
            "gates": [len(scaled.gates) for scaled in programs],
            "steps": [float(np.sqrt(np.mean(step**2))) for step in np.diff(values, axis=0)] if values.size else [],
            "runs": [dict(outcome.record) for outcome in outcomes],
        }
        if self.method == "exponential":
            told |= {"fell_back": int(fit.fell_back_RK.sum()), "of_values": int(fit.fell_back_RK.size)}
            if fit.fell_back_RK.any():
                LOG.info(
                    "extrapolation by exponential: %d of %d values fell back to a line, as they are on both sides of "
                    "their limit, within its noise, or grow too steeply",
                    told["fell_back"],
                    told["of_values"],
                )
        return Outcome(fit.values_RK, fit.variance_RK, (), {"extrapolation": told})
