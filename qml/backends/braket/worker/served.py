# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
"""Which question is answered by what, and errors of the SDK by kind."""

import platform
from importlib.metadata import version

from botocore.exceptions import BotoCoreError, ClientError
from cloud import Cloud
from local import LocalRefusedError, exact, sampled
from refusals import RefusedError, kind_of


class Served:
    """Answers; one `Cloud` a profile and region is kept."""

    def __init__(self):
        self.clouds = {}

    def answer(self, message, arrays):
        """The reply and its arrays: `{"ok": ...}` or `{"error": {"kind", "message", "after_s"}}`."""
        name, asked = message["do"], message["with"]
        submitting = name == "submit"
        try:
            reply, found = self._done(name, asked, arrays)
        except RefusedError as error:
            return _error(error.kind, str(error)), {}
        except LocalRefusedError as error:
            return _error("capability", str(error)), {}
        except (BotoCoreError, ClientError) as error:
            kind, after_s = kind_of(error, submitting=submitting)
            return _error(kind, f"{type(error).__name__}: {error}", after_s), {}
        return {"ok": reply}, found

    def _done(self, name, asked, arrays):
        if name == "hello":
            return _versions(), {}
        if name == "exact":
            return {}, {"shares": exact(asked, arrays)}
        if name == "sampled":
            reply = sampled(asked, arrays)
            return {}, reply
        cloud = self._cloud(asked.pop("profile"), asked.pop("region"))
        return cloud.asked(name, asked, arrays)

    def _cloud(self, profile, region):
        if (profile, region) not in self.clouds:
            self.clouds[profile, region] = Cloud(profile, region)
        return self.clouds[profile, region]


def _versions():
    names = ("amazon-braket-sdk", "amazon-braket-default-simulator", "amazon-braket-schemas", "boto3", "numpy")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def _error(kind, message, after_s=None):
    return {"error": {"kind": kind, "message": message, "after_s": after_s}}
