"""A progress bar on a terminal; elsewhere nothing is drawn, and what matters is logged."""

from __future__ import annotations

from typing import Any

from qml.base.extras import require


def progress_bar(title: str, total: int | None, *, done: int = 0, unit: str = "B") -> Any:
    """A tqdm bar that draws only on a terminal.

    Args:
        title: in front of it.
        total: how much there is, or None.
        done: how much of it was there before.
        unit: of what is counted; "B" is scaled to kB and MB.

    Example:
        >>> with progress_bar("rows", 10, unit="row") as bar:
        ...     bar.update(10)
    """
    require("tqdm", extra="data", purpose="a progress bar")
    from tqdm.auto import tqdm

    return tqdm(total=total, initial=done, desc=title, unit=unit, unit_scale=unit == "B", disable=None, leave=False)
