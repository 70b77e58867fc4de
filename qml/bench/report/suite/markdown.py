"""The report of a suite as Markdown; no drawings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qml.bench.report.markdown import cleaned, findings_text, plain, table
from qml.bench.report.suite import sentences
from qml.bench.report.suite.content import SuiteContent
from qml.bench.report.suite.page import absences, named, suite_date, suite_title
from qml.bench.report.suite.tables import terms


def suite_markdown(content: SuiteContent) -> str:
    """The whole report."""
    view = content.view
    facts = [(f"{number} {unit}".strip(), plain(what)) for number, unit, what in sentences.key_facts(view)]
    tables = {found.name: found for found in content.tables}
    parts = [
        f"# {plain(suite_title(view))}",
        f"Suite report, {suite_date(view)}, suite `{view.suite.hash[:12]}`",
        cleaned(sentences.alarm(content.told)),
        content.part.markdown(table, plain) if content.part is not None else "",
        f"## 1 {sentences.QUESTION}",
        f"**{sentences.headline_text(view)}**",
        cleaned(sentences.lede(view)),
        cleaned(sentences.by_set(view)),
        "\n".join(f"- {plain(text)}" for text in sentences.contrast_texts(view)),
        "\n".join(f"- **{number}** {what}" for number, what in facts),
        f"What this does not say: {sentences.LIMITS}",
        "## 2 Each data set",
        _sets(content),
        "## 3 Scores",
        _table(tables["scores"].columns[1:], [row[1:] for row in tables["scores"].rows]),
        "## 4 All arms, and how sure",
        _table(tables["statistics"].columns, tables["statistics"].rows) if view.contrasts else "",
        _table(tables["ranks"].columns, tables["ranks"].rows) if "ranks" in tables else "",
        _table(tables["posteriors"].columns, tables["posteriors"].rows) if "posteriors" in tables else "",
        " ".join(absences(content)),
        "## 5 What was compared, and how",
        "\n".join(f"- {term}: {plain(text)}" for term, text in terms(view)),
        "## 6 Audit findings",
        findings_text(named(content.told)),
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    return re.sub(r"(\d) %", "\\1\u00a0%", text)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return table(tuple(plain(c) for c in columns), [tuple(plain(cell) for cell in row) for row in rows])


def _sets(content: SuiteContent) -> str:
    found = next(t for t in content.tables if t.name == "sets")
    rows = [
        (f"[{plain(row.data)}]({row.folder}/report.md)", *map(plain, cells[1:-1]))
        for row, cells in zip(content.sets, found.rows, strict=True)
    ]
    return table(tuple(map(plain, found.columns[:-1])), rows)
