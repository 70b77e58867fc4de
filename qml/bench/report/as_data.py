"""A report as plain data: one JSON file with all of it, and one CSV file a table."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

from qml.bench.contestant import Contestant
from qml.bench.report import sentences
from qml.bench.report.content import Content
from qml.bench.report.protocol_text import command, provenance_pairs
from qml.bench.report.sure import Sure, sureness
from qml.bench.report.tables import mean_of
from qml.bench.report.view import Table, View
from qml.bench.statistics import Estimate

KIND, VERSION = "qml report", 1


def report_json(content: Content) -> dict[str, Any]:
    """The whole report; numbers in units of the metric, None for what is not known.

    Returns:
        `protocol` with its `hash`, `verdict`, `arms`, `comparisons`, `findings`, `tables` (text as on the page, the
        data of every figure among them) and `provenance`; `growth` where the same data was compared at several numbers
        of training rows.
    """
    view, s = content.view, content.view.summary
    grown = {} if content.part is None else {"growth": content.part.to_json()}
    return {
        "kind": KIND,
        "version": VERSION,
        "protocol": {"hash": s.protocol.hash, **s.protocol.to_json()},
        "verdict": _verdict(view),
        "arms": [_arm(view, arm) for arm in s.arms],
        "comparisons": [_comparison(view, item) for item in sureness(view)],
        "findings": [finding.to_json() for finding in content.findings],
        "figures": {f.name: f.title for figures in content.figures.values() for f in figures},
        "tables": {t.name: {"columns": list(t.columns), "rows": [list(row) for row in t.rows]} for t in content.tables},
        "provenance": dict(provenance_pairs(view)),
        "other_protocols": sorted({cell.cell.protocol_hash for cell in s.others}),
        **grown,
    }


def _verdict(view: View) -> dict[str, Any]:
    s = view.summary
    return {
        "state": s.state,
        "why": s.why or None,
        "missed": list(s.missed),
        "headline": sentences.headline_text(view),
        "sentences": [spoken(text) for text in (sentences.lede(view), sentences.subordinate(view)) if text],
        "about": s.hero.key if s.hero else None,
        "judged": sorted(s.verdict),
        "facts": [" ".join(part for part in fact if part) for fact in sentences.key_facts(view)],
    }


def spoken(text: str) -> str:
    """A sentence of the report without its marks of bold type."""
    return text.replace("**", "").replace("\u00a0", " ")


def _arm(view: View, arm: Contestant) -> dict[str, Any]:
    known = arm.key in view.scores
    return {
        "key": arm.key,
        "title": arm.title,
        "full_title": arm.full,
        "family": arm.family,
        "role": arm.role,
        "digest": arm.digest,
        "scores": {str(seed): number(score) for seed, score in sorted(arm.scores.items())},
        "score": estimate_json(view.scores[arm.key]) if known else None,
        "median": number(arm.spread.median) if known else None,
        "quartiles": [number(arm.spread.lower), number(arm.spread.upper)] if known else None,
        "runs_alike_on_every_row": arm.stuck,
        "seeds_scored_as_chance": list(arm.at_chance),
        "failed_cells": len(arm.failed),
        "capped_cells": arm.capped,
        "cut_cells": arm.cut,
        "validation": number(arm.validation),
        "cpu_s": number(arm.typical_cost("cpu_s")),
        "cpu_s_of_a_cell": number(mean_of([c.cpu_s for c in arm.every])),
        "circuit_evaluations": number(arm.evaluations),
        "peak_bytes": number(arm.peak_bytes),
        "parameters": {part: number(count) for part, count in arm.parameters.items()},
        "command": command(arm),
    }


def _comparison(view: View, item: Sure) -> dict[str, Any]:
    c, test = item.comparison, item.rows
    return {
        "arm": c.arm.key,
        "against": c.against.key,
        "role": c.role,
        "named_beforehand": item.named,
        "difference": estimate_json(c.estimate),
        "word": c.word,
        "reading": item.reading,
        "not_judged_because": view.summary.barred(c),
        "posterior": [number(p) for p in item.posterior],
        "smallest_visible": number(item.visible),
        "mcnemar": test and {"only_first": test.only_first, "only_second": test.only_second, "p": test.p},
    }


def estimate_json(e: Estimate) -> dict[str, Any]:
    """A mean with its interval."""
    ends = {"lo": number(e.lo), "hi": number(e.hi), "se": number(e.se), "df": number(e.df)}
    return {"mean": number(e.mean), **ends, "design": e.design, "values": [number(v) for v in e.values]}


def number(value: float | None) -> float | None:
    """A number for JSON: None for what is missing or infinite."""
    return None if value is None or not math.isfinite(value) else float(value)


def csv_text(table: Table) -> str:
    """A table as CSV, lines ended by a line feed."""
    return csv_of(table.columns, table.rows)


def csv_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns and rows as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
