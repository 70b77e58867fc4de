"""Jobs that survive: a store that writes before it sends, a guard with a purse, and answers without a machine."""

from qml.backends.jobs.costs import Budget, DryRunError
from qml.backends.jobs.guarded import GuardedBackend
from qml.backends.jobs.replayed import ReplayedBackend
from qml.backends.jobs.stored import Estimate, StoredBackend

__all__ = ["Budget", "DryRunError", "Estimate", "GuardedBackend", "ReplayedBackend", "StoredBackend"]
