"""The stages of an ETL run on an open session: read and check, count, fit, write; in that order and no other."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from qml.base.addresses import shown
from qml.base.errors import DataError
from qml.base.extras import require
from qml.data.etl.checking import RAW, REASON, checked_frame
from qml.data.etl.dividing import KEY, divided
from qml.data.etl.fitting import Learnt, learnt
from qml.data.etl.preparation import Preparation
from qml.data.etl.reading import PART, named, raw_frame
from qml.data.etl.rows import Applied, Coding
from qml.data.etl.sums import Counted, counted
from qml.data.etl.trouble import told
from qml.data.etl.writing import QUARANTINE, Builder, Layout, write_part, write_quarantine
from qml.data.manifest import Manifest, PreparedFile
from qml.data.source import Target

require("pyspark", extra="spark", purpose="qml.data.etl")
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from qml.data.etl.job import Stages

_logger = logging.getLogger(__name__)
PLACE, CHECKED = "__place", "checked"
MOST_CLASSES = 1000
MOST_REASONS = 20
OTHER_REASONS = "other reasons"
DISTINCT = "test_distinct"


def prepare(
    build: Builder, preparation: Preparation, layout: Layout, stages: Stages, facts: Mapping[str, Any]
) -> Manifest:
    """The files of a prepared folder, and its manifest, which the caller writes when they have their place.

    Args:
        build: the temporary folder.
        preparation: what to do.
        layout: sizes of the pieces.
        stages: where wall times go.
        facts: of the job, for the manifest.

    Raises:
        ConfigError, DataError, CapabilityError, OSError: as `EtlJob.run` says.
    """
    raw = shown(preparation.read.path)
    with stages.stage("read, check and divide"), told(f"the reading of {raw}", raw):
        read, broken = _check(build, preparation)
        reasons = _judged(build, preparation, read, broken)
    with told("the preparing of the parts", build.folder):
        with stages.stage("count"):
            counts = {part: _count(build, preparation, part) for part in preparation.split.parts}
        with stages.stage("fit on the training part"):
            known = learnt(_part(build, "train"), counts["train"], preparation)
            target, coding = _target(preparation, counts)
        with stages.stage("write"):
            applied = _applied(preparation, known, target, coding)
            files = {
                part: write_part(build, _part(build, part), part, counts[part].rows, applied, layout) for part in counts
            }
            if preparation.split.distinct:
                files |= _distinct(build, preparation, applied, layout)
            quarantine = _quarantine(build, broken, layout)
    rows = _added_up(read, files, quarantine)
    build.remove(CHECKED)
    build.remove("written")
    made = {
        "by": "qml.data.etl",
        **facts,
        "preparation": _without_path(preparation),
        "rows": rows,
        "quarantine": {"reasons": reasons, "files": [vars(item) for item in quarantine]},
        "classes": _class_counts(counts, preparation, target),
        "stages": stages.seconds,
        "spark": build.session.version,
    }
    return _manifest(preparation, known, target, files, counts, made)


def _check(build: Builder, preparation: Preparation) -> tuple[int, int]:
    """All rows, checked and divided, as Parquet below `checked`, one folder a part; rows read, and rows broken."""
    frame = raw_frame(build.session, preparation)
    seen = Observation()
    frame = frame.observe(seen, F.count(F.lit(1)).alias("read"))
    frame = divided(checked_frame(frame, preparation), preparation, named(REASON).isNull())
    place = F.when(named(REASON).isNotNull(), QUARANTINE).otherwise(named(PART))
    judged = Observation()
    frame = frame.drop(*_gone(preparation, frame)).withColumn(PLACE, place).drop(PART)
    frame = frame.observe(judged, F.count(named(REASON)).alias("broken"))
    frame.write.partitionBy(PLACE).parquet(build.path(CHECKED))
    return int(seen.get["read"]), int(judged.get["broken"])


def _gone(preparation: Preparation, frame: DataFrame) -> list[str]:
    """Columns that have done their work."""
    return [name for name in preparation.names_of("part") if name in frame.columns]


def _part(build: Builder, part: str) -> DataFrame:
    """The checked rows of a part.

    Raises:
        DataError: there is none.
    """
    if not build.has(CHECKED, f"{PLACE}={part}"):
        raise DataError(
            f"The part {part!r} has no rows. Change etl.split, or give it more rows; a share of 0 leaves a part out."
        )
    return build.frame(CHECKED, f"{PLACE}={part}")


def _judged(build: Builder, preparation: Preparation, read: int, broken: int) -> dict[str, int]:
    """Reasons of broken rows with their counts; refuses where there are too many."""
    path = shown(preparation.read.path)
    if not read:
        raise DataError(f"{path} has no rows. See whether it is the right path, and whether its files are empty.")
    if not broken:
        return {}
    rows = _part(build, QUARANTINE)
    found = rows.groupBy(named(REASON).alias("reason")).count().orderBy(F.desc("count"), "reason").limit(MOST_REASONS)
    reasons = {row["reason"]: row["count"] for row in found.collect()}
    if others := broken - sum(reasons.values()):
        reasons[OTHER_REASONS] = others
    _logger.info("%d of %d rows break the schema and go to quarantine: %s", broken, read, _worst(reasons))
    if broken == read or broken > preparation.tolerated * read:
        example = rows.select(named(RAW)).first()
        raise DataError(
            f"{broken:,} of {read:,} rows of {path} break the schema: {_worst(reasons)}. One of them: "
            f"{'' if example is None else example[0][:300]}. Correct etl.columns or the files; etl.tolerated="
            f"{preparation.tolerated} is the share that may go to quarantine."
        )
    return reasons


def _worst(reasons: Mapping[str, int]) -> str:
    """The most frequent reasons in words."""
    return "; ".join(f"{reason} ({count:,})" for reason, count in list(reasons.items())[:3])


def _count(build: Builder, preparation: Preparation, part: str) -> Counted:
    """Moments and counts of a part."""
    inputs = [(rule, name) for rule in preparation.of_role("input") for name in rule.names]
    numbers = [name for rule, name in inputs if rule.kind == "number"]
    words = [name for rule, name in inputs if rule.kind == "category"]
    if preparation.target is not None:
        (numbers if preparation.target.kind == "number" else words).extend(preparation.names_of("target"))
    labels = () if preparation.target is None else preparation.target.labels
    limit = max(MOST_CLASSES, preparation.features.categories, len(labels))
    return counted(_part(build, part), numbers, words, limit)


def _target(preparation: Preparation, counts: Mapping[str, Counted]) -> tuple[Target | None, Coding | None]:
    """The target, and its values as classes.

    Raises:
        DataError: too many different values to be classes.
    """
    plan, name = preparation.target, preparation.target_name
    if plan is None or name is None:
        return None, None
    if plan.kind == "number":
        return Target(name, "number"), None
    if plan.classes:
        return Target(name, "classes", plan.labels), Coding(plan.labels)
    column = preparation.names_of("target")[0]
    distinct = max(one.distinct[column] for one in counts.values())
    if distinct > MOST_CLASSES:
        raise DataError(f"{column!r} has {distinct:,} different values, too many for classes. Say target.kind=number.")
    values = sorted({value for one in counts.values() for value in one.values[column]})
    for part, one in counts.items():
        lacking = [value for value in values if value not in one.values[column]]
        if lacking and part == "train":
            _logger.warning("The training part has no row of %s.", ", ".join(map(repr, lacking[:5])))
    return Target(name, "classes", tuple(values)), Coding(tuple(values))


def _applied(preparation: Preparation, known: Learnt, target: Target | None, coding: Coding | None) -> Applied:
    """What makes the rows of the files."""
    column = None if target is None else (preparation.names_of("target")[0], target.name, coding)
    taken = [*known.features, *([target.name] if target else []), *preparation.kept]
    twice = sorted({name for name in taken if taken.count(name) > 1})
    if twice:
        raise DataError(
            f"Two columns of the files would be called {twice[0]!r}. Give the target or a column another name."
        )
    return Applied(known.columns, known.fitted.state(), known.features, column, preparation.kept)


def _distinct(
    build: Builder, preparation: Preparation, applied: Applied, layout: Layout
) -> dict[str, tuple[PreparedFile, ...]]:
    """The part `test_distinct`, in the order of hashes; nothing where no test row is left."""
    keys = [KEY, *preparation.names_of("target")]
    others = [_part(build, part).select(KEY) for part in preparation.split.parts if part != "test"]
    frame = _part(build, "test").join(reduce(DataFrame.unionByName, others), KEY, "left_anti")
    frame = frame.dropDuplicates(keys).sort(*(named(name) for name in keys))
    rows = frame.count()
    if not rows:
        _logger.warning("Every test row has the inputs of a row of another part: there is no part %s.", DISTINCT)
        return {}
    return {DISTINCT: write_part(build, frame, DISTINCT, rows, applied, layout)}


def _quarantine(build: Builder, broken: int, layout: Layout) -> tuple[PreparedFile, ...]:
    """Files of the broken rows."""
    return write_quarantine(build, _part(build, QUARANTINE), broken, layout) if broken else ()


def _added_up(
    read: int, files: Mapping[str, Sequence[PreparedFile]], quarantine: Sequence[PreparedFile]
) -> dict[str, Any]:
    """Counts of rows, each taken by itself: those read while reading, the others from the files that lie there.

    Raises:
        DataError: they do not add up.
    """
    parts = {part: sum(item.rows for item in items) for part, items in files.items()}
    written = sum(rows for part, rows in parts.items() if part != DISTINCT)
    quarantined = sum(item.rows for item in quarantine)
    if read != written + quarantined:
        raise DataError(
            f"{read:,} rows were read, {written:,} written and {quarantined:,} put into quarantine: they do not add "
            "up, and nothing is kept. Did the raw files change meanwhile? Run it again."
        )
    return {"read": read, "written": written, "quarantined": quarantined, "parts": parts}


def _class_counts(
    counts: Mapping[str, Counted], preparation: Preparation, target: Target | None
) -> dict[str, dict[str, int]]:
    """Part -> label -> rows."""
    if target is None or target.kind != "classes":
        return {}
    column = preparation.names_of("target")[0]
    return {part: {label: one.values[column].get(label, 0) for label in target.labels} for part, one in counts.items()}


def _without_path(preparation: Preparation) -> dict[str, Any]:
    """The preparation as plain data; where the raw files lay is left out."""
    plain = dataclasses.asdict(preparation)
    del plain["read"]["path"]
    return plain


def _manifest(
    preparation: Preparation,
    known: Learnt,
    target: Target | None,
    files: Mapping[str, tuple[PreparedFile, ...]],
    counts: Mapping[str, Counted],
    made: Mapping[str, Any],
) -> Manifest:
    """What the folder says of itself."""
    group, moment = preparation.names_of("group"), preparation.names_of("time")
    return Manifest(
        name=preparation.name,
        features=known.features,
        columns=known.columns,
        target=target,
        parts=dict(files),
        kept=preparation.kept,
        groups=group[0] if group else None,
        time=moment[0] if moment else None,
        transform=known.fitted.state(),
        statistics={part: one.plain() for part, one in counts.items()},
        made=made,
        types={
            column.name: preparation.rule(column.name).type
            for column in known.columns
            if column.kind == "category" and preparation.rule(column.name).type in ("int", "float", "bool")
        },
    )
