"""Who runs Programs: Executors, which differentiate, and Backends, which only run; each by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qml.backends.backend import Backend, Limits, Outcome, Target
from qml.backends.check import check_program
from qml.backends.counts import Counts
from qml.backends.executor import (
    Capabilities,
    Executor,
    Gradients,
    SamplingExecutor,
    StateExecutor,
    TangentExecutor,
    Tangents,
    Values,
)
from qml.backends.remote import RemoteBackend
from qml.base.errors import ConfigError
from qml.base.registry import Registry

__all__ = [
    "BACKENDS",
    "DEFAULT",
    "ENGINE_GPU",
    "EXECUTORS",
    "Backend",
    "Capabilities",
    "Counts",
    "Executor",
    "Gradients",
    "Limits",
    "Outcome",
    "SamplingExecutor",
    "StateExecutor",
    "TangentExecutor",
    "Tangents",
    "Target",
    "Values",
    "check_program",
    "backend_named",
    "executor_named",
    "name_of",
]


@dataclass(frozen=True)
class Lazy:
    """A callable by address, imported when it is first called."""

    module: str
    name: str

    def __call__(self, *args, **options):
        """Import the address and call it."""
        return getattr(importlib.import_module(self.module), self.name)(*args, **options)


EXECUTORS: Registry[Callable[..., Executor]] = Registry("executor", group="qml.executors")
"""Executors by name; a call makes one. Other packages add theirs through the entry points `qml.executors`."""

EXECUTORS.add("engine_cpu", Lazy("qml.backends.engine", "EngineExecutor"))
EXECUTORS.add("lightning", Lazy("qml.backends.lightning", "LightningExecutor"))
EXECUTORS.add("noisy", Lazy("qml.backends.noisy", "NoisyExecutor"))
EXECUTORS.add("propagation", Lazy("qml.backends.propagation", "PropagationExecutor"))
EXECUTORS.add("reference", Lazy("qml.backends.reference", "ReferenceExecutor"))
EXECUTORS.add("shifted", Lazy("qml.backends.shifts", "ShiftedExecutor"))
EXECUTORS.add("spsa", Lazy("qml.backends.shifts", "SpsaExecutor"))
EXECUTORS.add("sampled", Lazy("qml.backends.sampled", "SampledExecutor"))
EXECUTORS.add("surrogate", Lazy("qml.backends.surrogate", "SurrogateExecutor"))

BACKENDS: Registry[Callable[..., Backend | RemoteBackend]] = Registry("backend", group="qml.backends")
"""Machines that only run circuits, by name; a call makes one, and `qml.backends.assembling` an Executor of it.

Other packages add theirs through the entry points `qml.backends`.
"""

BACKENDS.add("aer", Lazy("qml.backends.aer", "AerBackend"))
BACKENDS.add("reference", Lazy("qml.backends.reference", "ReferenceBackend"))
BACKENDS.add("braket", Lazy("qml.backends.braket", "braket"))
BACKENDS.add("fake_ibm", Lazy("qml.backends.ibm", "FakeIbmBackend"))
BACKENDS.add("ibm", Lazy("qml.backends.ibm", "IbmBackend"))

DEFAULT = "engine_cpu"
ENGINE_GPU = "engine_gpu"  # a word that is refused with what to take in its place


def name_of(executor: str | Executor) -> str:
    """How records call an executor: its name in `EXECUTORS`, or the one that an Executor gives itself.

    Example:
        >>> name_of("reference") == name_of(executor_named("reference"))
        True
    """
    return executor if isinstance(executor, str) else str(executor.capabilities.name)


def executor_named(executor: str | Executor | None = None) -> Executor:
    """The Executor of that name, the Executor itself if it is one already, or the default.

    The name of a machine in `BACKENDS` is that machine, differentiated by shifts.

    Raises:
        ConfigError: the name is not in `EXECUTORS` (the message names the nearest), or what was handed in is no
            Executor.
        CapabilityError: a machine that gives shots only; put it together by `qml.backends.assembling.assembled`.

    Example:
        >>> executor_named("reference").capabilities.exact
        True
    """
    if executor is None:
        executor = DEFAULT
    if isinstance(executor, str):
        if executor not in EXECUTORS and (executor in BACKENDS or executor == ENGINE_GPU):
            from qml.backends.assembling import assembled  # which stands on this file

            return assembled(executor)
        return EXECUTORS[executor]()
    if not isinstance(getattr(executor, "capabilities", None), Capabilities):
        if isinstance(getattr(executor, "target", None), Target):
            raise ConfigError(
                f"An executor differentiates; {executor!r} only runs circuits. Wrap it: "
                "qml.backends.shifts.ShiftedExecutor(backend, shots=1000), or shots=None for exact values."
            )
        names = ", ".join(sorted({*EXECUTORS, *BACKENDS}))
        raise ConfigError(
            f"An executor is a name among {names}, or an instance with `capabilities`, `forward` and `vjp`; "
            f"got {executor!r}."
        )
    return executor


def backend_named(backend: str | Backend | RemoteBackend, **options: Any) -> Any:
    """The machine of that name in `BACKENDS`, made with `options`, or the Backend or RemoteBackend itself.

    Raises:
        ConfigError: the name is not in `BACKENDS` (the message names the nearest), what was handed in is no machine, or
            options were given for one that is made already.

    Example:
        >>> backend_named("reference", n_qubits=3).target.n_qubits
        3
    """
    if isinstance(backend, str):
        if backend not in BACKENDS and backend in EXECUTORS:
            raise ConfigError(
                f"{backend!r} is an Executor, which differentiates by itself: executor_named({backend!r}). Backends, "
                f"which only run circuits, are {', '.join(sorted(BACKENDS))}."
            )
        return BACKENDS[backend](**options)
    if options or not isinstance(getattr(backend, "target", None), Target):
        raise ConfigError(
            f"A backend is a name among {', '.join(sorted(BACKENDS))} with options, or an instance with a `target`, "
            f"without; got {backend!r} and {options or 'no options'}."
        )
    return backend
