"""Data sets larger than memory: Parquet files of any size and place as a Source, a window of rows at a time."""

from qml.data.stream.source import ParquetSource
from qml.data.stream.text import HashedWords

__all__ = ["HashedWords", "ParquetSource"]
