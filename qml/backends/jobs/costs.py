"""What jobs take together: sums, budgets, and how both are told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from qml.backends.remote import Cost
from qml.base.errors import BudgetError, ConfigError
from qml.base.words import plural


def total(costs: Iterable[Cost]) -> Cost:
    """The sum; seconds or money that one of them does not know are not known of the sum.

    Raises:
        ConfigError: money in several currencies.

    Example:
        >>> total([Cost(1, 10, amount=0.25), Cost(2, 20, amount=0.5)]).amount
        0.75
    """
    every = [*costs]
    currencies = {cost.currency for cost in every if cost.amount is not None}
    if len(currencies) > 1:
        raise ConfigError(f"Costs in {' and '.join(sorted(currencies))} were to be added. Use prices of one currency.")
    seconds, amounts = ([getattr(cost, name) for cost in every] for name in ("seconds", "amount"))
    return Cost(
        sum(cost.circuits for cost in every),
        sum(cost.executions for cost in every),
        None if None in seconds else float(sum(seconds)),
        None if None in amounts else float(sum(amounts)),
        currencies.pop() if currencies else "USD",
        "; ".join(dict.fromkeys(cost.basis for cost in every if cost.basis)),
    )


def without(whole: Cost, parts: Iterable[Cost]) -> Cost:
    """What is left of `whole`, never below 0; what a part does not know, or knows in another currency, stays in it.

    Example:
        >>> without(Cost(4, 400, 2.0, 1.0), [Cost(1, 100, 0.5), Cost(1, 100, 0.5, 0.25)])
        Cost(circuits=2, executions=200, seconds=1.0, amount=0.75, currency='USD', basis='')
    """
    every = [*parts]
    mine = [part.amount for part in every if part.currency == whole.currency]
    seconds, amounts = (sum(known or 0.0 for known in parts) for parts in ([part.seconds for part in every], mine))
    return replace(
        whole,
        circuits=max(0, whole.circuits - sum(part.circuits for part in every)),
        executions=max(0, whole.executions - sum(part.executions for part in every)),
        seconds=None if whole.seconds is None else max(0.0, whole.seconds - seconds),
        amount=None if whole.amount is None else max(0.0, whole.amount - amounts),
    )


def told(cost: Cost) -> str:
    """A Cost in words.

    Example:
        >>> told(Cost(4, 400, seconds=1.5, amount=2.0, basis="prices of 2026-11-01"))
        '4 circuits, 400 executions, 1.5 s, 2 USD (prices of 2026-11-01)'
    """
    parts = [plural(cost.circuits, "circuit"), plural(cost.executions, "execution")]
    parts.append("seconds not known" if cost.seconds is None else f"{cost.seconds:.6g} s")
    parts.append("no price known" if cost.amount is None else f"{cost.amount:.6g} {cost.currency}")
    return ", ".join(parts) + (f" ({cost.basis})" if cost.basis else "")


def settled(billed: Cost | None, estimate: Cost) -> Cost:
    """What counts in the end: what was billed, and the estimate where that is silent."""
    if billed is None:
        return replace(estimate, basis=f"estimate: {estimate.basis}" if estimate.basis else "estimate")
    priced = billed.amount is not None
    return replace(
        billed,
        seconds=estimate.seconds if billed.seconds is None else billed.seconds,
        amount=billed.amount if priced else estimate.amount,
        currency=billed.currency if priced else estimate.currency,
    )


@dataclass(frozen=True)
class Totals:
    """What a store has counted, in one currency.

    Args:
        spent: of jobs that have ended.
        reserved: of jobs that have not.
    """

    spent: Cost
    reserved: Cost

    def of(self, name: str) -> tuple[float, float]:
        """Spent and reserved of "amount", "seconds" or "executions"; 0 of what is not known."""
        return getattr(self.spent, name) or 0, getattr(self.reserved, name) or 0


@dataclass(frozen=True)
class Budget:
    """What all jobs of one store may take together, of all processes; None does not bound.

    Args:
        amount: money in `currency`.
        currency: of the prices.
        seconds: of machines.
        executions: shots of all circuits.

    Raises:
        ConfigError: a bound below 0.
    """

    amount: float | None = None
    currency: str = "USD"
    seconds: float | None = None
    executions: int | None = None

    def __post_init__(self):
        for name in ("amount", "seconds", "executions"):
            bound = getattr(self, name)
            number = isinstance(bound, (int, float, np.integer, np.floating)) and not isinstance(bound, bool)
            if bound is not None and not (number and bound >= 0):
                raise ConfigError(f"A budget of {name}={bound!r} was asked for; it is a number from 0 on, or None.")

    def check(self, asked: Cost, totals: Totals, who: str) -> None:
        """See that what is asked still fits.

        Args:
            asked: of the request, all its jobs together.
            totals: of the store before it.
            who: the machine.

        Raises:
            BudgetError: it does not, or what it takes is not known; with the numbers.

        Example:
            >>> none = Totals(Cost(0, 0, 0.0, 0.0), Cost(0, 0, 0.0, 0.0))
            >>> Budget(executions=100).check(Cost(1, 50), none, "aer")
        """
        for name, unit, limit in self._bounds():
            wanted = getattr(asked, name)
            other = name == "amount" and wanted is not None and asked.currency != self.currency
            if wanted is None or other:
                found = f"is known in {asked.currency} only" if other else "is not known"
                raise BudgetError(
                    f"{who}: a request of {told(asked)} was asked for; what it takes of the budget of {limit:g}{unit} "
                    f"{found}. Nothing was sent. Give prices of this machine in that currency as a file, or bound "
                    "executions instead."
                )
            spent, held = totals.of(name)
            if not _fits(spent + held + wanted, limit):
                raise BudgetError(
                    f"{who}: a request of {told(asked)} was asked for; that is {wanted:.6g}{unit} beside "
                    f"{spent:.6g}{unit} spent and {held:.6g}{unit} reserved by jobs that have not ended, of a budget "
                    f"of {limit:.6g}{unit}. Nothing was sent. Ask for fewer shots or bindings, wait for or cancel "
                    "what is reserved (python -m experiments.jobs), or raise the budget."
                )

    def standing(self, asked: Cost, totals: Totals) -> list[str]:
        """How what is asked stands to each bound, in words; nothing is refused.

        Args:
            asked: of the request, all its jobs together.
            totals: of the store before it.

        Example:
            >>> used = Totals(Cost(0, 70, 0.0, 0.0), Cost(0, 0, 0.0, 0.0))
            >>> Budget(executions=100).standing(Cost(1, 50), used)
            ['100 executions: 70 spent, 0 reserved, 50 more do not fit']
        """
        lines = []
        for name, unit, limit in self._bounds():
            wanted = getattr(asked, name)
            spent, held = totals.of(name)
            if wanted is None or (name == "amount" and asked.currency != self.currency):
                more = "what more is needed is not known"
            else:
                more = f"{wanted:.6g} more {'fit' if _fits(spent + held + wanted, limit) else 'do not fit'}"
            lines.append(f"{limit:.6g}{unit}: {spent:.6g} spent, {held:.6g} reserved, {more}")
        return lines

    def _bounds(self) -> list[tuple[str, str, float]]:
        """Name, unit and limit of each bound there is."""
        units = {"amount": f" {self.currency}", "seconds": " s", "executions": " executions"}
        bounds = [(name, unit, getattr(self, name)) for name, unit in units.items()]
        return [bound for bound in bounds if bound[2] is not None]


def _fits(sum_: float, limit: float) -> bool:
    """Whether a bound holds, but for rounding; of what is no number it does not."""
    return sum_ <= limit * (1 + 1e-12)


class DryRunError(BudgetError):
    """A dry run ended where jobs would have been sent; the message is the estimate."""
