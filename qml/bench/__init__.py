"""Judging: contestants under one protocol, cells kept once, statistics, an audit, and a report made of them."""

from qml.bench.arm import Arm, ArmInfo, Family
from qml.bench.audit import Finding, findings
from qml.bench.budget import best_trial, sample_settings
from qml.bench.cell import BudgetPoint, Cell, CellResult, Trial
from qml.bench.protocol import CHAMPION, Protocol
from qml.bench.report import RenderedReport, RenderedScaling, RenderedSuite, render, render_scaling, render_suite
from qml.bench.run import cells_of, run_cell
from qml.bench.sealed import SealedSource
from qml.bench.statistics import Estimate, calibration_error, confusion, over_rows, over_splits
from qml.bench.store import DamagedCellError, Store
from qml.bench.words import headline, word_of

__all__ = [
    "CHAMPION",
    "Arm",
    "ArmInfo",
    "BudgetPoint",
    "Cell",
    "CellResult",
    "DamagedCellError",
    "Estimate",
    "Family",
    "Finding",
    "Protocol",
    "RenderedReport",
    "RenderedScaling",
    "RenderedSuite",
    "SealedSource",
    "Store",
    "Trial",
    "best_trial",
    "calibration_error",
    "cells_of",
    "confusion",
    "findings",
    "headline",
    "over_rows",
    "over_splits",
    "render",
    "render_scaling",
    "render_suite",
    "run_cell",
    "sample_settings",
    "word_of",
]
