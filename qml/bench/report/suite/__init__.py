"""The report of several data sets: the verdict across them, and a page of each."""

from qml.bench.report.suite.render import RenderedSuite, render_suite

__all__ = ["RenderedSuite", "render_suite"]
