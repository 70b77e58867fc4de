"""The report: one self-contained HTML page and a Markdown file, made of stored cells and of nothing else."""

from qml.bench.report.render import RenderedReport, render

__all__ = ["RenderedReport", "render"]
