"""A machine with a purse: what a request takes is said before it is sent, and a hard budget refuses it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qml.backends.backend import Target
from qml.backends.jobs.costs import Budget, DryRunError, Totals, told
from qml.backends.jobs.prices import read_prices
from qml.backends.remote import BillingBackend, Cost, Delivery, JobStatus, RemoteBackend, Request, let_go


@dataclass(frozen=True)
class GuardedBackend:
    """A RemoteBackend that a `StoredBackend` asks before it writes what it is going to submit.

    The budget is that of the store: all jobs in it count, of all processes. What a request is estimated to take is
    reserved in the transaction that writes it, replaced by the bill when its jobs end, and released where they ended
    without cost. By itself it bounds nothing: put it into a StoredBackend.

    Args:
        remote: the machine.
        budget: bounds; none where left out.
        prices: path of a JSON file; the shipped example, which says that it is one, where left out.
        dry_run: never send anything: a run ends with the estimate as a `DryRunError`.

    Raises:
        ConfigError: the prices cannot be read.

    Example:
        ```python
        guarded = GuardedBackend(IbmBackend("ibm_x"), Budget(amount=20.0), prices="my_prices.json")
        backend = StoredBackend(guarded, "jobs.sqlite")
        ```
    """

    remote: RemoteBackend
    budget: Budget = Budget()  # noqa: RUF009 (frozen)
    prices: str | None = None
    dry_run: bool = False

    def __post_init__(self):
        read_prices(self.prices)

    @property
    def target(self) -> Target:
        """That of the machine."""
        return self.remote.target

    @property
    def provider(self) -> str:
        """That of the machine."""
        return self.remote.provider

    def check(self, request: Request) -> None:
        """As the machine does."""
        self.remote.check(request)

    def estimate(self, request: Request) -> Cost:
        """With money, where the prices have the machine."""
        return self.priced(self.remote.estimate(request))

    def priced(self, cost: Cost) -> Cost:
        """A cost with its money."""
        return read_prices(self.prices).priced(cost, self.provider, self.target.name)

    def allow(self, asked: Cost, totals: Totals) -> None:
        """Refuse what does not fit.

        Args:
            asked: estimate of all jobs of a request.
            totals: of the store.

        Raises:
            BudgetError: with the numbers.
        """
        self.budget.check(asked, totals, f"{self.provider}/{self.target.name}")

    def stop_dry(self, asked: Cost, n_jobs: int) -> None:
        """End a dry run.

        Raises:
            DryRunError: it is one.
        """
        if self.dry_run:
            raise DryRunError(
                f"{self.provider}/{self.target.name}: dry run. The request would be {n_jobs} job(s) of {told(asked)}. "
                "Nothing was sent; set dry_run=False to send it."
            )

    def submit(self, request: Request, tag: str) -> str:
        """As the machine does.

        Raises:
            DryRunError: this is a dry run.
        """
        self.stop_dry(self.estimate(request), 1)
        return self.remote.submit(request, tag)

    def find(self, tag: str) -> tuple[str, ...]:
        """As the machine does."""
        return self.remote.find(tag)

    def status(self, job: str) -> JobStatus:
        """As the machine does."""
        return self.remote.status(job)

    def result(self, job: str, request: Request) -> Delivery:
        """As the machine does; the bill with its money."""
        delivery = self.remote.result(job, request)
        return delivery if delivery.billed is None else replace(delivery, billed=self.priced(delivery.billed))

    def billed(self, job: str) -> Cost | None:
        """What a job took that brought nothing back; None where the machine does not tell."""
        cost = self.remote.billed(job) if isinstance(self.remote, BillingBackend) else None
        return None if cost is None else _nothing(cost) or self.priced(cost)

    def close(self) -> None:
        """As the machine does, where it holds something open, such as a session."""
        let_go(self.remote)

    def error(self, job: str) -> str:
        """As the machine does."""
        return self.remote.error(job)

    def cancel(self, job: str) -> None:
        """As the machine does."""
        self.remote.cancel(job)


def _nothing(cost: Cost) -> Cost | None:
    """A job that took nothing costs nothing, whatever a job costs as such; None where it took something."""
    took = cost.executions or cost.seconds or cost.amount
    return None if took else replace(cost, amount=0.0)
