"""Rows against what was declared: typed columns, and for each row the rules that it breaks."""

from __future__ import annotations

from collections.abc import Sequence

from qml.base.extras import require
from qml.data.etl.declared import FALSE, TRUE, ColumnRule, TargetPlan
from qml.data.etl.preparation import Preparation
from qml.data.etl.reading import BROKEN, FILE, PART, UNREADABLE, named

require("pyspark", extra="spark", purpose="qml.data.etl")
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

REASON, RAW = "__reason", "__raw"
"""Columns of a checked frame: why a row is broken (null: it is not), and its values or its line as text."""
NUMBER = r"(?i)^\s*[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?)\s*$"
DATED = r"^\s*\d{4}-\d{1,2}-\d{1,2}(\D|$)"
"""What a text must look like to be a number, or a moment of no declared format."""
REPLACED = "\ufffd"
"""What stands in a text for bytes that its encoding does not know."""


def checked_frame(frame: DataFrame, preparation: Preparation) -> DataFrame:
    """The rows with typed columns and the reasons of those that break a rule.

    Args:
        frame: as `raw_frame` gives it.
        preparation: the rules.

    Returns:
        Inputs (numbers in float64, or float32 where the file has that; categories as text), target (the label of its
        class, or float), kept columns in their type, `__part` and the column of parts where there are such, `__file`,
        `__reason`, `__raw`.
    """
    nulls = list(preparation.read.nulls)
    used = [(rule, name) for rule in preparation.columns if rule.role != "drop" for name in rule.names]
    kinds = {name: frame.schema[name].dataType.typeName() for _, name in used}
    present = [_present(named(name), kinds[name], nulls).alias(f"__present{n}") for n, (_, name) in enumerate(used)]
    frame = frame.select("*", *present)  # each step is a projection of its own: what is used twice is computed once
    typed = [
        _typed(F.col(f"__present{n}"), rule, kinds[name]).alias(f"__value{n}") for n, (rule, name) in enumerate(used)
    ]
    frame = frame.select("*", *typed)
    reasons, stored = [], []
    for number, (rule, name) in enumerate(used):
        there, value = F.col(f"__present{number}"), F.col(f"__value{number}")
        broken = [*_broken(there, value, rule), *_unusable(there, value, rule, preparation)]
        if rule.type == "string" and preparation.read.format == "csv":
            broken.append((there.contains(REPLACED), f"not in {preparation.read.encoding}"))
        reasons.extend(F.when(condition, F.lit(f"{name}: {why}")) for condition, why in broken)
        stored.append(_stored(value, there, rule, preparation, kinds[name]))
    frame = frame.select("*", F.concat_ws("; ", *reasons).alias("__reasons"))
    reason = F.when(named(BROKEN).isNotNull(), F.lit(UNREADABLE)).when(F.col("__reasons") != "", F.col("__reasons"))
    frame = frame.select("*", reason.alias(REASON))
    values = F.to_json(F.struct(*(named(name) for _, name in used)), {"ignoreNullFields": "false"})
    raw = F.when(named(REASON).isNotNull(), F.coalesce(named(BROKEN), values)).alias(RAW)
    parts = [named(PART)] if PART in frame.columns else []
    names = [column.alias(name) for column, (_, name) in zip(stored, used, strict=True)]
    return frame.select(*names, *parts, named(FILE), named(REASON), raw)


def _present(column: Column, kind: str, nulls: list[str]) -> Column:
    """A column, null where its text means that it is missing."""
    if kind == "string":
        return F.when(~column.isin(nulls), column)
    return F.when(~F.isnan(column), column) if kind in ("double", "float") else column


def _typed(present: Column, rule: ColumnRule, found: str) -> Column:
    """A column in its type, null where it does not convert."""
    if rule.type in ("float", "int"):
        if found == "string":  # Java reads "1f" and "0x1p3" as numbers too
            return F.when(F.regexp_like(present, F.lit(NUMBER)), present.try_cast("double"))
        return present.cast("double") if found == "boolean" else present.try_cast("double")
    if rule.type == "bool":
        text = F.lower(present.cast("string"))
        return F.when(text.isin(*TRUE), True).when(text.isin(*FALSE), False)
    if rule.type == "timestamp":
        if rule.format:
            return F.try_to_timestamp(present.cast("string"), F.lit(rule.format))
        if found == "string":  # Spark would complete a time by today's date
            return F.when(F.regexp_like(present, F.lit(DATED)), F.try_to_timestamp(present))
        return present.cast("timestamp")
    return present.cast("string")


def _broken(present: Column, value: Column, rule: ColumnRule) -> list[tuple[Column, str]]:
    """What makes a value break its rule, with the words."""
    there, text = present.isNotNull(), present.cast("string")
    found: list[tuple[Column, str]] = []
    if rule.required:
        found.append((present.isNull(), "missing"))
    what = {"float": "no number", "int": "no whole number", "bool": "neither true nor false", "timestamp": "no moment"}
    if rule.type != "string":
        found.append((there & value.isNull(), what[rule.type]))
    if rule.type in ("float", "int"):
        endless = F.isnan(value) | value.isin(float("inf"), float("-inf"))
        found.append((there & endless, "not finite"))
        if rule.type == "int":
            found.append((there & ~endless & (F.rint(value) != value), "no whole number"))
            found.append((there & ~endless & (F.abs(value) >= 2.0**63), "beyond what 64 bits hold"))
        if rule.kind == "number" and rule.role in ("input", "target"):
            found.append((there & ~endless & (F.abs(value) > 3.4e38), "beyond what float32 holds"))
    if rule.least is not None:
        found.append((there & (value < rule.least), f"below {rule.least:g}"))
    if rule.greatest is not None:
        found.append((there & (value > rule.greatest), f"above {rule.greatest:g}"))
    if rule.values:
        found.append((there & ~text.isin(list(rule.values)), "none of the values allowed"))
    if rule.pattern:
        found.append((there & ~F.regexp_like(text, F.lit(f"^(?:{rule.pattern})$")), "not of the pattern"))
    return found


def _unusable(present: Column, value: Column, rule: ColumnRule, preparation: Preparation) -> list[tuple[Column, str]]:
    """What makes a value useless for its role: a target that is no class, a part or group that is not named."""
    split, target = preparation.split, preparation.target
    needed = rule.role in ("target", "part") or rule.role == split.how
    found = [(present.isNull(), "missing")] if needed and not rule.required else []
    if rule.role == "part":
        known = [value for values in split.values.values() for value in values]
        found.append((present.isNotNull() & ~present.cast("string").isin(known), "names no part"))
    if rule.role == "target" and target is not None and target.classes and not target.rest:
        known = [value for values in target.classes.values() for value in values]
        found.append((present.isNotNull() & ~_among(present, value, rule, known), "none of the classes"))
    return found


def _stored(value: Column, present: Column, rule: ColumnRule, preparation: Preparation, found: str) -> Column:
    """A column as the checked rows hold it; float32 of a file needs no more room than that."""
    if rule.role == "part":
        return present.cast("string")
    if rule.role == "target" and preparation.target is not None:
        if preparation.target.kind == "number":
            return value.cast("float")
        return _label(present, value, rule, preparation.target)
    if rule.role == "input":
        if rule.kind == "number":
            return value.cast("float") if found == "float" else value
        return _text(value, present, rule)
    return _whole(value, present) if rule.type == "int" else value


def _whole(value: Column, present: Column) -> Column:
    """A whole number, by way of float64 only where it must be: 2**53 + 1 is a key too."""
    return F.coalesce(present.try_cast("bigint"), value.try_cast("bigint"))


def _text(value: Column, present: Column, rule: ColumnRule) -> Column:
    """A category in one spelling: 1 and 1.0 are one code, yes and true one truth value."""
    if rule.type == "int":
        return _whole(value, present).cast("string")
    if rule.type == "float":
        whole = (F.rint(value) == value) & (F.abs(value) < 2.0**53)
        return F.when(whole, value.cast("bigint").cast("string")).otherwise(value.cast("string"))
    return value.cast("string")


def _label(present: Column, value: Column, rule: ColumnRule, target: TargetPlan) -> Column:
    """The class of a row: the label that its value stands under, or the value itself where it is a class."""
    if not target.classes:
        return _text(value, present, rule)
    made = F.when(present.isNull(), None)
    for label, values in target.classes.items():
        made = made.when(_among(present, value, rule, values), label)
    return made.otherwise(target.rest)


def _among(present: Column, value: Column, rule: ColumnRule, values: Sequence[str]) -> Column:
    """Whether a value is one of those that a configuration spells: 1.0 is among (1), yes among (true)."""
    if rule.type in ("int", "float"):
        return value.isin([float(one) for one in values])
    if rule.type == "bool":
        return value.isin([one.lower() in TRUE for one in values])
    return present.cast("string").isin(list(values))
