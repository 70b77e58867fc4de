"""Where a number comes from: versions and circuits that are not recorded, circuits that are not what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qml.base.words import plural
from qml.bench.checks.evidence import examples, rows_of
from qml.bench.finding import Finding
from qml.bench.results_row import ResultTable
from qml.bench.scale import listed

RECORDED = {
    "versions": "versions of packages",
    "circuit": "the digest of the circuit",
    "chosen_on": "what was chosen on which split",
}


def missing_provenance(table: ResultTable) -> Iterator[Finding]:
    """Facts without which a number cannot be made again."""
    absent = [words for name, words in RECORDED.items() if name not in table.fields]
    if absent:
        yield Finding(
            "warn",
            f"Not recorded: {listed(absent)}",
            "No column of the table holds it.",
            consequence="A library or circuit that changed under the same name cannot be seen in these numbers.",
        )
    for name, words in RECORDED.items():
        empty = [row for row in table.rows if name in table.fields and not getattr(row, name)]
        if empty:
            title = f"{plural(len(empty), 'row')} without {words}"
            yield Finding("warn", title, "The column is there and empty.", rows=rows_of(empty))


def circuit_findings(recorded: Mapping[str, str], rebuilt: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Whether circuits are those whose digests were recorded.

    Args:
        recorded: name -> digest that stands beside the numbers.
        rebuilt: name -> the circuit as it is built now (a `Program`: anything with a `digest`), or its digest.

    Example:
        >>> [finding.level for finding in circuit_findings({"iqp": "ab12"}, {"iqp": "ab12"})]
        ['pass']
        >>> circuit_findings({"iqp": "ab12"}, {"iqp": "cd34"})[0].title
        'iqp is another circuit than the one recorded'
    """
    now = {name: item if isinstance(item, str) else item.digest for name, item in rebuilt.items()}
    found = []
    for name in sorted(recorded.keys() & now.keys()):
        if not now[name].startswith(recorded[name]) or not recorded[name]:
            found.append(
                Finding(
                    "severe",
                    f"{name} is another circuit than the one recorded",
                    "The circuit that is built from the description does not have the digest beside the numbers.",
                    f"recorded {recorded[name][:12] or 'nothing'}, built {now[name][:12]}",
                    "The numbers belong to another model: a gate or a block is missing or added. They can be neither "
                    "reproduced nor compared under this name.",
                )
            )
    if recorded.keys() & now.keys() and not found:
        found.append(
            Finding(
                "pass",
                "Circuits have their recorded digests",
                f"{plural(len(recorded.keys() & now.keys()), 'circuit')} built again.",
            )
        )
    for name in sorted(now.keys() - recorded.keys()):
        found.append(Finding("warn", f"No digest was recorded for {name}", "What ran under this name cannot be told."))
    return tuple(found)


def table_circuit_findings(table: ResultTable, rebuilt: Mapping[str, Any]) -> tuple[Finding, ...]:
    """As `circuit_findings`, for the rows of a table with a column of digests, by arm."""
    found = []
    now = {name: item if isinstance(item, str) else item.digest for name, item in rebuilt.items()}
    for arm in sorted(now):
        wrong = [row for row in table.rows if row.arm == arm and row.circuit and not now[arm].startswith(row.circuit)]
        if wrong:
            found.append(
                Finding(
                    "severe",
                    f"{plural(len(wrong), 'row')} of {arm} from another circuit than the one named",
                    "The recorded digest is not that of the circuit built from the description.",
                    examples(wrong, lambda row: f"records {row.circuit[:12]}"),
                    f"These numbers belong to another model than {arm}.",
                    rows_of(wrong),
                )
            )
    return tuple(found)
