"""Where the two towers meet: models become contestants, jobs and scikit-learn estimators."""

from __future__ import annotations

import importlib
from typing import Any

_ADDRESSES = {
    "Backend": "choices",
    "BenchmarkJob": "jobs",
    "DataChoice": "data_choice",
    "HardwareJob": "hardware_job",
    "HybridClassifier": "classifier",
    "HybridRegressor": "classifier",
    "Noise": "choices",
    "ReportJob": "report_job",
    "ScalingJob": "scaling_job",
    "ScalingReportJob": "scaling_job",
    "SpecArm": "arms",
    "SuiteJob": "suite_job",
    "SuiteReportJob": "suite_job",
    "Terms": "terms",
    "TrainJob": "training",
    "Training": "choices",
    "arm_of": "arms",
    "arms_for": "arms",
    "compare": "comparing",
    "load_weights": "saved",
    "save_model": "saved",
}

__all__ = sorted(_ADDRESSES)


def __getattr__(name: str) -> Any:
    """Names are loaded when they are first used, so that a benchmark does not load what an estimator needs."""
    if name not in _ADDRESSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}. Known: {', '.join(__all__)}.")
    return getattr(importlib.import_module(f"{__name__}.{_ADDRESSES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
