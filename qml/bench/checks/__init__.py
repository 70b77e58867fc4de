"""The checks of an audit, one family a file; a check of a table is listed in `TABLE_CHECKS` and nowhere else."""

from qml.bench.checks.tables import TABLE_CHECKS, TableCheck, table_findings

__all__ = ["TABLE_CHECKS", "TableCheck", "table_findings"]
