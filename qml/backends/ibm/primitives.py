"""One job of an IBM primitive: what goes in, in its options and its PUBs, and what came out."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qml.backends.backend import Outcome
from qml.backends.counts import Counts
from qml.backends.ibm.circuits import KEPT, REGISTER, Compiler, observables_of, settings_to_send
from qml.backends.ibm.client import (
    Estimator,
    EstimatorOptions,
    IBMError,
    QiskitError,
    RuntimeJobV2,
    Sampler,
    SamplerOptions,
    ValidationError,
    prepare_estimator,
    prepare_sampler,
)
from qml.backends.measuring import outcome_of
from qml.backends.remote import Cost, Request
from qml.base.errors import CapabilityError, ConfigError, JobError

REP_DELAY_S = 250e-6  # what IBM's devices wait before each shot unless they say otherwise
GARBAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, EOFError, zlib.error, QiskitError)
NOISE_MODEL = "a noise model of the layers, which IBM's NoiseLearnerV3 makes in a job of its own"


@dataclass(frozen=True, eq=False)
class Primitive:
    """A Sampler or an Estimator with its options.

    Args:
        compiler: of the device.
        name: "sampler" or "estimator".
        options: IBM's own, nested, as `SamplerOptions` or `EstimatorOptions` takes them.
    """

    compiler: Compiler
    name: str
    options: Mapping[str, Any]
    _costs: dict[tuple, Cost] = field(default_factory=dict, repr=False)

    def vendor_options(self, **more: Any) -> Any:
        """IBM's options with `more`, checked by IBM's own definition of them.

        Raises:
            ConfigError: an option that the primitive does not have, or a value that it does not take.
        """
        kind = SamplerOptions if self.name == "sampler" else EstimatorOptions
        try:
            made = kind(**merged(self.options, more))
        except ValidationError as error:
            wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)]
            raise ConfigError(f"IBM's {self.name} does not take these options: {'; '.join(wrong)}.") from None
        if isinstance(made, EstimatorOptions):
            _check_noise_model(made)
        return made

    def pubs(self, request: Request) -> list[tuple]:
        """All bindings as one broadcast PUB a measurement setting, or one for all observables.

        Raises:
            CapabilityError: the device or the primitive cannot run it.
        """
        isa = self.compiler.isa(request.program)
        bindings_RP = isa.bindings(request.slots_RS)
        if self.name == "sampler":
            return [(isa.measured(setting), bindings_RP) for setting in settings_to_send(request.program)]
        return [(isa.circuit, observables_of(request.program, isa), bindings_RP[None])]

    def start(
        self,
        request: Request,
        place: Any,
        more: Mapping[str, Any],
        *,
        dry_run: bool = False,
        pubs: list[tuple] | None = None,
    ) -> Any:
        """Submit to `place`, a device, batch or session of IBM's client, and return its job, of `pubs` or all PUBs."""
        pubs = self.pubs(request) if pubs is None else pubs
        if self.name == "sampler":
            return Sampler(place, self.vendor_options(**more)).run(pubs, shots=request.shots, dry_run=dry_run)
        options = self.vendor_options(**more, default_shots=request.shots)
        return Estimator(place, options).run(pubs, dry_run=dry_run)

    def cost(self, request: Request, overhead_s: float) -> Cost:
        """Bound circuits, shots and seconds of `request`: of each execution, the delay before it and its circuit."""
        key = (request.program.digest, len(request.slots_RS), request.shots, overhead_s)
        if key not in self._costs:
            if len(self._costs) >= KEPT:
                self._costs.clear()
            self._costs[key] = self._cost(request, overhead_s)
        return self._costs[key]

    def _cost(self, request: Request, overhead_s: float) -> Cost:
        rep_delay = self._rep_delay()
        circuits = executions = 0
        seconds = overhead_s
        for circuit, bound, shots in self._items(request):
            circuits += bound
            executions += bound * shots
            seconds += bound * shots * (rep_delay + self._duration(circuit))
        basis = (
            f"{overhead_s:g} s + executions x ({rep_delay * 1e6:g} us before each + circuit), by the configuration of "
            f"{self.compiler.target.name}"
        )
        return Cost(circuits, executions, seconds, basis=basis)

    def _items(self, request: Request) -> list[tuple[Any, int, int]]:
        """Circuits as they are sent, of each how often it is bound, and the shots of each binding."""
        options, device = self.vendor_options(), self.compiler.device
        shots = request.shots or 0
        if isinstance(options, SamplerOptions):
            pubs = self.pubs(request)
            if not (options.twirling.enable_gates or options.twirling.enable_measure):
                return [(circuit, len(request.slots_RS), shots) for circuit, _ in pubs]
            program, _ = prepare_sampler(pubs, options, shots, backend=device)
        else:
            options.default_shots = shots
            program, _ = prepare_estimator(self.pubs(request), options, backend=device)
        return [(item.circuit, item.size(), program.shots) for item in program.items]

    def _rep_delay(self) -> float:
        asked = (self.options.get("execution") or {}).get("rep_delay")
        own = getattr(self.compiler.device, "default_rep_delay", None)
        return float(asked or own or REP_DELAY_S)

    def _duration(self, circuit: Any) -> float:
        """Seconds that the circuit takes; 0 where the device does not tell how long its gates take."""
        try:
            return float(circuit.estimate_duration(self.compiler.device.target, unit="s"))
        except QiskitError:
            return 0.0

    def outcome(self, job: RuntimeJobV2 | LocalJobs, request: Request) -> Outcome:
        """Values of `request` from an ended job.

        Raises:
            JobError: what came is no answer to it.
        """
        try:
            results = job.result()
            if self.name == "sampler":
                return self._from_bits(results, request)
            return self._from_values(results, request)
        except IBMError as error:
            raise JobError(f"IBM's client could not read the result of the job {job.job_id()}: {error}") from None
        except GARBAGE as error:
            raise JobError(
                f"The job {job.job_id()} brought back what is no answer to its request ({type(error).__name__}: "
                f"{str(error)[:200]})."
            ) from None

    def _from_bits(self, results: Any, request: Request) -> Outcome:
        settings = settings_to_send(request.program)
        n_rows = len(request.slots_RS)
        counts = []
        for setting, result in zip(settings, results, strict=True):
            bits = result.data[REGISTER]
            if bits.shape != (n_rows,) or bits.num_bits != len(setting.word) or bits.num_shots < (request.shots or 1):
                raise ValueError(f"{bits.shape} bindings of {bits.num_shots} shots and {bits.num_bits} bits")
            counts.append(Counts.of_samples(bits.to_bool_array(order="little").astype(np.uint8)))
        return outcome_of(request.program.readout, counts, n_rows)

    def _from_values(self, results: Any, request: Request) -> Outcome:
        (result,) = results
        values, spread = np.asarray(result.data["evs"], float).T, _spread(result.data).T
        shape = (len(request.slots_RS), request.program.readout.n_values)
        if values.shape != shape or spread.shape != shape or not np.isfinite(values).all():
            raise ValueError(f"values of shape {values.shape} where {shape} were to come, or not finite")
        return Outcome(values, spread**2)


def _spread(data: Any) -> np.ndarray:
    """Standard errors: the larger of the two that IBM's client tells.

    Over random twirls (`stds`) they tell what differs between twirls, but are too small where these are few: of 100
    shots there are two, whose variance is divided by two and not by one. Of all shots as one pool they lack that.
    """
    pooled = data["ensemble_standard_error"] if "ensemble_standard_error" in data else data["stds"]
    return np.maximum(np.asarray(data["stds"], float), np.asarray(pooled, float))


@dataclass(frozen=True, eq=False)
class LocalJobs:
    """Jobs of one PUB each, as the one job that they are at a service."""

    jobs: tuple[Any, ...]

    def result(self) -> list[Any]:
        """Results of all PUBs."""
        return [result for job in self.jobs for result in job.result()]

    def job_id(self) -> str:
        """Their names."""
        return ", ".join(job.job_id() for job in self.jobs)


def _check_noise_model(options: EstimatorOptions) -> None:
    """Raise where a way of mitigation needs what cannot be configured."""
    resilience = options.resilience
    by_noise = resilience.pec_mitigation or resilience.zne.amplifier == "pea"
    if by_noise and resilience.layer_noise_model is None:
        raise CapabilityError(
            f"IBM's Estimator was asked for PEC, or for ZNE by PEA; both need {NOISE_MODEL}, and "
            "options={'resilience': {'layer_noise_model': ...}} takes it. Take ZNE by gate folding, or learn one first."
        )


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Both nested mappings as one; of equal keys the values of the second.

    Example:
        >>> merged({"twirling": {"group": "pauli"}}, {"twirling": {"enable_gates": True}})
        {'twirling': {'group': 'pauli', 'enable_gates': True}}
    """
    whole = dict(first)
    for key, value in second.items():
        both = isinstance(value, Mapping) and isinstance(whole.get(key), Mapping)
        whole[key] = merged(whole[key], value) if both else value
    return whole
