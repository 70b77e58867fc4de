"""Quantum circuits in deep networks, trained at deep-learning speed and judged honestly."""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` itself takes a third of the time of this import
    from typing import Any

__version__ = "0.1.0"

_ADDRESSES = {  # name -> module that has it; loaded when the name is first used
    "CATALOGUE": "qml.data",
    "CIRCUITS": "qml.circuits",
    "CircuitLayer": "qml.layers.torch",
    "CircuitSpec": "qml.models",
    "EXECUTORS": "qml.backends",
    "HybridClassifier": "qml.estimators.classifier",
    "HybridRegressor": "qml.estimators.classifier",
    "HybridSpec": "qml.models",
    "MODELS": "qml.models",
    "Program": "qml.circuits",
    "Protocol": "qml.bench",
    "QmlError": "qml.base.errors",
    "Store": "qml.bench",
    "Supervised": "qml.learn",
    "compare": "qml.estimators.comparing",
    "make_source": "qml.data",
    "open_table": "qml.data",
    "render": "qml.bench",
}
_ROOMS = (
    "backends",
    "base",
    "bench",
    "circuits",
    "config",
    "contracts",
    "data",
    "engine",
    "estimators",
    "layers",
    "learn",
    "models",
)

__all__ = sorted([*_ADDRESSES, "__version__"])


def __getattr__(name: str) -> Any:
    """Names and rooms are loaded when they are first used: `import qml` alone costs nothing."""
    if name in _ADDRESSES:
        return getattr(importlib.import_module(_ADDRESSES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}. Known: {', '.join(__dir__())}.")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
