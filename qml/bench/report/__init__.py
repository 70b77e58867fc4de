"""The report of stored cells and of nothing else: HTML, Markdown, JSON and CSV, of one data set or of a suite."""

from qml.bench.report.render import RenderedReport, render
from qml.bench.report.scaling.render import RenderedScaling, render_scaling
from qml.bench.report.suite import RenderedSuite, render_suite

__all__ = ["RenderedReport", "RenderedScaling", "RenderedSuite", "render", "render_scaling", "render_suite"]
