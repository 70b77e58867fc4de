"""The CUDA C++ source of the kernels, as one text."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT_FILE = "kernels.cuh"
_INCLUDE = re.compile(r'^#include "([a-z]+\.cuh)"\n', flags=re.MULTILINE)


@cache
def source() -> str:
    """All files in the order in which they include one another, each once: NVRTC is handed one text and no folder.

    Example:
        >>> "qml_setup" in source(), "#include" in source().split("QML_EMULATION")[0]
        (True, False)
    """
    return _expanded(ROOT_FILE, set())


def _expanded(name: str, seen: set[str]) -> str:
    if name in seen:
        return ""
    seen.add(name)
    text = (FOLDER / name).read_text(encoding="utf-8").replace("#pragma once\n", "")
    return _INCLUDE.sub(lambda found: _expanded(found.group(1), seen), text)
