"""The report of an inspection of data: one page, Markdown and JSON that say the same."""

from qml.bench.report.quality.render import RenderedInspection, render_inspection

__all__ = ["RenderedInspection", "render_inspection"]
