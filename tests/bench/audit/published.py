"""The published study's files as they were before anybody judged them: the reference table without its verdicts."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

NAME = "bowles_results.csv"
VERDICTS = ("status", "corrected_test_acc_mean", "corrected_test_acc_std", "rerun_exact", "note", "is_alias_duplicate")
PLACES = ("source_file", "in_paper_set", "family")  # known to who made the table, not to the study's files


def rebuilt(reference: Path, folder: Path) -> dict[tuple[str, ...], dict[str, str]]:
    """Write one CSV a model, `<model>.csv`, without verdicts; give the verdicts by (model, data set, variant, loss)."""
    with open(reference, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        kept = [name for name in reader.fieldnames or () if name not in (*VERDICTS, *PLACES)]
        lines = list(reader)
    groups = defaultdict(list)
    for line in lines:
        groups[line["model"]].append({name: line[name] for name in kept})
    folder.mkdir(parents=True, exist_ok=True)
    for model, rows in groups.items():
        with open(folder / f"{model}.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, kept)
            writer.writeheader()
            writer.writerows(rows)
    return {key_of(line): {name: line[name] for name in VERDICTS} for line in lines}


def key_of(line: dict[str, str]) -> tuple[str, ...]:
    return tuple(line[name] for name in ("model", "dataset", "variant", "loss"))
