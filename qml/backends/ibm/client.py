"""IBM's client, imported at this one address; the primitives by the modules that keep their meaning.

The names at the top of `qiskit_ibm_runtime` are to be re-pointed from the primitives that run on the server to those
that prepare their work here, so that neither is taken from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from qml.base.extras import require

require("qiskit_ibm_runtime", extra="ibm", purpose="IBM's machines")
from ibm_cloud_sdk_core import ApiException
from pydantic import ValidationError
from qiskit.exceptions import QiskitError
from qiskit.providers import BackendV2
from qiskit_ibm_runtime import Batch, QiskitRuntimeService, RuntimeJobV2, Session
from qiskit_ibm_runtime.accounts.exceptions import AccountsError
from qiskit_ibm_runtime.api.client import RuntimeClient
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
from qiskit_ibm_runtime.api.utils import default_runtime_url_resolver
from qiskit_ibm_runtime.exceptions import IBMError, RuntimeInvalidStateError, RuntimeJobNotFound
from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_estimator.prepare import prepare as prepare_estimator
from qiskit_ibm_runtime.executor_sampler import Sampler
from qiskit_ibm_runtime.executor_sampler.prepare import prepare as prepare_sampler
from qiskit_ibm_runtime.ibm_backend import IBMBackend
from qiskit_ibm_runtime.options_models import EstimatorOptions, SamplerOptions
from qiskit_ibm_runtime.utils.utils import is_isa_circuit

__all__ = [
    "AccountsError",
    "ApiException",
    "BackendV2",
    "Batch",
    "Estimator",
    "EstimatorOptions",
    "IBMBackend",
    "IBMError",
    "QiskitError",
    "QiskitRuntimeService",
    "RequestsApiError",
    "RuntimeClient",
    "RuntimeInvalidStateError",
    "RuntimeJobNotFound",
    "RuntimeJobV2",
    "Sampler",
    "SamplerOptions",
    "Session",
    "ValidationError",
    "default_runtime_url_resolver",
    "is_isa_circuit",
    "prepare_estimator",
    "prepare_sampler",
    "snapshots",
]


def snapshots() -> dict[str, Callable[[], BackendV2]]:
    """Snapshots of devices by name, such as "fake_manila"; a call makes one."""
    from qiskit_ibm_runtime import fake_provider

    found = {}
    for name in dir(fake_provider):
        if name.startswith("Fake") and "Provider" not in name:
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix("V2")).lower()
            found[words] = getattr(fake_provider, name)
    return found
