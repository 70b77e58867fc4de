"""How requests reach IBM: none that may have taken effect is repeated, and a raw key is never sent.

The stock client posts a job again when it is answered by 500, 502, 503, 504 or 520 to 524, although the first one may
have been accepted; and where no token can be had, it sends the key itself. Its sessions are therefore handed an adapter
and an authorisation of ours, before their first request; nothing of the library is changed.
"""

from __future__ import annotations

import json
from typing import Any

from qml.backends.ibm.asking import WHERE
from qml.backends.ibm.client import ApiException, RuntimeClient
from qml.backends.remote import AmbiguousSubmitError, TransientError
from qml.base.errors import CredentialsError, JobError, QmlError
from qml.base.extras import require

require("requests", extra="ibm", purpose="IBM's machines")
import requests
from jwt import PyJWTError
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, NewConnectionError
from urllib3.util.retry import Retry

READS = ("GET", "HEAD")
READ_AGAIN = 2  # a read that failed is made again this often, before it is told
AGAIN_S = 0.2  # before the second time, and twice that before the third
CONNECT_S = 10.0
BUSY = (500, 502, 503, 504, 520, 521, 522, 524)


class OnceAdapter(BaseAdapter):
    """Sends what changes something once, reads up to three times, and says of a failure what it means for the job.

    Args:
        timeout_s: how long an answer may take.
    """

    def __init__(self, timeout_s: float):
        super().__init__()
        self.timeout_s = timeout_s
        self.accepted: list[str] = []  # jobs, as they were accepted; the caller empties it
        again = Retry(
            total=READ_AGAIN,
            backoff_factor=AGAIN_S,
            status_forcelist=BUSY,
            allowed_methods=READS,
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        self._reading = HTTPAdapter(max_retries=again)
        self._writing = HTTPAdapter(max_retries=Retry(0, read=False))

    def close(self) -> None:
        """Close the connections."""
        self._reading.close()
        self._writing.close()

    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        """The answer, unless it says that the request failed, was refused or may not have arrived.

        Raises:
            CredentialsError: the account is refused, or its key would have been sent.
            TransientError: nothing has happened, and the request may be made again.
            AmbiguousSubmitError: nobody knows whether the job was accepted.
        """
        if not str(request.headers.get("Authorization", "")).startswith("Bearer "):
            raise CredentialsError(f"A request to IBM without a token was not sent. {WHERE}")
        submits = request.method == "POST" and str(request.path_url).endswith("/jobs")
        adapter = self._reading if request.method in READS else self._writing
        within = (CONNECT_S, self.timeout_s)
        try:
            answer = adapter.send(request, stream, within, verify, cert, proxies)
            answer.content  # noqa: B018  a body that breaks off is a failure of this request too
        except requests.RequestException as error:
            raise _failure(error, submits) from None
        _check_status(answer, submits)
        if submits and answer.ok:
            self.accepted.append(_job_of(answer))
        return answer


def _failure(error: requests.RequestException, submits: bool) -> QmlError:
    """What it means that no answer came."""
    kind = type(error).__name__
    if not submits or _never_sent(error):
        return TransientError(f"IBM's service did not answer ({kind}); nothing has happened.")
    return AmbiguousSubmitError(f"IBM's service did not answer to a job ({kind}); it may have been accepted.")


def _never_sent(error: requests.RequestException) -> bool:
    """Whether there was no connection to send it over."""
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, ConnectTimeoutError | NewConnectionError | NameResolutionError)


def _check_status(answer: requests.Response, submits: bool) -> None:
    """Raise where the status says more than that this one request is wrong."""
    status, words = answer.status_code, f"IBM's service answered {answer.status_code}: {words_of(answer)}"
    if status == 429:
        raise TransientError(words, _seconds(answer.headers.get("Retry-After")))
    if status in (401, 403):
        raise CredentialsError(f"{words} The account is refused. {WHERE}")
    if status == 408 or status >= 500:
        raise AmbiguousSubmitError(f"{words} The job may have been accepted.") if submits else TransientError(words)


def words_of(answer: requests.Response) -> str:
    """The reason that the service gives, shortened."""
    try:
        body = answer.json()
        reason = body["errors"][0]["message"] if "errors" in body else body["error"]["message"]
    except (ValueError, LookupError, TypeError):
        reason = answer.reason or ""
    return f"{str(reason)[:300].rstrip('.')}."


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.strip().isdigit() else None


def _job_of(answer: requests.Response) -> str:
    try:
        job = answer.json()["id"]
    except (ValueError, LookupError, TypeError):
        job = None
    if not isinstance(job, str) or not job:
        raise AmbiguousSubmitError("IBM's service accepted a job, and its answer does not say which.")
    return job


class BearerAuth(AuthBase):
    """Signs requests with a token of IBM's identity service, and with nothing else.

    Args:
        vendor: the client's own authorisation, of which the token manager is used; it would send the key where there is
            no token.
    """

    def __init__(self, vendor: Any):
        self._tokens, self._crn = vendor.tm, vendor.crn

    def __call__(self, request):
        """The request, signed."""
        request.headers["Service-CRN"] = self._crn
        request.headers["Authorization"] = f"Bearer {self._token()}"
        return request

    def _token(self) -> str:
        try:
            return self._tokens.get_token()
        except ApiException as error:
            self._tokens.request_time = 0  # else the next attempt waits a minute for this one
            if error.status_code in (400, 401, 403):
                raise CredentialsError(
                    f"IBM's identity service refused the account's key ({error.status_code}). {WHERE}"
                ) from None
            raise TransientError(f"IBM's identity service answered {error.status_code}; no job was sent.") from None
        except requests.RequestException as error:
            self._tokens.request_time = 0
            raise TransientError(
                f"IBM's identity service did not answer ({type(error).__name__}); no job was sent."
            ) from None
        except (PyJWTError, ValueError, LookupError, TypeError) as error:
            self._tokens.request_time = 0
            raise CredentialsError(
                f"IBM's identity service answered with what is no token ({type(error).__name__}); the key itself is "
                f"never sent instead. {WHERE}"
            ) from None


def once(client: RuntimeClient, adapter: OnceAdapter) -> RuntimeClient:
    """The client, its requests sent by `adapter` and signed by tokens only; it has sent none yet.

    Raises:
        JobError: the client is of a version whose session is another.
    """
    session = client._session
    if not isinstance(session, requests.Session):
        raise JobError(
            "The client of IBM has another session than this version of the toolkit knows; nothing was sent."
        )
    if not isinstance(session.auth, BearerAuth):
        session.auth = BearerAuth(session.auth)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
    return client


def plain(value: Any) -> Any:
    """`value` as JSON data; times and whatever else JSON does not have as text."""
    return json.loads(json.dumps(value, default=str))
