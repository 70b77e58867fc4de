"""What the page says in words, by rules from the findings."""

from __future__ import annotations

from qml.base.words import plural
from qml.bench.scale import listed
from qml.data.quality.checks import Inspection

QUESTION = "Can a score on these data be believed?"
LIMITS = (
    "A check that found nothing has looked for one fault in one way, at the thresholds of the last section. It does "
    "not see a wrong label that every row of a kind shares, a subject that no column names, a leak between a feature "
    "and the future, or whether the rows are those that you will meet."
)


def headline(inspection: Inspection) -> str:
    """The answer in one line."""
    severe = inspection.severe
    if severe:
        return f"No score on these data can be believed as they are: {plural(len(severe), 'severe finding')}"
    suspect = sum(finding.level == "suspect" for finding in inspection.findings)
    if suspect:
        return f"Nothing severe; {plural(suspect, 'suspect finding')} to look at first"
    warned = sum(finding.level == "warn" for finding in inspection.findings)
    if warned:
        return f"Nothing severe was found; {plural(warned, 'warning')}"
    return "Nothing was found that speaks against it"


def lede(inspection: Inspection) -> str:
    """What the worst findings are."""
    worst = [finding for finding in inspection.findings if finding.level in ("severe", "suspect")]
    if not worst:
        passed = sum(finding.level == "pass" for finding in inspection.findings)
        return f"{plural(passed, 'check')} of {plural(len(inspection.seconds), 'check')} found nothing."
    return listed([f"**{finding.title}**" for finding in worst[:4]]) + "."


def subordinate(inspection: Inspection) -> str:
    """What was looked at."""
    sizes = listed([f"{rows} {part}" for part, rows in inspection.sizes.items()])
    return f"Looked at: {sizes} rows; split {inspection.how}. Findings: {inspection.headline}."
