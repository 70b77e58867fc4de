"""The whole of what is asked of an ETL run, as one value: what to read, what it must hold, parts and features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qml.base.digest import canonical, digest
from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.data.etl.declared import KEPT, ColumnRule, TargetPlan, could_be
from qml.data.etl.division import Division, moment

FORMATS = ("csv", "json", "parquet")
ENCODINGS = ("UTF-8", "ISO-8859-1", "UTF-16")
SCALES = ("standard", "minmax", "none")
IMPUTES = ("median", "mean")


@dataclass(frozen=True)
class Reading:
    """Where the raw rows are and how their files are written.

    Args:
        path: a file, a folder or a pattern; a URL of a file system that Spark knows (hdfs://, s3a://) passes through.
        format: "csv", "json" (one object a line) or "parquet".
        header: the first line of each CSV file names its columns.
        names: of the columns of CSV files without a header, in their order.
        separator: between the fields of a CSV line.
        quote: around CSV fields that hold separators; doubled within.
        nulls: texts that mean "missing", beside the empty one.
        trim: take white space off both ends of a CSV field.
        encoding: of CSV files: "UTF-8", "ISO-8859-1" (Latin-1), or "UTF-16", which needs `multiline`.
        multiline: quoted CSV fields may hold line breaks; each file is then read by one process.
        others: "refuse" columns that no rule names, or "drop" them.

    Raises:
        ConfigError: a word that is not known, CSV files without header and names, or an encoding that does not go
            with the rest.
    """

    path: str
    format: str = "csv"
    header: bool = True
    names: Sequence[str] = ()
    separator: str = ","
    quote: str = '"'
    nulls: Sequence[str] = ("", "NA", "NaN", "nan", "null", "?")
    trim: bool = False
    multiline: bool = False
    encoding: str = "UTF-8"
    others: str = "refuse"

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "nulls", tuple(self.nulls))
        object.__setattr__(self, "encoding", self.encoding.upper())
        for what, known in (("format", FORMATS), ("encoding", ENCODINGS), ("others", ("refuse", "drop"))):
            if getattr(self, what) not in known:
                raise unknown(f"etl.read.{what}", getattr(self, what), list(known))
        if self.format == "csv" and self.header == bool(self.names):
            found = "both a header and names" if self.header else "neither a header nor names"
            raise ConfigError(f"etl.read has {found}. Say header=true, or header=false with names=[...].")
        if self.encoding != "UTF-8" and self.format != "csv":
            raise ConfigError(
                f"etl.read.encoding={self.encoding} was given for {self.format}, which is UTF-8. Leave it."
            )
        if self.encoding == "UTF-16" and not self.multiline:
            raise ConfigError(
                "etl.read.encoding=UTF-16 is read whole files at a time. Say etl.read.multiline=true too."
            )


@dataclass(frozen=True)
class FeaturePlan:
    """How inputs become features; whatever is learnt for it, is learnt from the training part alone.

    Args:
        impute: missing numbers become the training "median" or "mean"; columns that are required need none.
        flags: a 0/1 column more for each column that has missing values in training.
        scale: "standard" (mean 0, variance 1), "minmax" (0 to 1) or "none".
        categories: values kept of a category, the most frequent in training; all others share one place.
        pca: project all features on so many directions of greatest training variance; None leaves them.

    Raises:
        ConfigError: a word or number that is not known.
    """

    impute: str = "median"
    flags: bool = True
    scale: str = "standard"
    categories: int = 64
    pca: int | None = None

    def __post_init__(self):
        for what, known in (("impute", IMPUTES), ("scale", SCALES)):
            if getattr(self, what) not in known:
                raise unknown(f"etl.features.{what}", getattr(self, what), list(known))
        for what in ("categories", "pca"):
            value = getattr(self, what)
            if value is not None and value < 1:
                raise ConfigError(f"etl.features.{what}={value} was asked for; give 1 or more.")


@dataclass(frozen=True)
class Preparation:
    """From raw files to parts with features: all of what decides the outcome, and nothing of where it runs.

    Args:
        name: of the set.
        read: where the rows are.
        columns: what they must hold.
        target: what is predicted, of the column of role "target"; None says nothing beyond `TargetPlan()`, and is what
            stands here where no column has that role.
        split: which row belongs to which part.
        features: how inputs become numbers.
        tolerated: share of the rows that may break the schema; with more, the run ends with the reasons.

    Raises:
        ConfigError: rules that contradict each other.

    Example:
        >>> columns = [ColumnRule(["size"]), ColumnRule(["open"], "string", role="target")]
        >>> shops = Preparation("shops", Reading("shops.csv"), columns)
        >>> [rule.names for rule in shops.of_role("input")], shops.split.parts, shops.target.kind
        ([('size',)], ('train', 'validation', 'test'), 'classes')
    """

    name: str
    read: Reading
    columns: Sequence[ColumnRule]
    target: TargetPlan | None = None
    split: Division = field(default_factory=Division)
    features: FeaturePlan = FeaturePlan()
    tolerated: float = 0.1

    def __post_init__(self):
        object.__setattr__(self, "columns", tuple(self.columns))
        if not 0 <= self.tolerated <= 1:
            raise ConfigError(f"etl.tolerated={self.tolerated} was asked for; it is a share of the rows, 0 to 1.")
        names = [name for rule in self.columns for name in rule.names]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f"etl.columns has more than one rule for {twice[0]!r}. Leave one.")
        hidden = [name for name in names if name.startswith("__")]
        if hidden:
            raise ConfigError(f"The column {hidden[0]!r} begins with __, which this job keeps for itself. Rename it.")
        if self.read.names and set(self.read.names) != set(names) and self.read.others == "refuse":
            odd = sorted(set(self.read.names) ^ set(names))
            raise ConfigError(f"etl.read.names and etl.columns differ in {odd[0]!r}. Name the same columns in both.")
        self._check_roles()

    def _check_roles(self) -> None:
        """Refuse roles that are lacking or given twice."""
        counts = {role: len(self.names_of(role)) for role in ("input", "target", "group", "time", "part")}
        if not counts["input"]:
            raise ConfigError("etl.columns has no column of role input. Name one.")
        for role in ("target", "group", "time", "part"):
            if counts[role] > 1:
                raise ConfigError(f"etl.columns gives the role {role} to {self.names_of(role)}. Give it to one column.")
        if not counts["target"] and self.target not in (None, TargetPlan()):
            raise ConfigError(
                "etl.target was given; no column has the role target. Give one that role, or leave it out."
            )
        object.__setattr__(self, "target", (self.target or TargetPlan()) if counts["target"] else None)
        if self.target is not None:
            self._check_target(self.target, self.of_role("target")[0])
        needs = {"group": "group", "time": "time"}.get(self.split.how) or ("part" if self.split.values else None)
        if needs and not counts[needs]:
            raise ConfigError(f"etl.split.how={self.split.how} needs a column of role {needs}. Name it.")
        if counts["part"] and not self.split.values:
            raise ConfigError(
                "A column has the role part; say etl.split.how=official and etl.split.values={train: [..]}."
            )
        if self.split.how == "time":
            self._check_time()

    @staticmethod
    def _check_target(target: TargetPlan, rule: ColumnRule) -> None:
        """Refuse a number that is declared as none, and classes of values that the column cannot hold."""
        name = rule.names[0]
        if target.kind == "number" and rule.type not in ("float", "int"):
            raise ConfigError(
                f"target.kind=number was asked for; column {name!r} is declared as type={rule.type}. Say type: float "
                "or int, or target.kind=classes."
            )
        for values in target.classes.values():
            for value in values:
                if not could_be(value, rule.type):
                    raise ConfigError(
                        f"target.classes names the value {value!r}; column {name!r} is declared as type={rule.type}, "
                        "which can never hold that. Correct one of them."
                    )

    def _check_time(self) -> None:
        """Refuse a column without order, and moments that leave a part no time."""
        rule, split = self.of_role("time")[0], self.split
        if rule.type not in ("int", "float", "timestamp"):
            raise ConfigError(
                f"The column {rule.names[0]!r} of role time is a {rule.type}, which has no order. Say type=timestamp."
            )
        cuts = [moment(cut, rule.type) for cut in (split.validation_cut, split.cut) if cut is not None]
        if cuts != sorted(set(cuts)):
            raise ConfigError(
                f"etl.split.validation_cut={split.validation_cut} is not before cut={split.cut}, so no moment is left "
                "for the validation part. Give an earlier one."
            )

    def of_role(self, *roles: str) -> tuple[ColumnRule, ...]:
        """The rules of these roles, in order."""
        return tuple(rule for rule in self.columns if rule.role in roles)

    def names_of(self, *roles: str) -> tuple[str, ...]:
        """The columns of these roles, in order."""
        return tuple(name for rule in self.of_role(*roles) for name in rule.names)

    def rule(self, name: str) -> ColumnRule:
        """The rule of a column."""
        return next(rule for rule in self.columns if name in rule.names)

    @property
    def kept(self) -> tuple[str, ...]:
        """Columns that are written as they were, beside the features."""
        return self.names_of(*KEPT)

    @property
    def target_name(self) -> str | None:
        """The column of the target in the files that are written."""
        return None if self.target is None else self.target.name or self.names_of("target")[0]

    @property
    def digest(self) -> str:
        """Equal for equal preparations; where the raw files lie is no part of it, what they hold is told apart."""
        plain = canonical(self)
        del plain["read"]["path"]
        return digest(plain)
