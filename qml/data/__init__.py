"""Sources, transforms, splits and the catalogue of data sets: what to learn from."""

from qml.data.arrays import ArraySource, whole
from qml.data.catalogue import CATALOGUE, Entry
from qml.data.describe import describe
from qml.data.fitted import FITTED, Affine, Fitted, from_state
from qml.data.make import SOURCES, make_source, table_source
from qml.data.opening import open_table
from qml.data.partition import split_table
from qml.data.source import Batch, Column, ColumnKind, Schema, Source, Target
from qml.data.splits import Split, at_random, by_group, by_time, folds, nested_subset, one_fold, stratified
from qml.data.stream import HashedWords, ParquetSource
from qml.data.table import About, Ragged, Table
from qml.data.table_file import TableFile
from qml.data.transformed import TransformedSource, transformed
from qml.data.transforms import (
    PCA,
    ByColumns,
    Chain,
    Flatten,
    Impute,
    MinMax,
    OneHot,
    ScaleImages,
    Standardise,
    Transform,
)

__all__ = [
    "CATALOGUE",
    "FITTED",
    "PCA",
    "SOURCES",
    "About",
    "Affine",
    "ArraySource",
    "Batch",
    "ByColumns",
    "Chain",
    "Column",
    "ColumnKind",
    "Entry",
    "Fitted",
    "Flatten",
    "HashedWords",
    "Impute",
    "MinMax",
    "OneHot",
    "ParquetSource",
    "Ragged",
    "ScaleImages",
    "Schema",
    "Source",
    "Split",
    "Standardise",
    "Table",
    "TableFile",
    "Target",
    "Transform",
    "TransformedSource",
    "at_random",
    "by_group",
    "by_time",
    "describe",
    "folds",
    "from_state",
    "make_source",
    "nested_subset",
    "one_fold",
    "open_table",
    "split_table",
    "stratified",
    "table_source",
    "transformed",
    "whole",
]
