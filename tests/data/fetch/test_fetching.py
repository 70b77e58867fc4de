"""Fetching a set of each kind of home, and everything that can go wrong on the way: nothing false is ever kept."""

import errno
import json
import logging
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qml.base.errors import ConfigError, DataError, MissingExtraError
from qml.data import CATALOGUE, make_source, open_table
from qml.data.__main__ import main
from qml.data.catalogue import _entry
from qml.data.fetch import fetching, hub
from qml.data.fetch.bases import at_base, shown_home
from qml.data.fetch.download import DownloadError, Patience
from qml.data.fetch.fetching import fetch_set
from tests.data.fetch import published
from tests.data.fetch.server import Home

N = 30
ROW = {
    "title": "A toy",
    "field": "tests",
    "form": "table",
    "licence": "none",
    "home": "the toy shop",
    "files": [["data.parquet", "all", N]],
    "columns": {"number": ["x"], "category": ["colour"]},
    "target": {
        "column": "label",
        "kind": "classes",
        "labels": ["no", "yes"],
        "values": [0, 1],
        "counts": {"all": [15, 15]},
    },
}
COLUMNS = {"x": "float32", "colour": "string", "label": "int8"}
FETCH = {
    "uci": {"uci": "7/toy.zip", "files": {"data.parquet": ["toy.data"]}, "columns": COLUMNS},
    "openml": {
        "openml": 7,
        "files": {"data.parquet": []},
        "values": {"label": {"n": 0, "y": 1}},
        "columns": {**COLUMNS, "label": ["class", "int8"]},
    },
    "hub": {"hub": "me/toy", "files": {"data.parquet": ["train"]}, "columns": COLUMNS},
}


def table(rows=N):
    rng = np.random.default_rng(0)
    x = pa.array(rng.normal(size=rows).astype(np.float32))
    return pa.table(
        {"x": x, "colour": ["red", "blue"] * (rows // 2), "label": pa.array([0, 1] * (rows // 2), pa.int8())}
    )


def serve(home: Home, kind: str, whole=None):
    """The page that holds the data."""
    whole = table() if whole is None else whole
    if kind == "uci":
        return home.put("/static/public/7/toy.zip", published.zipped(**{"toy.data": published.lines(whole)}))
    if kind == "openml":
        words = pa.array(["ny"[value] for value in whole["label"].to_pylist()])
        named = pa.table({"x": whole["x"], "colour": whole["colour"], "class": words})
        return published.put_openml(home, 7, named, {"colour": ["red", "blue"], "class": ["n", "y"]})
    return published.put_hub(home, "me/toy", "default", {"train": whole})[0]


@pytest.fixture
def toys(home, monkeypatch):
    """A toy a kind of home, in the catalogue, with every base at our own server."""
    for variable in ("QML_UCI_URL", "QML_OPENML_URL", "HF_ENDPOINT"):
        monkeypatch.setenv(variable, f"{home.url}/")
    monkeypatch.delenv("QML_OFFLINE", raising=False)
    monkeypatch.delenv("QML_DATA", raising=False)
    monkeypatch.setattr(fetching.Patience, "__init__", quick, raising=True)
    for kind, said in FETCH.items():
        row = json.loads(json.dumps({**ROW, "fetch": said}))
        monkeypatch.setitem(CATALOGUE._members, f"toy_{kind}", _entry(f"toy_{kind}", row))


def quick(self, timeout_s=1.0, attempts=2, pause_s=0.01, longest_s=0.02):
    for name, value in (
        ("timeout_s", timeout_s),
        ("attempts", attempts),
        ("pause_s", pause_s),
        ("longest_s", longest_s),
    ):
        object.__setattr__(self, name, value)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("kind", FETCH)
def test_a_set_that_is_lacking_is_fetched_once(kind, toys, home, tmp_path, caplog):
    page = serve(home, kind)
    with caplog.at_level(logging.INFO):
        opened = open_table(f"toy_{kind}", tmp_path)
    assert "not below" in caplog.text
    assert "30 rows checked and kept" in caplog.text
    whole = table()
    assert opened["x"].tolist() == whole["x"].to_pylist()
    assert [opened.column("colour").categories[code] for code in opened["colour"]] == whole["colour"].to_pylist()
    assert opened.targets.tolist() == whole["label"].to_pylist()
    assert names(tmp_path) == [f"toy_{kind}"]  # nothing unfinished is left
    said = json.loads((tmp_path / f"toy_{kind}" / "fetched.json").read_text())
    assert said["home"] == kind
    assert all(len(item["sha256"]) == 64 for item in said["downloads"])
    asked = len(page.asked)
    assert open_table(f"toy_{kind}", tmp_path).digest == opened.digest
    assert len(page.asked) == asked
    assert make_source(f"toy_{kind}", root=tmp_path, validation=0).schema.sizes == {"train": 24, "test": 6}


@pytest.mark.parametrize("kind", FETCH)
@pytest.mark.parametrize("behaviours", [["cut:40", "well"], ["status:500", "well"]])
def test_an_interrupted_fetch_ends_with_the_same_rows(kind, behaviours, toys, home, tmp_path):
    page = serve(home, kind)
    page.behaviours[:] = behaviours
    assert open_table(f"toy_{kind}", tmp_path)["x"].tolist() == table()["x"].to_pylist()
    if behaviours[0].startswith("cut"):
        assert page.asked[1][0] == "bytes=40-"


@pytest.mark.parametrize("kind", FETCH)
def test_a_download_that_breaks_for_good_is_continued_by_the_next_call(kind, toys, home, tmp_path):
    page = serve(home, kind)
    page.behaviours[:] = ["cut:50", "cut:0", "cut:0", "well"]
    with pytest.raises(DataError, match=r"is not there.*Fetching it failed.*50 bytes are kept") as caught:
        open_table(f"toy_{kind}", tmp_path)
    assert "the toy shop" in str(caught.value)
    assert names(tmp_path) == [".fetching"]
    open_table(f"toy_{kind}", tmp_path)
    assert page.asked[-1][0] == "bytes=50-"
    assert names(tmp_path) == [f"toy_{kind}"]


def test_another_number_of_rows_or_classes_is_refused_and_nothing_kept(toys, home, tmp_path):
    for wrong, said in (
        (table(28), "28 rows; the catalogue knows it with 30"),
        (table().set_column(2, "label", pa.array([0] * N, pa.int8())), r"\(30, 0\) rows of the classes"),
        (table().set_column(2, "label", pa.array([0, 7] * (N // 2), pa.int8())), "7"),
    ):
        serve(home, "uci", wrong)
        with pytest.raises(DataError, match=rf"is not the one that the catalogue knows.*{said}.*Nothing was kept"):
            open_table("toy_uci", tmp_path)
        assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html>moved</html>", "no sound archive"),
        (published.zipped(**{"other.data": b"1"}), "holds no 'toy.data', but other.data"),
        (published.zipped(**{"toy.data": b"1,2\n3,4\n"}), "is not laid out as it was known to be"),
        (published.zipped(**{"toy.data": b"a,red,0\n"}), "column 'x' does not become float32"),
        (published.zipped(**{"toy.data": b"1,red,300\n"}), "column 'label' does not become int8"),
        (published.zipped(**{"toy.data": published.lines(table())})[:-60], "no sound archive"),
    ],
)
def test_what_is_no_such_set_is_said_and_not_kept(data, said, toys, home, tmp_path):
    home.put("/static/public/7/toy.zip", data)
    with pytest.raises(DataError, match=said):
        open_table("toy_uci", tmp_path)
    assert names(tmp_path) == []
    serve(home, "uci")  # and the next call is not misled by what was there
    assert len(open_table("toy_uci", tmp_path)) == N


def test_a_checksum_that_the_catalogue_knows_is_asked_for(toys, home, tmp_path, monkeypatch):
    entry = CATALOGUE["toy_uci"]
    serve(home, "uci")
    monkeypatch.setitem(CATALOGUE._members, "toy_uci", replace(entry, fetch=replace(entry.fetch, sha256="0" * 64)))
    with pytest.raises(DataError, match="downloaded twice, and its sha256 is"):
        open_table("toy_uci", tmp_path)
    assert names(tmp_path) == []


def test_openml_by_its_md5_and_its_description(toys, home, tmp_path):
    serve(home, "openml")
    about = home.pages["/api/v1/json/data/7"]
    said = json.loads(about.data)
    said["data_set_description"]["md5_checksum"] = "0" * 32
    home.put("/api/v1/json/data/7", json.dumps(said).encode())
    with pytest.raises(DataError, match="its md5 is"):
        open_table("toy_openml", tmp_path)
    home.put("/api/v1/json/data/7", b"{}")
    with pytest.raises(DataError, match="is no description of a set"):
        open_table("toy_openml", tmp_path)
    assert names(tmp_path) == []


def test_the_hub_by_its_checksum_its_list_and_its_files(toys, home, tmp_path):
    page = serve(home, "hub")
    page.data = page.data[:-1] + b"?"  # the redirect still says the checksum of the right bytes
    with pytest.raises(DataError, match="its sha256 is"):
        open_table("toy_hub", tmp_path)
    for listing, said in ((b"[]", "lists no file"), (b"not json", "is no list of files")):
        home.put("/api/datasets/me/toy/parquet/default/train", listing)
        with pytest.raises(DataError, match=said):
            open_table("toy_hub", tmp_path)
    assert names(tmp_path) == []


def test_without_the_package_that_reads_it_the_pip_line_is_said(toys, home, tmp_path, monkeypatch):
    serve(home, "hub")

    def absent(module, extra, purpose):
        raise MissingExtraError(f'pip install "qml-hybrid[{extra}]"')

    monkeypatch.setattr(hub, "require", absent)
    with pytest.raises(MissingExtraError, match=r"qml-hybrid\[hub\]"):
        open_table("toy_hub", tmp_path)


def test_offline_never_asks(toys, home, tmp_path, monkeypatch):
    page = serve(home, "uci")
    with pytest.raises(DataError, match=r"is not there.*It was not fetched from the UCI repository.*offline=True"):
        open_table("toy_uci", tmp_path, offline=True)
    monkeypatch.setenv("QML_OFFLINE", "1")
    with pytest.raises(DataError, match="QML_OFFLINE is set"):
        make_source("toy_uci", root=tmp_path)
    assert not page.asked
    monkeypatch.setenv("QML_OFFLINE", "0")
    assert len(open_table("toy_uci", tmp_path)) == N


def test_files_that_somebody_put_there_are_never_mixed_with_fetched_ones(toys, home, tmp_path, monkeypatch):
    page = serve(home, "uci")
    row = {**ROW, "beside": {"items": ["items.parquet", 2]}, "fetch": FETCH["uci"]}
    monkeypatch.setitem(CATALOGUE._members, "toy_uci", _entry("toy_uci", json.loads(json.dumps(row))))
    (tmp_path / "toy_uci").mkdir()
    pq.write_table(pa.table({"item": [1, 2]}), tmp_path / "toy_uci" / "items.parquet")
    with pytest.raises(DataError, match=r"data\.parquet, which is not there"):
        open_table("toy_uci", tmp_path)
    assert not page.asked


def test_a_folder_with_other_things_keeps_them(toys, home, tmp_path):
    serve(home, "uci")
    (tmp_path / "toy_uci").mkdir()
    (tmp_path / "toy_uci" / "notes.md").write_text("mine")
    assert len(open_table("toy_uci", tmp_path)) == N
    assert names(tmp_path / "toy_uci") == ["data.parquet", "fetched.json", "notes.md"]


def killed(monkeypatch, name):
    """The process ends when `name` is about to get its final name."""
    real = os.replace

    def replace_until(source, target):
        if str(target).endswith(name) and ".fetching" not in str(target):
            raise SystemExit
        real(source, target)

    monkeypatch.setattr(fetching.os, "replace", replace_until)


@pytest.mark.parametrize("name", ["data.parquet", "fetched.json"])
def test_killed_while_its_files_get_their_names_the_next_call_goes_on(name, toys, home, tmp_path, monkeypatch):
    serve(home, "uci")
    folder = tmp_path / "toy_uci"
    folder.mkdir()
    (folder / "notes.md").write_text("mine")
    with monkeypatch.context() as patch:
        killed(patch, name)
        with pytest.raises(SystemExit):
            open_table("toy_uci", tmp_path)
    assert fetching.PLACING in names(folder)
    assert fetch_set(CATALOGUE["toy_uci"], tmp_path) == folder
    assert names(folder) == ["data.parquet", "fetched.json", "notes.md"]
    assert names(tmp_path) == ["toy_uci"]


def test_a_file_that_somebody_put_there_is_never_written_over(toys, home, tmp_path, monkeypatch):
    page = serve(home, "uci")
    row = {**ROW, "beside": {"items": ["items.parquet", 2]}, "fetch": FETCH["uci"]}
    monkeypatch.setitem(CATALOGUE._members, "toy_uci", _entry("toy_uci", json.loads(json.dumps(row))))
    (tmp_path / "toy_uci").mkdir()
    (tmp_path / "toy_uci" / "data.parquet").write_text("my own corrected file")
    with pytest.raises(DataError, match=r"data\.parquet lies there.*never mixed"):
        fetch_set(CATALOGUE["toy_uci"], tmp_path)
    assert (tmp_path / "toy_uci" / "data.parquet").read_text() == "my own corrected file"
    assert not page.asked


def test_a_disk_that_is_full_while_writing_leaves_nothing(toys, home, tmp_path, monkeypatch):
    serve(home, "uci")

    def full(table, where, **how):
        where.write_bytes(b"PAR1")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(where))

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(DataError, match=r"toy_uci was being written; the system said: No space left.*Nothing of it"):
        open_table("toy_uci", tmp_path)
    assert names(tmp_path) == []


def test_a_root_that_is_a_file(toys, tmp_path):
    (tmp_path / "root").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        fetch_set(CATALOGUE["toy_uci"], tmp_path / "root")


def test_a_set_without_a_home_for_programs(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"not one that a program converts directly.*Get it from"):
        fetch_set(CATALOGUE["mitbih"], tmp_path)
    monkeypatch.delenv("QML_OFFLINE", raising=False)
    with pytest.raises(DataError, match=r"physionet.*belongs as Parquet into the folder 'mitbih'"):
        open_table("mitbih", tmp_path)


def test_two_processes_fetch_it_once(toys, home, tmp_path):
    """Both ask at once; one downloads, the other waits and finds it."""
    page = serve(home, "uci")
    page.behaviours[:] = ["slow:10", "well"]  # the first connection is long enough for both to be there
    code = (
        "import json, sys; from qml.data.catalogue import CATALOGUE, _entry; from qml.data import open_table; "
        "CATALOGUE.add('toy_uci', _entry('toy_uci', json.loads(sys.argv[1]))); "
        "print(len(open_table('toy_uci', sys.argv[2])))"
    )
    row = json.dumps({**ROW, "fetch": FETCH["uci"]})
    started = [
        subprocess.Popen([sys.executable, "-c", code, row, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(2)
    ]
    assert [process.communicate(timeout=60)[0].split() for process in started] == [[b"30"], [b"30"]]
    assert len(page.asked) == 2  # the silent connection and the one that continued it
    assert names(tmp_path) == ["toy_uci"]


def test_the_command(toys, home, tmp_path, capsys, monkeypatch):
    serve(home, "uci")
    monkeypatch.setenv("QML_DATA", str(tmp_path))
    assert main(["fetch", "toy_uci"]) == 0
    assert f"toy_uci  ok         30 rows  {tmp_path / 'toy_uci'}" in capsys.readouterr().out
    assert main(["fetch", "mitbih", "toy_uci"]) == 1
    shown = capsys.readouterr().out
    assert "mitbih   FAILED" in shown
    assert "1 ok, 1 failed" in shown
    assert main(["show", "adult"]) == 0
    assert "never reached" in capsys.readouterr().out
    assert main(["fetch", "wine"]) == 0
    assert "comes with scikit-learn" in capsys.readouterr().out
    monkeypatch.delenv("QML_DATA")
    assert main(["fetch", "toy_uci"]) == 2
    assert "QML_DATA" in capsys.readouterr().err


def test_addresses():
    assert at_base("openml", "https://www.openml.org/data/v1/download/1/a.arff").endswith("/data/v1/download/1/a.arff")
    assert shown_home(CATALOGUE["mnist"].fetch).startswith("the Hugging Face hub (http")


def test_patience_is_finite():
    with pytest.raises(DownloadError):
        raise DownloadError
    assert Patience().attempts * Patience().timeout_s < 200
