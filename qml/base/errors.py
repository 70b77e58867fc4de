"""Every error this toolkit raises on purpose: what was asked, what was found, what to do, in that order."""

from __future__ import annotations


class QmlError(Exception):
    """Base of all errors raised by this toolkit; each subclass is also the builtin a caller would expect."""


class ShapeError(QmlError, ValueError):
    """An array has the wrong shape or dtype for what it is handed to."""


class ProgramError(QmlError, ValueError):
    """A circuit is not well formed, or a gate is not one that a Program can hold."""


class CapabilityError(QmlError, NotImplementedError):
    """An executor, backend or framework was asked for something it does not do; nothing has run."""


class MissingExtraError(QmlError, ImportError):
    """An optional package is needed and absent; the message names the pip line."""


class ConfigError(QmlError, ValueError):
    """A name, key or value of a configuration is not known; near names are given."""


class DataError(QmlError, ValueError):
    """A data set is missing, corrupt, or holds values that training cannot use."""


class BudgetError(QmlError, RuntimeError):
    """A budget of time, memory or money is spent; carries what was done so far."""


class JobError(QmlError, RuntimeError):
    """A job on a machine failed, was cancelled, or brought back what is no answer; its identity is in the message."""


class PendingJobError(JobError):
    """A job has not ended within the time given; it is kept, and asking again continues to wait for it."""


class CredentialsError(QmlError, PermissionError):
    """A machine needs an account that was not found or is refused; says where accounts are kept, never their keys."""


class CheckpointError(QmlError, RuntimeError):
    """A checkpoint cannot be written or does not belong to this model and task; the previous one is intact."""


class LostRankError(QmlError, RuntimeError):
    """Of the processes that train one model together, another one has gone; the last checkpoint stands."""


class StaleCheckpointError(CheckpointError):
    """A checkpoint that is there cannot be continued: it is damaged, of another version, or of another run."""


def kind_of(value: object) -> str:
    """Name of the type of `value` as an error tells it: with its module, unless it is a builtin.

    Example:
        >>> from fractions import Fraction
        >>> kind_of(Fraction(1, 2)), kind_of([1, 2])
        ('fractions.Fraction', 'list')
    """
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
