"""Executors put together from plain words: who runs circuits, crossed with noise, shots, mitigation and a job store."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from qml.backends import BACKENDS, DEFAULT, ENGINE_GPU, EXECUTORS, Lazy
from qml.backends.backend import Backend
from qml.backends.draws import checked_shots
from qml.backends.executor import Executor
from qml.backends.labelled import LabelledExecutor
from qml.backends.mitigation import in_order, mitigated
from qml.backends.watched import Ledger, WatchedBackend, WatchedExecutor
from qml.base.digest import canonical, digest
from qml.base.errors import CapabilityError, ConfigError
from qml.base.nested import listed
from qml.base.registry import unknown

if TYPE_CHECKING:
    from qml.backends.noise import NoiseModel

NONE = "none"
STORE = "results/jobs.sqlite"  # where jobs are kept when nothing else is said
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
TAKE_NOISE = "aer, noisy and braket (local:braket_dm) take noise"
OWN_NOISE = {
    "fake_ibm": "a snapshot of a device, which brings the noise of that device: backend.options.device=fake_lagos",
    "ibm": "a device, which brings its own",
}
"""Machines that take no noise because they have some -> what is said of them."""
GRADIENTS = {
    "shift": Lazy("qml.backends.shifts", "ShiftedExecutor"),
    "spsa": Lazy("qml.backends.shifts", "SpsaExecutor"),
}
"""How a machine that only runs circuits is differentiated, by `backend.gradient.method`."""
JOB_WORDS = {
    "path": "file of the job store",
    "budget": "what all jobs of that store may take together: money, or {amount, seconds, executions}",
    "prices": "a file of prices in place of the one that is packed",
    "deadline_s": "seconds to wait for one job",
    "dry_run": "only tell what the jobs would take",
}


def assembled(
    executor: str = DEFAULT,
    options: Mapping[str, Any] | None = None,
    *,
    noise: str | NoiseModel | None = NONE,
    noise_options: Mapping[str, Any] | None = None,
    shots: int | None = None,
    mitigation: Sequence[Any] | str | None = (),
    gradient: Mapping[str, Any] | str | None = None,
    jobs: Mapping[str, Any] | None = None,
) -> Executor:
    """An Executor by the name of who runs circuits and by what it is crossed with.

    A machine that only runs circuits is differentiated by shifts; one behind a service has its jobs kept and guarded
    by a budget: `Shifted(Mitigated(Stored(Guarded(machine))))`. What does not go together is refused here, before
    anything runs. The same words make the same Executor, under the same name.

    Args:
        executor: an entry of `qml.backends.EXECUTORS` or `qml.backends.BACKENDS`.
        options: arguments of that entry.
        noise: an entry of `qml.backends.noise.NOISES`, or a NoiseModel of yours; "none" is none.
        noise_options: arguments of that entry, such as `{"path": FILE}` of "snapshot".
        shots: of each circuit; None is exact.
        mitigation: entries of `qml.backends.mitigation.MITIGATIONS`, which stand in an order of their own;
            `{name: {option: value}}` gives one its options; a name alone is a list of one.
        gradient: of a machine: arguments of `ShiftedExecutor`, such as `{"plan": "weighted"}`, or with `"method":
            "spsa"` of `SpsaExecutor`; the method alone is a word too.
        jobs: words of `JOB_WORDS`, for a machine behind a service.

    Raises:
        ConfigError: an unknown name, option or word; the near name is given.
        CapabilityError: words that do not go together, such as noise on an exact engine.
        MissingExtraError: the package behind a member is not installed; the pip line is given.

    Example:
        >>> assembled("reference").capabilities.name
        'reference'
        >>> assembled("engine_cpu", noise="fake_manila")
        Traceback (most recent call last):
        ...
        qml.base.errors.CapabilityError: noise=fake_manila was asked of 'engine_cpu', ...
    """
    words = _Words(
        executor,
        dict(options or {}),
        NONE if noise is None else noise,
        dict(noise_options or {}),
        shots,
        listed(mitigation),
        {"method": gradient} if isinstance(gradient, str) else dict(gradient or {}),
    )
    return words.made({key: value for key, value in (jobs or {}).items() if value is not None})


@dataclass(frozen=True)
class _Words:
    """What was asked of `assembled`, checked; jobs apart, because they decide no value."""

    executor: str
    options: Mapping[str, Any]
    noise: str | NoiseModel
    noise_options: Mapping[str, Any]
    shots: int | None
    mitigation: tuple[Any, ...]
    gradient: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        if self.executor == ENGINE_GPU:
            raise CapabilityError(
                f"backend={ENGINE_GPU} was asked for; no such executor is available: nothing of it was measured on a "
                "device. Choose engine_cpu; a torch layer runs tensors on an NVIDIA GPU by executor='engine_cuda', "
                "without these words."
            )
        if self.executor not in EXECUTORS and self.executor not in BACKENDS:
            raise unknown("backend", self.executor, [*EXECUTORS, *BACKENDS, ENGINE_GPU])
        if self.shots is not None:
            object.__setattr__(self, "shots", checked_shots(f"backend={self.executor}", self.shots))
        _ = self.mitigations  # names that are known, each with its options

    @property
    def mitigations(self) -> list[tuple[str, dict[str, Any]]]:
        """Names with their options, in the order in which they act."""
        for entry in self.mitigation:
            if isinstance(entry, Mapping) and len(entry) != 1:
                raise ConfigError(f"mitigation has the entry {dict(entry)}; write one name each: {{zne: {{...}}}}.")
        return in_order([entry if isinstance(entry, Mapping) else str(entry) for entry in self.mitigation])

    @property
    def maker(self) -> Callable[..., Any]:
        """What makes the member."""
        return EXECUTORS[self.executor] if self.executor in EXECUTORS else BACKENDS[self.executor]

    def label(self, noise: Any) -> str:
        """The name in records: who runs, and all that decides values."""
        parts = [] if noise is None else [f"noise={self._noise_name}#{digest(noise)[:8]}"]
        parts += [] if self.shots is None else [f"shots={self.shots}"]
        parts += ["mitigation=" + "+".join(name for name, _ in self.mitigations)] if self.mitigation else []
        mitigated_by = [given for _, given in self.mitigations]
        rest = {"options": dict(self.options), "gradient": dict(self.gradient), "mitigation": mitigated_by}
        if self.options or self.gradient or any(mitigated_by):
            parts.append(f"options#{digest(canonical(rest))[:8]}")
        return f"{self.executor}({', '.join(parts)})" if parts else self.executor

    def made(self, jobs: Mapping[str, Any]) -> Executor:
        """The Executor."""
        for word in jobs:
            if word not in JOB_WORDS:
                raise unknown("word of backend.jobs", word, list(JOB_WORDS))
        takes = parameters(self.maker)
        noise = self._noise(takes)
        given = {**self.options, **({} if noise is None else {"noise": noise})}
        check_options(self.executor, self.options, takes, apart=("noise",))
        self._check_required(given, takes)
        if self.executor not in EXECUTORS:
            made = self._shifted(self._machine(self.maker(**given), jobs))
        else:
            if jobs:
                raise ConfigError(
                    f"backend.jobs ({', '.join(jobs)}) was given with backend={self.executor}, which runs here and "
                    "keeps no jobs. Leave it out, or choose a machine behind a service."
                )
            made = self._local(given, takes)
        label = self.label(noise)
        return made if label == made.capabilities.name else LabelledExecutor(made, label, _larger(noise))

    def _noise(self, takes: Mapping[str, inspect.Parameter]) -> Any:
        """The noise; None where there is none."""
        if self.noise != NONE and "noise" not in takes:
            why = OWN_NOISE.get(self.executor, "which has none to give it")
            raise CapabilityError(
                f"noise={self._noise_name} was asked of {self.executor!r}, {why}. Of the backends here {TAKE_NOISE}: "
                "say backend=noisy or backend=aer, or noise=none."
            )
        return noise_of(self.noise, self.noise_options)

    @property
    def _noise_name(self) -> str:
        """What the noise is called in names and messages."""
        return self.noise if isinstance(self.noise, str) else getattr(self.noise, "name", "") or "own"

    def _check_required(self, given: Mapping[str, Any], takes: Mapping[str, inspect.Parameter]) -> None:
        """Raise where an argument that has no default was not given; shots are asked for by a word of their own."""
        left = [name for name, one in takes.items() if one.default is one.empty and one.kind not in VARIADIC]
        for name in left:
            if name not in given and name != "shots":
                raise ConfigError(
                    f"backend={self.executor} was asked for without its {name}. Give backend.options.{name}=, in "
                    f"Python assembled({self.executor!r}, {{{name!r}: ...}})."
                )

    def _local(self, given: dict[str, Any], takes: Mapping[str, inspect.Parameter]) -> Executor:
        """A member of `EXECUTORS`, which differentiates; with shots or mitigation it is run as a machine is."""
        shots = {"shots": self.shots} if self.shots is not None and "shots" in takes else {}
        drawn = "shots" in takes and takes["shots"].default is not None
        if drawn and "shots" not in {**given, **shots}:
            raise ConfigError(f"backend={self.executor} draws values by shots, and none were given. Say shots=1000.")
        if self.mitigation and "noise" not in takes:
            raise CapabilityError(
                f"mitigation={self._names} was asked of {self.executor!r}, which has no noise to mitigate. Say "
                "backend=noisy or backend=aer with noise=, or mitigation=[]."
            )
        made = EXECUTORS[self.executor](**given, **shots)
        if (self.shots is None or shots) and not self.mitigation:
            return self._differentiated(made)
        return self._shifted(self._mitigated(_simulated(made, self.shots)))

    def _differentiated(self, made: Executor) -> Executor:
        """`made`, which has a gradient of its own."""
        if self.gradient:
            raise ConfigError(
                f"backend.gradient ({', '.join(self.gradient)}) was given with backend={self.executor}, which "
                "differentiates by itself. Leave it out; it is for machines that only run circuits."
            )
        return made

    def _machine(self, machine: Any, jobs: Mapping[str, Any]) -> Backend:
        """A member of `BACKENDS` as a Backend, mitigated; behind a service its jobs are kept and guarded."""
        if callable(getattr(machine, "submit", None)):
            return self._mitigated(kept(machine, jobs))
        if jobs:
            raise ConfigError(
                f"backend.jobs ({', '.join(jobs)}) was given with backend={self.executor}, which runs here and keeps "
                "no jobs. Leave it out, or choose a machine behind a service."
            )
        return self._mitigated(machine)

    @property
    def _names(self) -> str:
        return f"[{','.join(name for name, _ in self.mitigations)}]"

    def _mitigated(self, backend: Backend) -> Backend:
        """The Backend in its mitigations."""
        return mitigated(backend, self.mitigation) if self.mitigation else backend

    def _shifted(self, backend: Backend) -> Executor:
        """The Backend with its gradient by shifts, or by simultaneous perturbation."""
        target = backend.target
        if self.shots is None and not target.exact:
            raise CapabilityError(
                f"shots=null, which is exact, was asked of {self.executor!r} ({target.name}); it gives shots only. "
                "Say shots=1000."
            )
        if self.shots is not None and not target.sampled:
            raise CapabilityError(
                f"shots={self.shots} was asked of {self.executor!r} ({target.name}); it gives exact values only. Say "
                "shots=null, or backend=aer."
            )
        given = {"method": "shift", **self.gradient}
        method = given.pop("method")
        if method not in GRADIENTS:
            raise unknown("backend.gradient.method", method, list(GRADIENTS))
        maker = GRADIENTS[method]
        check_options(f"backend.gradient, method {method},", given, parameters(maker), apart=("backend", "shots"))
        return maker(backend, self.shots, **given)


def noise_of(name: str | NoiseModel, options: Mapping[str, Any] | None = None) -> Any:
    """A noise by name, or the NoiseModel itself; None for "none".

    Raises:
        ConfigError: no noise of that name, or it does not take an option, or options came with "none" or a NoiseModel.
    """
    if name == NONE:
        if options:
            raise ConfigError(f"noise=none was given with {', '.join(options)}. Choose a noise, or leave them out.")
        return None
    from qml.backends.noise import NOISES, NoiseModel

    if isinstance(name, NoiseModel):
        if options:
            raise ConfigError(
                f"A NoiseModel was given with {', '.join(options)}, which noises by name take. Leave it out."
            )
        return name
    if not isinstance(name, str) or name not in NOISES:
        raise unknown("noise", str(name), [NONE, *NOISES])
    check_options(f"noise {name}", options or {}, parameters(NOISES[name]))
    return NOISES[name](**(options or {}))


def parameters(maker: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """What a maker takes, by name; what stands behind an address is imported."""
    if isinstance(maker, Lazy):
        maker = getattr(importlib.import_module(maker.module), maker.name)
    return inspect.signature(maker).parameters


def check_options(
    who: str, given: Mapping[str, Any], takes: Mapping[str, inspect.Parameter], *, apart: Sequence[str] = ()
) -> None:
    """Raise `ConfigError` where `who` does not take an option; the near name is given.

    Args:
        who: takes options.
        given: options by name.
        takes: what `who` takes.
        apart: of these, what a word of its own gives.
    """
    for key in given:
        if key in apart and key in takes:
            raise ConfigError(f"{who} was given {key} among its options. {key}= is a word of its own; say it there.")
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in takes.values()):
        return
    for key in given:
        if key not in takes:
            raise unknown(f"option of {who}", key, [name for name in takes if name not in apart])


def kept(machine: Any, jobs: Mapping[str, Any]) -> Backend:
    """A machine behind a service with its jobs kept in a store, and guarded by a budget."""
    from qml.backends.jobs import Budget, GuardedBackend, StoredBackend

    given = {"path": STORE, **jobs}
    store = {key: given[key] for key in ("path", "deadline_s") if key in given}
    guard = {key: given[key] for key in ("prices", "dry_run") if key in given}
    budget = given.get("budget", {})
    budget = dict(budget) if isinstance(budget, Mapping) else {"amount": budget}
    check_options("backend.jobs.budget", budget, parameters(Budget))
    return StoredBackend(GuardedBackend(machine, Budget(**budget), **guard), **store)


def watched(executor: Executor, ledger: Ledger) -> Executor:
    """The same Executor, whose machine enters what it runs into `ledger`, below all mitigation.

    An Executor that is not made of a Backend comes back as it is.
    """
    return with_machine(executor, lambda machine: WatchedBackend(machine, ledger))[0]


def with_machine(layer: Any, changed: Callable[[Any], Any]) -> tuple[Any, Any]:
    """The same layers around another machine, and that one; None for it where no machine is in them.

    Args:
        layer: an Executor put together by `assembled`, or what wraps one.
        changed: takes the machine, with the store of its jobs, and gives what takes its place.
    """
    names = _names_of(layer)
    into = "executor" if isinstance(layer, (LabelledExecutor, WatchedExecutor)) else "backend"
    if into not in names:
        return layer, None
    below: Any = getattr(layer, into)
    if into == "executor":
        inner, machine = with_machine(below, changed)
    else:
        inner, machine = _below(below, changed)
    return (layer, None) if machine is None else (replace(layer, **{into: inner}), machine)


def _below(backend: Any, changed: Callable[[Any], Any]) -> tuple[Any, Any]:
    """A Backend in its mitigations with the machine changed, and that one."""
    if "inner" in _names_of(backend):
        inner, machine = _below(backend.inner, changed)
        return replace(backend, inner=inner), machine
    machine = changed(backend.backend if isinstance(backend, WatchedBackend) else backend)
    return machine, machine


def _names_of(layer: Any) -> set[str]:
    """Names of the fields of a dataclass; none of anything else."""
    return {one.name for one in fields(layer)} if is_dataclass(layer) else set()


def _simulated(executor: Any, shots: int | None) -> Backend:
    """An Executor as a machine that only runs circuits: of that machine, where it has one, the gates and wires."""
    from qml.backends.simulated import SimulatedBackend, draws

    able = executor.capabilities
    if shots is not None and not draws(able):
        raise CapabilityError(
            f"shots={shots} was asked of {able.name!r}, of which none can be drawn. Say backend={DEFAULT}, sampled, "
            "surrogate, noisy or aer, or shots=null."
        )
    machine = getattr(executor, "machine", None)
    if machine is None:
        return SimulatedBackend(executor)
    return SimulatedBackend(executor, replace(machine, name=f"simulated({machine.name})", exact=True, sampled=True))


def _larger(noise: Any) -> tuple[tuple[str, int], ...] | None:
    """Stored devices with their sizes, for noise of a machine that has too few qubits; None for noise of no machine."""
    from qml.backends.noise import DEVICE_QUBITS

    if getattr(noise, "target", None) is None:
        return None
    return tuple((f"noise={name}", size) for name, size in DEVICE_QUBITS.items())
