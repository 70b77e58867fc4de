"""The part of each row: by hashes of what it holds, by moments, or as published; never by where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from qml.base.extras import require
from qml.data.etl.division import moment
from qml.data.etl.preparation import Preparation
from qml.data.etl.reading import PART, named

require("pyspark", extra="spark", purpose="qml.data.etl")
from pyspark.sql import Column, DataFrame, Window
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
        named(name).cast("float") + zero if rule.kind == "number" else named(name)
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
    """The part that a column names, as the file spells it."""
    text = named(preparation.names_of("part")[0])
    cases = [(text.isin(list(values)), part) for part, values in preparation.split.values.items()]
    first, *others = cases
    return reduce(lambda made, case: made.when(*case), others, F.when(*first))


def _by_time(rows: DataFrame, preparation: Preparation) -> Column:
    """The last rows to the test part, those before them to validation; equal moments stay together."""
    split, name = preparation.split, preparation.names_of("time")[0]
    time, kind = named(name).cast("double"), preparation.rule(name).type
    if split.cut is not None:
        tests = time >= moment(split.cut, kind)
        validates = F.lit(False)
        if split.validation_cut is not None:
            validates = time >= moment(split.validation_cut, kind)
        return F.when(tests, "test").when(validates, "validation").otherwise("train")
    shares = [1 - split.test - split.validation, 1 - split.test]
    last_train, last_validation = _last_moments(rows.select(time.alias("time")), shares)
    part = F.when(time > last_validation, "test") if split.test else F.when(F.lit(False), "test")
    return (
        part.when(time > last_train, "validation").otherwise("train") if split.validation else part.otherwise("train")
    )


def _last_moments(times: DataFrame, shares: Sequence[float]) -> list[float]:
    """The first moment up to which each share of the rows lies; Spark counts and sorts on disk where it must."""
    until = F.sum("count").over(Window.orderBy("time"))
    counts = times.groupBy("time").count().select("time", until.alias("until"))
    counts = counts.select("*", F.max("until").over(Window.partitionBy()).alias("rows"))
    asked = [F.min(F.when(F.col("until") >= F.ceil(F.col("rows") * share), F.col("time"))) for share in shares]
    found = counts.agg(*asked).first() or shares
    return [0.0 if last is None else last for last in found]  # of no rows at all: told when the parts turn out empty
