"""A machine of IBM's service as a RemoteBackend: all bindings of a Program as one job of a Sampler or an Estimator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from qml.backends.backend import Target
from qml.backends.check_run import check_run
from qml.backends.ibm.asking import checked_options, is_linear, options_of, options_text
from qml.backends.remote import Cost, Delivery, JobStatus, Request
from qml.base.errors import CapabilityError, ConfigError
from qml.base.lazy import cached_property

if TYPE_CHECKING:
    from qml.backends.ibm.primitives import Primitive
    from qml.backends.ibm.service import Connection

MODES = ("batch", "job", "session")
PRIMITIVES = ("sampler", "estimator")


@dataclass(frozen=True)
class IbmBackend:
    """One device of an account at IBM.

    All `R` bindings of a Program and all its measurement settings are one job: one PUB a setting, broadcast over the
    bindings, of a circuit that is transpiled once. The Sampler brings raw outcomes, which are counted here; the
    Estimator brings values that IBM's own methods have mitigated. What is submitted carries a tag, by which it is found
    again, and is never submitted twice by itself.

    Not for numerics: `FakeIbmBackend` runs the same circuits here. Nothing of this class waits for a job; wrap it in
    `StoredBackend`.

    Args:
        device: its name, such as "ibm_fez".
        account: name of an account in the client's own file; left out, the environment's or the default one. Never
            a key.
        account_file: another file of accounts than `~/.qiskit/qiskit-ibm.json`.
        instance: CRN or name of one of the account's instances; left out, the account's own.
        primitive: "sampler" or "estimator".
        mode: "batch" opens a batch for all jobs of this object, "job" sends each by itself, "session" reserves the
            device from the first job until `close()`, and all of that time is billed.
        max_execution_time: seconds after which IBM stops a job; always sent. A request that is estimated to take longer
            is refused.
        dynamical_decoupling: "XX", "XpXm" or "XY4"; none where left out.
        twirling: of gates and measurements.
        resilience_level: 0, 1 or 2, of the Estimator; left out, IBM's default of 1.
        options: more of IBM's own options of the primitive, nested, such as
            `{"resilience": {"zne_mitigation": True}}`.
        level: 0 to 3, how much work Qiskit puts into few gates.
        dry_run: run on IBM's mock of the device: random outcomes, and IBM's own account of the usage.
        timeout_s: how long one answer of the service may take.
        overhead_s: of each job in estimates, besides the delay and the circuit of each execution.
        session_s: how long a session may last at most.

    Raises:
        ConfigError: an option that does not exist, or a key in place of the name of an account.

    Example:
        >>> IbmBackend("ibm_fez", primitive="estimator", options={"resilience": {"zne_mitigation": True}}).provider
        'ibm'
    """

    device: str
    account: str = ""
    account_file: str = ""
    instance: str = ""
    primitive: str = "sampler"
    mode: str = "batch"
    max_execution_time: int = 300
    dynamical_decoupling: str = ""
    twirling: bool = False
    resilience_level: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    level: int = 1
    dry_run: bool = False
    timeout_s: float = 120.0
    overhead_s: float = 2.0
    session_s: int = 900

    def __post_init__(self):
        for name, value, known in (("primitive", self.primitive, PRIMITIVES), ("mode", self.mode, MODES)):
            if value not in known:
                raise ConfigError(f"IbmBackend got {name}={value!r}; it knows {', '.join(known)}.")
        if not self.device or self.max_execution_time < 1 or self.timeout_s <= 0 or self.level not in (0, 1, 2, 3):
            raise ConfigError(
                f"IbmBackend needs the name of a device, max_execution_time >= 1, timeout_s > 0 and a level of 0 to 3; "
                f"got {self.device!r}, {self.max_execution_time}, {self.timeout_s} and {self.level}."
            )
        checked_options(self)

    def __getstate__(self) -> dict[str, Any]:
        """What was configured; no client, which would hold the key."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def provider(self) -> str:
        """Whose service it is."""
        return "ibm"

    @cached_property
    def _connection(self) -> Connection:
        from qml.backends.ibm.service import Connection

        place = {"name": self.account, "filename": self.account_file, "instance": self.instance}
        return Connection(self.device, {key: value for key, value in place.items() if value}, self.timeout_s)

    @cached_property
    def _primitive(self) -> Primitive:
        from qml.backends.ibm.circuits import Compiler
        from qml.backends.ibm.primitives import Primitive

        compiler = Compiler(self._connection.device, self.target, self.level)
        return Primitive(compiler, self.primitive, options_of(self))

    @property
    def transpilations(self) -> int:
        """Circuits that this object has transpiled: each Program once, however often it runs."""
        return self._primitive.compiler.transpilations

    @cached_property
    def target(self) -> Target:
        """The device, by its configuration, which is fetched once.

        Raises:
            CredentialsError: the account is not found or refused.
            ConfigError: it has no such device.
        """
        from qml.backends.ibm.circuits import target_of

        said = (
            ("primitive", self.primitive),
            ("options", options_text(self)),
            ("level", self.level),
        )
        counts = self.primitive == "sampler"
        options = (*said, ("dry_run", True)) if self.dry_run else said
        device = target_of(self._connection.device, self.device, counts=counts, queued=True, options=options)
        return replace(device, linear=is_linear(self), price="seconds of the device, to IBM", measured=False)

    def check(self, request: Request) -> None:
        """Raise where the device cannot run it, would take too long, or the options are not IBM's; nothing is sent.

        Raises:
            CapabilityError: too wide, without shots, too many executions, longer than `max_execution_time`, or a
                readout that the primitive does not have.
            ConfigError: a seed below 1, or options that the primitive does not take.
        """
        check_run(self.target, request.program, request.slots_RS, request.shots, request.seed)
        if not len(request.slots_RS):
            raise CapabilityError(f"{self.device} was asked for a job without bindings; nothing was sent.")
        cost = self.estimate(request)
        most = self.target.limits.executions
        if most is not None and cost.executions > most:
            raise CapabilityError(
                f"{self.device} was asked for {cost.executions:,} executions in one job; IBM's Sampler takes "
                f"{most:,}. Take fewer shots or bindings."
            )
        if cost.seconds is not None and cost.seconds > self.max_execution_time:
            raise CapabilityError(
                f"{self.device} was asked for a job of about {cost.seconds:,.1f} s ({cost.circuits:,} circuits, "
                f"{cost.executions:,} executions), and max_execution_time={self.max_execution_time} would stop it. "
                f"Raise it to {math.ceil(cost.seconds)} or more, or take fewer shots or bindings."
            )

    def estimate(self, request: Request) -> Cost:
        """Circuits, executions and seconds by the device's configuration.

        seconds = overhead_s + sum over executions of (rep_delay + duration of the circuit)

        Executions are counted in the very program that would be sent, so that twirling, folding and calibration
        circuits of IBM's methods are among them. In mode "session" all time until `close()` is billed, also between
        jobs; no job has it, and `basis` says so.
        """
        cost = self._primitive.cost(request, self.overhead_s)
        if self.mode != "session":
            return cost
        idle = f"without the idle time of the session, which is billed until it is closed, {self.session_s} s at most"
        return replace(cost, basis=f"{cost.basis}; {idle}")

    def submit(self, request: Request, tag: str) -> str:
        """Send it as one job of that tag.

        Raises:
            TransientError: it was not accepted, and may be sent again.
            AmbiguousSubmitError: nobody knows; look for the tag.
            JobError: IBM refuses it.
        """
        self.check(request)
        primitive = self._primitive

        def start(place: Any) -> Any:
            sent = {"environment": {"job_tags": [tag]}, "max_execution_time": self.max_execution_time}
            return primitive.start(request, place, sent, dry_run=self.dry_run)

        return self._connection.run(start, self.mode, self.session_s)

    def find(self, tag: str) -> tuple[str, ...]:
        """Names of all jobs of that tag, the oldest first."""
        return self._connection.tagged(tag)

    def status(self, job: str) -> JobStatus:
        """Where it is."""
        return self._connection.status(job)

    def result(self, job: str, request: Request) -> Delivery:
        """Its values, the seconds that IBM bills, and the properties of the device when it ran.

        Raises:
            JobError: what came is no answer to `request`.
        """
        connection = self._connection
        outcome = self._primitive.outcome(connection.job(job), request)
        metrics = connection.metrics(job)
        record = {"device": self.device, "jobs": [job], "times": metrics.get("timestamps") or {}}
        return Delivery(replace(outcome, record=record), _bill(metrics), connection.calibration(job))

    def billed(self, job: str) -> Cost | None:
        """What the job took by IBM's account of it; None while IBM has not settled it."""
        return _bill(self._connection.metrics(job))

    def error(self, job: str) -> str:
        """Why it failed, in IBM's words."""
        return self._connection.error(job)

    def cancel(self, job: str) -> None:
        """Ask that it be stopped."""
        self._connection.cancel(job)

    def close(self) -> None:
        """Let the batch or session take no more jobs; one that is open and idle is billed in mode "session"."""
        if "_connection" in self.__dict__:
            self._connection.close()


def _bill(metrics: Mapping[str, Any]) -> Cost | None:
    """What IBM says of the usage of a job; None where that is not final."""
    usage = metrics.get("usage") or {}
    seconds = usage.get("qpu_charge_time_seconds")
    if seconds is None or usage.get("status", "pending") == "pending":
        return None
    circuits, executions = (int(metrics.get(word) or 0) for word in ("num_circuits", "executions"))
    return Cost(circuits, executions, float(seconds), basis="IBM's usage")
