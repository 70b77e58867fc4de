# pyright: reportMissingImports=false
"""What an error of AWS's client means: asking again is safe, nobody knows, the account is refused, or never."""

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    InvalidRegionError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    SSLError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

BEFORE_SENDING = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError)
NO_ACCOUNT = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    NoAuthTokenError,
    TokenRetrievalError,
    SSOTokenLoadError,
    UnauthorizedSSOTokenError,
)
REFUSED_ACCOUNT = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
TOO_MANY = {"RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException"}


class RefusedError(Exception):
    """An error of a kind that the parent knows."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def kind_of(error, *, submitting):
    """The kind of an error and how many seconds AWS asks to wait, where it does.

    A submission is refused for certain by a 4xx answer, or where no connection came about; behind anything else, a
    5xx, an end of the connection, an answer that cannot be read, a task may stand.
    """
    if isinstance(error, NO_ACCOUNT):
        return "credentials", None
    if isinstance(error, (NoRegionError, InvalidRegionError)):
        return "config", None
    if isinstance(error, BEFORE_SENDING):
        return "transient", None
    if not isinstance(error, ClientError):
        return ("ambiguous" if submitting else "transient"), None
    answer = error.response.get("ResponseMetadata", {})
    status, code = answer.get("HTTPStatusCode", 0), error.response.get("Error", {}).get("Code", "")
    if code in REFUSED_ACCOUNT or status in (401, 403):
        return "credentials", None
    if code in TOO_MANY or status == 429:
        return "transient", _seconds(answer.get("HTTPHeaders", {}).get("retry-after"))
    if status == 404 or code in ("ResourceNotFoundException", "NoSuchKey", "NoSuchBucket"):
        return "unknown", None
    if 400 <= status < 500:
        return "capability", None
    return ("ambiguous" if submitting else "transient"), None


def _seconds(text):
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
