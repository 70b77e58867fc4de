"""Each set that can be fetched, from a server that gives it in its home's own layout: the very files of the root.

The homes themselves were never reached by these tests; what is served is rebuilt from the files of the data root.
"""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from qml.data import CATALOGUE, open_table
from tests.data.fetch import published

NAMES = [name for name, entry in CATALOGUE.items() if entry.fetch is not None]
LONG = {
    *("kddcup99", "beijing_air", "mnist", "fashion_mnist", "diabetes130", "brfss_diabetes", "skin_segmentation"),
    *("adult", "elec2", "fin_tweets", "bank_marketing", "default_credit"),
}


def test_every_fetch_is_served_here():
    assert sorted(NAMES) == sorted({*published.UCI, *published.PUT})


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in NAMES]
)
def test_fetched_files_are_those_of_the_root(name, data_root, home, tmp_path, monkeypatch):
    entry = CATALOGUE[name]
    for variable in ("QML_UCI_URL", "QML_OPENML_URL", "HF_ENDPOINT"):
        monkeypatch.setenv(variable, home.url)
    monkeypatch.delenv("QML_OFFLINE", raising=False)
    published.put(home, data_root, name, entry.fetch.address)
    here = replace(entry, fetch=replace(entry.fetch, sha256=None))  # the bytes of the archive are our own
    monkeypatch.setitem(CATALOGUE._members, name, here)
    table = open_table(name, tmp_path)
    assert len(table) == entry.rows
    for item in (*entry.files, *entry.beside.values()):
        ours = pq.read_table(data_root / entry.folder / item.file)
        fetched = pq.read_table(tmp_path / entry.folder / item.file)
        assert fetched.schema.remove_metadata() == ours.schema.remove_metadata()
        for column in ours.column_names:
            assert fetched[column].to_pylist() == ours[column].to_pylist() or same(fetched[column], ours[column])
    assert sorted(path.name for path in tmp_path.iterdir()) == [entry.folder]


def same(left, right):
    """Equal, with NaN equal to a missing value."""
    a, b = left.to_pandas(), right.to_pandas()
    return bool(((a == b) | (a.isna() & b.isna())).all())
