"""A device of Amazon Braket behind the seam of machines that keep jobs: one quantum task for all bindings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from qml.backends.backend import Target
from qml.backends.braket.devices import PROGRAM_SET, calibration_of, least_of, price_of, target_of
from qml.backends.braket.process import Answer, Worker
from qml.backends.braket.texts import Texts, counts_of_bits, texts_of
from qml.backends.check_run import check_run
from qml.backends.measuring import outcome_of, settings_of
from qml.backends.remote import Cost, Delivery, JobStatus, Request
from qml.backends.transpiling import compact, transpile
from qml.base.errors import CapabilityError, ConfigError, JobError
from qml.base.lazy import cached_property
from qml.base.redacting import is_secret_name, redacted
from qml.circuits.program import Program

STATUS = {
    "CREATED": JobStatus.QUEUED,
    "QUEUED": JobStatus.QUEUED,
    "RUNNING": JobStatus.RUNNING,
    "CANCELLING": JobStatus.RUNNING,
    "COMPLETED": JobStatus.DONE,
    "FAILED": JobStatus.FAILED,
    "CANCELLED": JobStatus.CANCELLED,
}
DEVICES = "arn:aws:braket:"


@dataclass(frozen=True)
class BraketBackend:
    """A device of Amazon Braket: all bindings and measurement settings of a run are one quantum task.

    The task is a program set with one OpenQASM text a setting, whose inputs take a list of values, a row a binding;
    where a device takes no program sets, one circuit. Observables are never handed over: the service would run each
    binding anew for each of them. The tag of a job is its `clientToken`, so that the same submission made twice is one
    task, and a tag of the task, by which it is found. No request is repeated below; `StoredBackend` does that.
    The service itself compiles the gates for the device, so circuits that are longer than need be, as folding makes
    them, may be shortened there.

    Args:
        device: its ARN.
        s3: "bucket" or "bucket/folder" for results; the account's default bucket for Braket where left out.
        region: of the service; that of the ARN, or of AWS's own configuration, where left out.
        profile: of AWS's own configuration; the default where left out.
        tags: more tags of the task.
        reservation: ARN of a reservation of the device.
        task_price: USD that a task costs besides its shots. The properties of a device name the price of a shot only;
            with both, an estimate has its money, and without, the price file of `GuardedBackend` gives it.
        python: of the environment that has the SDK; left out, the variable QML_BRAKET_PYTHON names it.

    Raises:
        ConfigError: no ARN of a device, or a key among the tags.

    Example:
        >>> BraketBackend("arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1", s3="amazon-braket-mine/runs").provider
        'braket'
    """

    device: str
    s3: str | None = None
    region: str | None = None
    profile: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    reservation: str | None = None
    task_price: float | None = None
    python: str | None = field(default=None, compare=False, metadata={"here": True})

    def __post_init__(self):
        if not self.device.startswith(DEVICES) or ":device/" not in self.device:
            raise ConfigError(
                f"BraketBackend got device {self.device!r}; give the ARN of a device, such as "
                "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1. Local simulators are LocalBraketBackend."
            )
        pairs = self.tags.items() if isinstance(self.tags, Mapping) else self.tags
        object.__setattr__(self, "tags", tuple((str(name), str(value)) for name, value in pairs))
        if any(is_secret_name(name) or redacted(value) != value for name, value in self.tags):
            raise ConfigError("A tag of a BraketBackend looks like a key. Name a `profile` of ~/.aws instead.")

    def __getstate__(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @property
    def provider(self) -> str:
        """Whose service it is."""
        return "braket"

    @cached_property
    def worker(self) -> Worker:
        """Its worker process, which starts when it is first asked."""
        return Worker(self.python)

    def _ask(self, what: str, *, sending: bool = False, arrays: Any = None, **asked: Any) -> Answer:
        region = self.region or self.device.split(":")[3] or None
        account = {"profile": self.profile, "region": region}
        return self.worker.ask(what, {**account, **asked}, arrays, sending=sending)

    @cached_property
    def said(self) -> dict[str, Any]:
        """What the service says of the device; asked once."""
        return self._ask("device", arn=self.device).data

    @cached_property
    def target(self) -> Target:
        """The device by its properties, which are fetched once.

        Raises:
            CredentialsError: no account, or one that is refused.
            ConfigError: no such device.
            TransientError: the service did not answer.
        """
        return target_of(self.device, self.said, (("arn", self.device),))

    def check(self, request: Request) -> None:
        """Refuse what the device does not take.

        Raises:
            CapabilityError: too wide, too few or too many shots or circuits, or a device that is retired.
        """
        check_run(self.target, request.program, request.slots_RS, request.shots, request.seed)
        least, least_of_all = least_of(self.said["properties"])
        cost = self.estimate(request)
        if not cost.circuits:
            raise CapabilityError(f"{self.target.name} was asked for a job of no circuits; hand in a row.")
        if (request.shots or 0) < least or cost.executions < least_of_all:
            raise CapabilityError(
                f"{self.target.name} was asked for {request.shots} shots of {cost.circuits} circuits; it takes "
                f"at least {least} a circuit and {least_of_all} a task. Take more shots."
            )
        if self.said.get("deviceStatus") == "RETIRED":
            raise CapabilityError(f"{self.target.name} is retired. Choose another device.")

    def estimate(self, request: Request) -> Cost:
        """Circuits and shots; money where `task_price` and the device's own price make it whole."""
        circuits = len(request.slots_RS) * len(settings_of(request.program.readout))
        cost = Cost(circuits, circuits * (request.shots or 0))
        price = price_of(self.said["properties"])
        if price is None:
            return cost
        each, unit = price
        basis = f"{self.target.name} says {each:.6g} USD a {unit}"
        if unit == "task":
            return replace(cost, amount=each, basis=basis)
        if unit == "shot" and self.task_price is not None:
            amount = self.task_price + each * cost.executions
            return replace(cost, amount=amount, basis=f"{basis}; task_price={self.task_price:.6g}")
        return replace(cost, basis=f"{basis}, which is not all of a task's price")

    def submit(self, request: Request, tag: str) -> str:
        """Send it as one task of that `clientToken` and tag; its ARN.

        Raises:
            TransientError: it was not accepted, and may be sent again.
            AmbiguousSubmitError: nobody knows; look for the tag.
            CapabilityError: the service refuses it.
        """
        self.check(request)
        texts = self._texts(request.program)
        asked = {
            "arn": self.device,
            "texts": texts.sources,
            "names": texts.names,
            "shots": int(request.shots or 0),
            "program_set": PROGRAM_SET in self.said["properties"].get("action", {}),
            "token": tag,
            "tags": dict(self.tags),
            "s3": self.s3,
            "reservation": self.reservation,
        }
        arrays = {"values": texts.values(request.slots_RS)}
        return self._ask("submit", sending=True, arrays=arrays, **asked).data["task"]

    def _texts(self, program: Program) -> Texts:
        native, _ = compact(transpile(program, self.target))
        operations = self.said["properties"].get("action", {}).get("braket.ir.openqasm.program", {})
        return texts_of(native, exact=False, whole=bool(operations.get("requiresAllQubitsMeasurement")))

    def find(self, tag: str) -> tuple[str, ...]:
        """ARNs of all tasks of that tag on this device in the last 90 days, the oldest first."""
        return tuple(self._ask("find", arn=self.device, tag=tag).data["tasks"])

    def status(self, job: str) -> JobStatus:
        """Where it is.

        Raises:
            JobError: the service does not know it, or says what is no status.
        """
        said = self._ask("task", task=job).data["status"]
        if said not in STATUS:
            raise JobError(f"Amazon Braket says that task {job} is {said!r}, which is none of {', '.join(STATUS)}.")
        return STATUS[said]

    def result(self, job: str, request: Request) -> Delivery:
        """Outcomes from S3, the shots that were run, and what the device says of its errors.

        Raises:
            JobError: what came is no answer to `request`.
        """
        texts, n_rows = self._texts(request.program), len(request.slots_RS)
        answer = self._ask("result", task=job, texts=len(texts.sources))
        native, _ = compact(transpile(request.program, self.target))
        try:
            counts = [
                counts_of_bits(answer.arrays[f"bits{place}"], answer.arrays[f"qubits{place}"], setting)
                for place, setting in enumerate(texts.settings)
            ]
        except (KeyError, ValueError, IndexError) as error:
            raise JobError(f"Task {job} brought other qubits than were measured: {error}.") from error
        found = [(part.n_rows, *map(int, set(part.shots_R.tolist()))) for part in counts]
        if any(each != (n_rows, request.shots) for each in found):
            raise JobError(
                f"Task {job} was to bring {n_rows} bindings of {request.shots} shots in {len(counts)} settings; it "
                f"brought (bindings, shots) {found}."
            )
        record = {"device": self.device, "jobs": [job], **answer.data["facts"]}
        shots = answer.data["shots"]
        billed = None if shots is None else Cost(n_rows * len(counts), int(shots), basis="shots of the task")
        properties = self._ask("device", arn=self.device).data["properties"]
        outcome = replace(outcome_of(native.readout, counts, n_rows), record=record)
        return Delivery(outcome, billed and self._priced(billed), calibration_of(properties))

    def _priced(self, cost: Cost) -> Cost:
        """With the money of an estimate of so many shots."""
        price = price_of(self.said["properties"])
        if price is None or price[1] != "shot" or self.task_price is None:
            return cost
        return replace(cost, amount=self.task_price + price[0] * cost.executions)

    def billed(self, job: str) -> Cost | None:
        """Shots that a task ran that brought nothing back; None where the service does not say."""
        said = self._ask("task", task=job).data
        ran = said["numSuccessfulShots"]
        if said["status"] not in ("FAILED", "CANCELLED", "COMPLETED") or ran is None:
            return None
        return self._priced(Cost(0, int(ran), basis="successful shots of the task")) if ran else Cost(0, 0, amount=0.0)

    def error(self, job: str) -> str:
        """Why it failed, in the service's words."""
        return redacted(self._ask("task", task=job).data["failureReason"] or "Amazon Braket gives no reason.")

    def cancel(self, job: str) -> None:
        """Ask that it be stopped; one that has ended stays."""
        self._ask("cancel", task=job)
