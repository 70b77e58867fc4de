"""What a check found: one line a promise, and an error that lists the broken ones."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from qml.base.errors import QmlError

Status = Literal["passed", "failed", "not applicable"]

# A part under check may fail in any way a program can; these families cover them without hiding Ctrl-C or exit.
FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    NameError,
    OSError,
    pickle.PickleError,
    RuntimeError,
    TypeError,
    ValueError,
    Warning,
)


class ContractError(QmlError, AssertionError):
    """A part breaks promises of its noun; the message lists each with what was found."""


class Broken(Exception):
    """Raised by a check: what was found instead of what is promised."""


class NotApplicable(Exception):
    """Raised by a check that does not concern this part, with the reason."""


@dataclass(frozen=True)
class Finding:
    """One promise: its name, whether it holds, and why not or under which condition."""

    check: str
    status: Status
    reason: str = ""


@dataclass(frozen=True)
class Report:
    """All findings about one part."""

    subject: str
    findings: tuple[Finding, ...]

    def names(self, status: Status) -> tuple[str, ...]:
        """Checks of that status."""
        return tuple(finding.check for finding in self.findings if finding.status == status)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.names("failed")

    def raise_if_failed(self) -> Report:
        """Return the report itself if nothing failed.

        Raises:
            ContractError: at least one check failed.
        """
        if self.ok:
            return self
        lines = "\n".join(f"  {f.check}: {f.reason}" for f in self.findings if f.status == "failed")
        raise ContractError(
            f"{self.subject} breaks {len(self.names('failed'))} of {len(self.findings)} checks:\n{lines}"
        )

    def __str__(self) -> str:
        width = max((len(finding.check) for finding in self.findings), default=0)
        lines = [f"{f.check:<{width}}  {f.status}{': ' + f.reason if f.reason else ''}" for f in self.findings]
        return "\n".join([self.subject, *lines])


def run_checks(subject: str, checks: Iterable[tuple[str, Callable[[], Any]]]) -> Report:
    """Run each check; whatever it raises is its finding, a text that it returns is a remark."""
    return Report(subject, tuple(_found(name, check) for name, check in checks))


def _found(name: str, check: Callable[[], Any]) -> Finding:
    try:
        remark = check()
    except NotApplicable as reason:
        return Finding(name, "not applicable", str(reason))
    except Broken as reason:
        return Finding(name, "failed", str(reason))
    except FAILURES as error:
        return Finding(name, "failed", f"{type(error).__name__}: {error}")
    return Finding(name, "passed", remark or "")


def require(holds: bool, found: str) -> None:
    """Raise `Broken` with what was found unless the promise holds."""
    if not holds:
        raise Broken(found)
