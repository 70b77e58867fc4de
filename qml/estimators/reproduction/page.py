"""The table of a reproduction as Markdown, CSV and JSON: published, corrected, measured, and what the audit says."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from qml.base.files import replacing, write_json
from qml.bench.audit_report import AuditOutcome, AuditSection
from qml.bench.checks.tables import table_findings
from qml.bench.results_row import ResultRow, ResultTable
from qml.estimators.reproduction.claim import JUDGED_BY_ROW, Agreement

HEAD = ("arm", "data", "published", "corrected", "measured", "test rows off", "verdict", "updates", "s a fit", "faster")
FIELDS = frozenset({"arm", "data", "n_test", "n_seeds", "test", "cost_s"})  # of a published row
DECIMALS = 6  # to which published accuracies are kept


def written(
    title: str, lessons: Sequence[str], agreements: Sequence[Agreement], command: str, folder: Path | None
) -> tuple[str, tuple[Path, ...]]:
    """The page as Markdown, and the files that it was written to.

    Args:
        title: of the study.
        lessons: what a reader must know of it.
        agreements: its rows.
        command: words that run it again.
        folder: of `reproduction.md`, `.csv` and `.json`; None writes none.
    """
    audit = audited(title, agreements)
    parts = [f"# {title}", summary(agreements), *lessons, table(agreements), notes(agreements)]
    parts += [f"## The published numbers, audited\n\n```\n{audit}\n```", f"Again: `{command}`"]
    page = "\n\n".join(part for part in parts if part) + "\n"
    if folder is None:
        return page, ()
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / f"reproduction.{ending}" for ending in ("md", "csv", "json"))
    with replacing(paths[0]) as temporary:
        temporary.write_text(page, encoding="utf-8")
    plain = [agreement.plain() for agreement in agreements]
    with replacing(paths[1]) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(plain[0]))
        writer.writeheader()
        writer.writerows(plain)
    write_json(paths[2], {"title": title, "command": command, "rows": plain, "audit": audit.to_json()})
    return page, paths


def summary(agreements: Sequence[Agreement]) -> str:
    """How many rows agree by which rule, and how much faster fits are.

    Example:
        >>> from qml.estimators.reproduction import Claim, Measured
        >>> claim = Claim("svm", "wine", (0.9,), 10, "exact", fit_s=6.0)
        >>> summary([Agreement(claim, (Measured(0, 9, 10, 1, 2.0, 2.0),))])
        '1 of 1 rows judged to the test row agree.'
    """
    lines = []
    by_row = [a for a in agreements if a.claim.rule in JUDGED_BY_ROW]
    if by_row:
        agree, part = (sum(a.agrees is state for a in by_row) for state in (True, None))
        lines.append(f"{agree} of {len(by_row)} rows judged to the test row agree.")
        if part:
            lines.append(f"{part} of them were run in part: what was run agrees, which is not counted.")
    by_mean = [a for a in agreements if a.claim.rule in ("means", "training means") and a.agrees is not None]
    if by_mean:
        agree = sum(a.agrees is True for a in by_mean)
        lines.append(
            f"{agree} of {len(by_mean)} rows judged by means agree within twice the standard error of the difference; "
            f"with five seeds on either side one row in twelve would lie outside by chance."
        )
    trained = [a.faster for a in agreements if a.claim.trained and a.faster is not None]
    if trained:
        below = sum(ratio < 50 for ratio in trained)
        lines.append(
            f"Fits of trained circuits take a median of 1/{median(trained):.0f} of their published time, on another "
            f"machine; {below} of {len(trained)} gain less than a factor of 50."
        )
    return " ".join(lines)


def table(agreements: Sequence[Agreement]) -> str:
    """The rows as a Markdown table; test rows off are measured minus expected, with their standard error."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    return "\n".join(lines + ["| " + " | ".join(_cells(agreement, agreements)) + " |" for agreement in agreements])


def _cells(agreement: Agreement, agreements: Sequence[Agreement]) -> list[str]:
    plain: dict[str, Any] = agreement.plain()
    claim = agreement.claim
    said = _notes(agreements)
    mark = f" [{said.index(claim.note) + 1}]" if claim.note else ""
    error = "" if plain["error_rows"] is None else f" ± {plain['error_rows']:.1f}"
    steps, theirs = plain["steps"], claim.steps
    updates = _span(*steps) + (f" (theirs {_span(*theirs)})" if theirs else "") if steps[1] > 1 else ""
    seconds = f"{agreement.seconds:.3g}" + (f" ({claim.fit_s:.3g})" if claim.fit_s is not None else "")
    return [
        claim.arm + mark,
        claim.data,
        _share(plain["published"]),
        _share(plain["corrected"]),
        _share(plain["measured"]) + (f" (training {_share(plain['training'])})" if "training" in claim.rule else ""),
        f"{round(agreement.test_rows, 1) + 0.0:+.1f}{error} of {claim.n_test}" if claim.expected else "",
        agreement.verdict if claim.expected else "ours, beside",
        updates,
        seconds,
        "" if agreement.faster is None else f"{agreement.faster:.0f}x",
    ]


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _share(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.4f}"


def notes(agreements: Sequence[Agreement]) -> str:
    """The notes of the rows, numbered as in the table, and why fits failed."""
    lines = [f"{number}. {note}" for number, note in enumerate(_notes(agreements), 1)]
    for agreement in agreements:
        failed = [m for m in agreement.measured if m.failed]
        if failed:
            seeds = ", ".join(str(m.seed) for m in failed)
            lines.append(f"- {agreement.claim.arm} on {agreement.claim.data}, seeds {seeds}: {failed[0].failed}")
    return "\n".join(lines)


def _notes(agreements: Sequence[Agreement]) -> list[str]:
    """Every note once."""
    return list(dict.fromkeys(a.claim.note for a in agreements if a.claim.note))


def audited(title: str, agreements: Sequence[Agreement]) -> AuditOutcome:
    """What the checks of an audit find in the published numbers of these rows; those that are only shown left out."""
    claims = [a.claim for a in agreements if a.claim.published and a.claim.rule != "shown"]
    rows = tuple(
        ResultRow(
            number=number,
            place=f"row {number + 1}",
            arm=claim.arm,
            data=claim.data,
            n_test=claim.n_test,
            n_seeds=len(claim.published),
            test=claim.published,
            cost_s=claim.fit_s,
        )
        for number, claim in enumerate(claims)
    )
    found = table_findings(ResultTable(rows, FIELDS, {"test": DECIMALS}))
    labels = {row.number: f"{row.place} ({row.label})" for row in rows}
    return AuditOutcome(title, (AuditSection("published numbers", found, labels),))
