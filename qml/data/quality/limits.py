"""Every threshold of the checks in one value, so that a finding can be traced to the number that made it one."""

from __future__ import annotations

from dataclasses import dataclass, fields

from qml.base.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """From where on something is a finding, and how grave.

    Args:
        copies: share of the rows of a later part with a copy in an earlier one, from which this is suspect; severe
            where as many more rows are right for looking their label up there, and are more than few values explain.
            Copies below it are a warning, down to a single row.
        repeats: share of all rows that repeat an earlier one, from which this is a warning.
        contradictions: share of rows whose equal inputs have another label, from which this is suspect.
        near_correlation: least correlation of the pixels of two images that are near-copies.
        near_grey: greatest root mean square difference of their pixels at one brightness and contrast, in grey levels
            of 0 .. 255.
        group_values: fewest different values of a column that may name subjects.
        group_rows: most rows a value, on average, of a column that names many subjects.
        group_open_even: least evenness (inverse Simpson index over the number of values) of such a column.
        group_even: least evenness of one that names fewer subjects with more rows each.
        group_repeated: least share of its rows whose value occurs again.
        group_alike: least share of comparisons in which two rows of one value are more alike than two of
            neighbouring values.
        disguise: share of the errors of the best constant answer that a column removes by itself, from which it is
            the label in disguise; where the target is a number, least rank correlation with it, up or down.
        nearly: the same, from which it is nearly so.
        id_values: least share of different values among the rows of a column that tells rows apart.
        missing: share of missing values of a column, from which this is a warning.
        missing_gap: difference between two parts in that share, from which this is a warning.
        rare: fewest rows of a class in a part.
        unseen: share of the rows of a later part whose class does not occur in training, from which this is severe; a
            warning below it.
        drift_alpha: of the tests between parts, after Holm's correction over the columns.
        drift_effect: least Kolmogorov-Smirnov distance, or Cramer's V, that is told.
        told_apart: area under the curve of a classifier that tells training from test rows, from which this is a
            warning.
        wholly_apart: the same, from which it is suspect.
        label_noise: share of doubted labels, from which they are suspect, if the model that doubts them is good.
        label_model: least accuracy of that model on the rows that it does not doubt.
        label_skill: least share of the errors of the most frequent label that it removes on all rows.
        blocks: runs of one label in file order over those of a shuffled file, below which rows are ordered by label.
        trend: rank correlation of a column or the target with the number of the row that is told.
        sample: most rows that the slow checks look at.
        listed: most row numbers that a finding names.
        shown: examples of a finding.

    Raises:
        ConfigError: a value below zero.

    Example:
        >>> Limits(copies=0.02).copies
        0.02
    """

    copies: float = 0.01
    repeats: float = 0.01
    contradictions: float = 0.01
    near_correlation: float = 0.995
    near_grey: float = 8.0
    group_values: int = 20
    group_rows: float = 20.0
    group_open_even: float = 0.05
    group_even: float = 0.8
    group_repeated: float = 0.1
    group_alike: float = 0.6
    disguise: float = 0.999
    nearly: float = 0.98
    id_values: float = 0.95
    missing: float = 0.05
    missing_gap: float = 0.05
    rare: int = 10
    unseen: float = 0.01
    drift_alpha: float = 0.01
    drift_effect: float = 0.1
    told_apart: float = 0.6
    wholly_apart: float = 0.9
    label_noise: float = 0.1
    label_model: float = 0.95
    label_skill: float = 0.3
    blocks: float = 0.5
    trend: float = 0.3
    sample: int = 10_000
    listed: int = 500
    shown: int = 5

    def __post_init__(self):
        for item in fields(self):
            if not getattr(self, item.name) >= 0:
                raise ConfigError(f"limits.{item.name}={getattr(self, item.name)!r} was given; it must be at least 0.")
