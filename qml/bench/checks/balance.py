"""Whether the named ranking metric fits the balance of the classes."""

from __future__ import annotations

from collections.abc import Iterator

from qml.bench.balance import fitting_rank, is_balanced
from qml.bench.finding import Finding
from qml.bench.summary import Summary


def accuracy_of_rare_classes(s: Summary) -> Iterator[Finding]:
    """Accuracy as the ranking metric where a class is rare."""
    counts = list(s.data.get("classes", {}).get("train", {}).values())
    counts += [0] * (len(s.labels) - len(counts))
    if s.protocol.rank != "accuracy" or not counts or not sum(counts) or is_balanced(counts):
        return
    share = 100 * max(counts) / sum(counts)
    yield Finding(
        "warn",
        "Accuracy on unbalanced classes",
        f"the protocol ranks by accuracy, and the most common class holds {share:.1f} % of the training rows.",
        f"training rows by class: {', '.join(map(str, counts))}",
        f"A model that finds no rare row can rank high. {fitting_rank(counts)} fits these classes (rank=auto takes it)",
    )
