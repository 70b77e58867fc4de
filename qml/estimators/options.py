"""Options of a configuration as a value that can be hashed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Pairs = tuple[tuple[str, Any], ...]


def pairs(options: Mapping[str, Any] | Pairs) -> Pairs:
    """Options as a sorted tuple, so that what holds them is hashable."""
    items = options.items() if isinstance(options, Mapping) else options
    return tuple(sorted((str(key), value) for key, value in items))
