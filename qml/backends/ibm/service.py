"""The account's service at IBM, and one device of it: what of them is asked for by `IbmBackend`, and how it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlparse

from qml.backends.ibm.asking import WHERE
from qml.backends.ibm.client import (
    AccountsError,
    Batch,
    IBMBackend,
    IBMError,
    QiskitError,
    QiskitRuntimeService,
    RequestsApiError,
    RuntimeClient,
    RuntimeInvalidStateError,
    RuntimeJobV2,
    Session,
    default_runtime_url_resolver,
)
from qml.backends.ibm.sending import OnceAdapter, once, plain
from qml.backends.remote import JobStatus
from qml.base.errors import CredentialsError, JobError, QmlError
from qml.base.registry import unknown

IBM = ".cloud.ibm.com"
STATUS = {
    "INITIALIZING": JobStatus.QUEUED,
    "QUEUED": JobStatus.QUEUED,
    "RUNNING": JobStatus.RUNNING,
    "DONE": JobStatus.DONE,
    "ERROR": JobStatus.FAILED,
    "CANCELLED": JobStatus.CANCELLED,
}


class OnceService(QiskitRuntimeService):
    """IBM's service, whose clients never repeat a job and never send a key.

    Each client passes through `_active_api_client` before its first request, and is equipped there. An account that
    names its instance by its CRN is not looked up anew: the service itself refuses the wrong one.

    Args:
        adapter: sends the requests.
        options: of `QiskitRuntimeService`.
    """

    def __init__(self, adapter: OnceAdapter, **options: Any):
        self._adapter = adapter
        super().__init__(url_resolver=_address, **options)

    @property
    def _active_api_client(self) -> RuntimeClient:
        return self._equipped

    @_active_api_client.setter
    def _active_api_client(self, client: RuntimeClient) -> None:
        self._equipped = once(client, self._adapter)

    def _create_new_cloud_api_client(self, instance: str) -> RuntimeClient:
        return once(super()._create_new_cloud_api_client(instance), self._adapter)

    def instances(self):
        """The account's own instance where it is named; else those that IBM lists."""
        crn = self._account.instance
        return [{"crn": crn, "plan": "", "name": ""}] if crn else super().instances()

    def _discover_backends_from_instance(self, instance: str) -> list[tuple[str, bool]]:
        """Names of its devices; the stock client takes every failure for an instance without any."""
        if instance != self._account.instance:
            return super()._discover_backends_from_instance(instance)
        self._get_or_create_cloud_client(instance)
        found = self._active_api_client.list_backends(True)
        self._backends_info_per_instance[instance] = found
        return [(device["name"], device.get("class") == "mock") for device in found]

    def configured(self, device: str) -> None:
        """Fetch the configuration of a device, which the stock client would take to be unknown if that fails."""
        self._active_api_client.backend_configuration(device)


def _address(url: str, instance: str, private: bool | None = False, channel: str = "") -> str:
    """Where the service of an account's `url` is: IBM's own by IBM's rule, any other at that very address."""
    host = f".{urlparse(url).hostname or ''}"
    return default_runtime_url_resolver(url, instance, bool(private)) if host.endswith(IBM) else f"{url}/api/v1"


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Errors of IBM's client as errors of ours, which say what was being done."""
    try:
        yield
    except (IBMError, QiskitError) as error:
        raise JobError(f"IBM's client could not {doing}: {error}") from None


class Connection:
    """One device of one account. Made when first needed, and never pickled.

    Args:
        device: its name.
        account: options of `QiskitRuntimeService`: where the account is.
        timeout_s: how long an answer may take.

    Raises:
        CredentialsError: there is no such account, or it is refused.
        ConfigError: the account has no such device.
        TransientError: the service did not answer.
    """

    def __init__(self, device: str, account: Mapping[str, str], timeout_s: float):
        self.adapter = OnceAdapter(timeout_s)
        self._lock = threading.Lock()
        self._jobs: dict[str, RuntimeJobV2] = {}
        self._group: Session | None = None
        try:
            self.service: Any = OnceService(self.adapter, **account)
        except (AccountsError, ValueError) as error:
            raise CredentialsError(
                f"IBM's client found no account to use, or did not reach IBM: {_shown(error)} {WHERE}"
            ) from None
        except (IBMError, QiskitError) as error:
            raise JobError(f"IBM's client could not open the account: {error}") from None
        self.device = self._device(device)

    def _device(self, device: str) -> IBMBackend:
        with told(f"read what the device {device} is"):
            names = [name for _, found in self.service._resolve_cloud_instances(None) for name, _ in found]
            if device not in names:
                raise unknown("IBM device", device, names)
            self.service.configured(device)
            found: Any = self.service.backend(device)
            return found

    def run(self, start: Callable[[Any], RuntimeJobV2], mode: str, session_s: int) -> str:
        """Submit by `start`, which is handed IBM's device, batch or session, and return the name of the job.

        Once the service has said that it accepted the job, no failure of what the client does afterwards counts.
        """
        with self._lock:
            place = self.device if mode == "job" else self._opened(mode, session_s)
            self.adapter.accepted.clear()
            try:
                with told("submit the job"):
                    return start(place).job_id()
            except (QmlError, ValueError, LookupError, TypeError):
                if self.adapter.accepted:
                    return self.adapter.accepted[-1]
                raise

    def _opened(self, mode: str, session_s: int) -> Session:
        """The batch or session of this connection, a new one where it takes no more jobs."""
        with told(f"open a {mode}"):
            if self._group is not None and not self._takes_jobs(self._group):
                self._group = None
            if self._group is None:
                whole = mode == "batch"
                self._group = Batch(self.device) if whole else Session(self.device, max_time=session_s)
            return self._group

    @staticmethod
    def _takes_jobs(group: Session) -> bool:
        try:
            return bool((group.details() or {}).get("accepting_jobs", True))
        except RequestsApiError as error:
            if error.status_code == 404:  # long ago
                return False
            raise

    def close(self) -> None:
        """Let the batch or session take no more jobs; those that it has are run."""
        with self._lock, told("close the session"):
            if self._group is not None:
                self._group.close()
                self._group = None

    def job(self, name: str) -> RuntimeJobV2:
        """The job of that name."""
        if name not in self._jobs:
            with told(f"find the job {name}"):
                self._jobs[name] = self.service.job(name)
        return self._jobs[name]

    def tagged(self, tag: str) -> tuple[str, ...]:
        """Names of all jobs of that tag, the oldest first."""
        with told(f"list the jobs of the tag {tag}"):
            found = self.service.jobs(limit=None, job_tags=[tag], descending=False, include_mocks=True)
        return tuple(job.job_id() for job in found if tag in (job.tags or ()))

    def status(self, name: str) -> JobStatus:
        """Where the job is."""
        with told(f"ask for the job {name}"):
            return STATUS.get(str(self.job(name).status()), JobStatus.RUNNING)

    def cancel(self, name: str) -> None:
        """Ask that it be stopped; one that has ended stays as it is."""
        try:
            with told(f"cancel the job {name}"):
                try:
                    self.job(name).cancel()
                except RuntimeInvalidStateError:
                    return
        finally:
            self._jobs.pop(name, None)  # the client takes what it asked for as done

    def error(self, name: str) -> str:
        """Why the job failed, in IBM's words."""
        with told(f"ask why the job {name} failed"):
            return str(self.job(name).error_message() or "")

    def metrics(self, name: str) -> dict[str, Any]:
        """Times and usage of the job, as plain data."""
        with told(f"read the usage of the job {name}"):
            return plain(self.job(name).metrics())

    def calibration(self, name: str) -> dict[str, Any]:
        """Properties of the device when the job ran; none where the service has none."""
        try:
            properties = self.job(name).properties()
        except RequestsApiError as error:
            if error.status_code == 404:
                return {}
            raise JobError(f"IBM's client could not read the calibration of the job {name}: {error}") from None
        except IBMError as error:
            raise JobError(f"IBM's client could not read when the job {name} ran: {error}") from None
        return {} if properties is None else plain(properties.to_dict())


def _shown(error: Exception) -> str:
    """An account's error; never its values, which are secret."""
    return str(error).split(", got")[0].rstrip(".") + "."
