"""What a configuration may say: one dataclass a group of `conf/`, so that a misspelt key is an error."""

from qml.schema.examining import ColumnsConfig, LimitsConfig
from qml.schema.tables import BUILDS, SCALINGS, SCHEMAS, SUITES

__all__ = ["BUILDS", "SCALINGS", "SCHEMAS", "SUITES", "ColumnsConfig", "LimitsConfig"]
