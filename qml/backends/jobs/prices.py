"""Prices of machines: a dated file, never code."""

from __future__ import annotations

import fnmatch
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from qml.backends.remote import Cost
from qml.base.errors import ConfigError

EXAMPLE = Path(__file__).with_name("prices_example.json")
RATES = ("per_job", "per_circuit", "per_execution", "per_second")


@dataclass(frozen=True)
class Prices:
    """What machines cost, as of a day.

    Args:
        date: of the figures.
        currency: of all of them.
        rows: machines, each with `provider` and `target` (patterns such as `*`) and some of `RATES`; the first that
            fits counts.
        example: whether they are the shipped example, and not yours.
    """

    date: str
    currency: str
    rows: tuple[Mapping[str, Any], ...]
    example: bool = False

    @property
    def basis(self) -> str:
        """How an estimate names them."""
        return f"{'example prices' if self.example else 'prices'} of {self.date}"

    def priced(self, cost: Cost, provider: str, target: str) -> Cost:
        """`cost` with its money, where a row fits and says all that is needed; one that has its money stays.

        Example:
            >>> rates = {"provider": "ibm", "target": "*", "per_second": 2.0}
            >>> Prices("2026-01-01", "USD", (rates,)).priced(Cost(1, 100, seconds=3.0), "ibm", "ibm_x").amount
            6.0
        """
        row = next((row for row in self.rows if _fits(row, provider, target)), None)
        if row is None or cost.amount is not None:
            return cost
        if "per_second" in row and cost.seconds is None:
            return cost
        units = (1, cost.circuits, cost.executions, cost.seconds or 0.0)
        amount = sum(row.get(rate, 0.0) * unit for rate, unit in zip(RATES, units, strict=True))
        basis = "; ".join(part for part in (cost.basis, self.basis) if part)
        return replace(cost, amount=float(amount), currency=self.currency, basis=basis)


def _fits(row: Mapping[str, Any], provider: str, target: str) -> bool:
    return fnmatch.fnmatch(provider.lower(), row["provider"].lower()) and fnmatch.fnmatch(
        target.lower(), row["target"].lower()
    )


@lru_cache(maxsize=32)
def read_prices(path: str | None = None) -> Prices:
    """Prices from a JSON file of your own, or the shipped example.

    Raises:
        ConfigError: no such file, or it says something else than `prices_example.json` does.

    Example:
        >>> read_prices().example
        True
    """
    place = EXAMPLE if path is None else Path(path)
    try:
        told = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"prices={str(place)!r} was asked for; it cannot be read ({error}). Copy {EXAMPLE} and change it."
        ) from error
    wrong = _wrong(told)
    if wrong:
        raise ConfigError(f"prices={str(place)!r} was asked for; {wrong}. Write it as {EXAMPLE} is.")
    return Prices(told["date"], told["currency"], tuple(told["prices"]), path is None)


def _wrong(told: Any) -> str | None:
    """What a file of prices lacks."""
    if not isinstance(told, dict) or not all(isinstance(told.get(key), str) for key in ("date", "currency")):
        return "it needs a date and a currency"
    if not isinstance(told.get("prices"), list):
        return "it needs a list of prices"
    for row in told["prices"]:
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("provider", "target")):
            return f"a row needs provider and target: {row}"
        rates = {key: value for key, value in row.items() if key not in ("provider", "target", "note")}
        bad = [key for key in rates if key not in RATES]
        if bad or not rates:
            return f"a row needs some of {', '.join(RATES)}, and knows no {bad}: {row}"
        if any(isinstance(v, bool) or not isinstance(v, (int, float)) for v in rates.values()):
            return f"a rate is a number: {row}"
        if not all(math.isfinite(v) and v >= 0 for v in rates.values()):
            return f"a rate is 0 or more: {row}"
    return None
