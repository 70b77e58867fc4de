"""An archive that is unsound, locked or far too large is an error of the data, before memory is gone."""

import gzip
import io
import zipfile

import pytest

from qml.base.errors import DataError
from qml.data.fetch import archives
from qml.data.fetch.archives import members


def zipped(data, method=zipfile.ZIP_DEFLATED, name="a.csv"):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        archive.writestr(name, data)
    return held.getvalue()


def test_a_damaged_lzma_member_and_an_encrypted_one(tmp_path):
    damaged = bytearray(zipped("1,2\n" * 5000, zipfile.ZIP_LZMA))
    for place in range(60, 110):
        damaged[place] ^= 0x5A
    locked = bytearray(zipped("1,2\n" * 500))
    locked[6] |= 1
    locked[locked.find(b"PK\x01\x02") + 8] |= 1
    for content in (damaged, locked):
        (tmp_path / "a.zip").write_bytes(content)
        with pytest.raises(DataError, match="no sound archive"):
            members(tmp_path / "a.zip", ["a.csv"])


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("a.zip", zipped("0" * 5000), ["a.csv"]),
        ("a.zip", zipped(zipped("0" * 5000, zipfile.ZIP_STORED), name="b.zip"), ["a.csv"]),
        ("a.csv.gz", gzip.compress(b"0" * 5000), []),
    ],
    ids=["zip", "zip in a zip", "gzip"],
)
def test_what_unpacks_to_far_more_than_any_set_is_refused(name, content, wanted, tmp_path, monkeypatch):
    (tmp_path / name).write_bytes(content)
    assert len(members(tmp_path / name, wanted)[0][1]) == 5000
    monkeypatch.setattr(archives, "MOST_BYTES", 4999)
    with pytest.raises(DataError, match=r"unpacks to more than .* bytes"):
        members(tmp_path / name, wanted)
