"""What stands behind `${qml.<name>:}` in a file of `conf/`: lists for `--help`, and the width of a sweep."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from qml.base.threads import available_cores
from qml.config.files import choices
from qml.config.objects import located


def arms() -> str:
    """Names of contestants, for the help."""
    return ", ".join(located("qml.estimators.always.EVERYONE", "help"))


def checks() -> str:
    """Names of the checks of data, for the help."""
    return ", ".join(located("qml.data.quality.CHECKS", "help"))


def jobs() -> int:
    """Jobs of a sweep side by side: `QML_JOBS`, else one a core; each then gets its share of the threads."""
    text = os.environ.get("QML_JOBS", "")
    return min(int(text), available_cores()) if text.isdigit() and int(text) > 0 else available_cores()


WORDS: dict[str, Callable[..., Any]] = {  # name -> what stands for it
    "arms": arms,
    "checks": checks,
    "choices": lambda group: ", ".join(choices(group)),
    "jobs": jobs,
}
