"""The part of each row: by hashes of what it holds, by moments, or as published; never by where it lies."""

from __future__ import annotations

from functools import reduce

from qml.base.errors import ConfigError
from qml.base.extras import require
from qml.data.etl.preparation import Preparation
from qml.data.etl.reading import PART, named

require("pyspark", extra="spark", purpose="qml.data.etl")
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

KEY = "__key"
"""Column with a hash of the inputs of a row: equal for equal inputs."""
LEVELS = 2**40


def divided(frame: DataFrame, preparation: Preparation, usable: Column) -> DataFrame:
    """The frame with a column `__part`, and `__key` of the inputs.

    Args:
        frame: checked rows.
        preparation: says how.
        usable: which rows count for the shares of a split by time.

    Raises:
        ConfigError: a split by time of a column that has no order.
    """
    split = preparation.split
    frame = frame.withColumn(KEY, input_key(preparation))
    if split.how == "random":
        return frame.withColumn(PART, _by_hash(named(KEY), preparation))
    if split.how == "group":
        return frame.withColumn(PART, _by_hash(named(preparation.names_of("group")[0]), preparation))
    if split.how == "time":
        return frame.withColumn(PART, _by_time(frame.where(usable), preparation))
    part = named(PART) if split.files else _by_values(preparation)
    if "validation" in split.parts and "validation" not in (*split.values, *split.files):
        group = preparation.names_of("group")
        carved = _level(named(group[0]) if group else named(KEY), split.seed) < split.validation
        part = F.when((part == "train") & carved, "validation").otherwise(part)
    return frame.withColumn(PART, part)


def input_key(preparation: Preparation) -> Column:
    """A 64-bit hash of the inputs of a checked row: of their values, so 1 and 1.0, 0 and -0 are one."""
    zero = F.lit(0.0).cast("float")
    inputs = [
        named(name) + zero if rule.kind == "number" else named(name)
        for rule in preparation.of_role("input")
        for name in rule.names
    ]
    missing = [value.isNull() for value in inputs]  # the hash looks past what is missing
    return F.xxhash64(*inputs, *missing)


def _level(value: Column, seed: int) -> Column:
    """A number in 0 .. 1, the same for the same value and seed."""
    return F.pmod(F.xxhash64(F.lit(seed).cast("bigint"), value), F.lit(LEVELS)) / F.lit(float(LEVELS))


def _by_hash(value: Column, preparation: Preparation) -> Column:
    """Shares of the values."""
    split = preparation.split
    level = _level(value, split.seed)
    part = F.when(level < split.test, "test").when(level < split.test + split.validation, "validation")
    return part.otherwise("train")


def _by_values(preparation: Preparation) -> Column:
    """The part that a column names."""
    text = named(preparation.names_of("part")[0]).cast("string")
    cases = [(text.isin(list(values)), part) for part, values in preparation.split.values.items()]
    first, *others = cases
    return reduce(lambda made, case: made.when(*case), others, F.when(*first))


def _by_time(rows: DataFrame, preparation: Preparation) -> Column:
    """The last rows to the test part, those before them to validation; equal moments stay together."""
    split, name = preparation.split, preparation.names_of("time")[0]
    rule = preparation.rule(name)
    if rule.type not in ("int", "float", "timestamp"):
        raise ConfigError(f"The column {name!r} of role time is a {rule.type}, which has no order. Say type=timestamp.")
    moment = named(name).cast("double")
    if split.cut is not None:
        tests = moment >= _moment(split.cut, rule.type)
        validates = F.lit(False)
        if split.validation_cut is not None:
            validates = moment >= _moment(split.validation_cut, rule.type)
        return F.when(tests, "test").when(validates, "validation").otherwise("train")
    shares = [1 - split.test - split.validation, 1 - split.test]
    found = rows.select(moment.alias("moment")).approxQuantile("moment", shares, 0.0)
    last_train, last_validation = found or (0.0, 0.0)  # of no rows at all: told when the parts turn out empty
    part = F.when(moment > last_validation, "test") if split.test else F.when(F.lit(False), "test")
    return (
        part.when(moment > last_train, "validation").otherwise("train") if split.validation else part.otherwise("train")
    )


def _moment(cut: str | float, kind: str) -> Column:
    """A cut as the number that its column becomes."""
    if kind == "timestamp":
        return F.to_timestamp(F.lit(str(cut))).cast("double")
    return F.lit(float(cut))
