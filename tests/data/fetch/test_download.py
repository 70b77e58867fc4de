"""A download is whole and checked, or it is not there; what breaks is continued where it broke."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from qml.base.addresses import shown
from qml.base.errors import DataError
from qml.data.fetch import partial
from qml.data.fetch.download import DownloadError, Patience, download

DATA = np.random.default_rng(0).bytes(1_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole(home, tmp_path, patience):
    page = home.put("/a.bin", DATA)
    got = download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience)
    assert got.path.read_bytes() == DATA
    assert (got.nbytes, got.sha256) == (len(DATA), SHA256)
    again = download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience)
    assert again == got
    assert len(page.asked) == 1  # what is there and whole is not asked for again


def test_a_broken_connection_continues_where_it_broke(home, tmp_path, patience):
    page = home.put("/a.bin", DATA, behaviours=["cut:300000", "cut:200000", "well"])
    got = download(f"{home.url}/a.bin", tmp_path / "a.bin", sha256=SHA256, patience=patience)
    assert got.path.read_bytes() == DATA
    assert page.asked == [(None, None), ("bytes=300000-", page.etag), ("bytes=500000-", page.etag)]


def test_a_file_that_changed_meanwhile_begins_anew(home, tmp_path, patience):
    old = home.put("/a.bin", DATA[::-1], behaviours=["cut:300000", "status:503"])
    with pytest.raises(DownloadError, match=r"300,000 bytes are kept and continued"):
        download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience)
    page = home.put("/a.bin", DATA)
    download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience)
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert page.asked == [("bytes=300000-", old.etag)]  # If-Range tells the server which version the part is of


@pytest.mark.parametrize("size", [len(DATA), len(DATA) - 7])
def test_a_piece_that_does_not_say_of_what_it_is_is_not_joined(size, home, tmp_path, patience):
    """The file was changed, and the server sends the rest of the new one without its version: never half of each."""
    home.put("/a.bin", DATA[::-1], behaviours=["cut:300000", "cut:0"])
    with pytest.raises(DownloadError, match=r"300,000 bytes are kept"):
        download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience)
    page = home.put("/a.bin", DATA[:size], behaviours=["no_version"])
    download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience)
    assert (tmp_path / "a.bin").read_bytes() == DATA[:size]
    assert [asked[0] for asked in page.asked] == ["bytes=300000-", None]


def test_a_part_that_was_whole_when_it_was_killed(home, tmp_path, patience):
    """All bytes were there, the name was not given yet: the server has no more, so it begins anew."""
    page = home.put("/a.bin", DATA)
    url = f"{home.url}/a.bin"
    (tmp_path / "a.bin.part").write_bytes(DATA)
    about = {"url": url, "validator": page.etag, "total": len(DATA)}
    (tmp_path / "a.bin.part.json").write_text(json.dumps(about))
    download(url, tmp_path / "a.bin", sha256=SHA256, patience=patience)
    assert [asked[0] for asked in page.asked] == [f"bytes={len(DATA)}-", None]
    assert (tmp_path / "a.bin").read_bytes() == DATA


@pytest.mark.parametrize("behaviours", [["cut:1000", "no_ranges"], ["status:500", "status:429", "well"], ["no_length"]])
def test_servers_that_know_less_or_stumble(home, tmp_path, patience, behaviours):
    home.put("/a.bin", DATA, behaviours=behaviours)
    download(f"{home.url}/a.bin", tmp_path / "a.bin", sha256=SHA256, patience=patience)
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_a_server_that_falls_silent_is_left(home, tmp_path):
    page = home.put("/a.bin", DATA, behaviours=["slow:1000", "well"])
    quick = Patience(timeout_s=0.2, attempts=3, pause_s=0.01)
    download(f"{home.url}/a.bin", tmp_path / "a.bin", sha256=SHA256, patience=quick)
    assert page.asked[1][0] == "bytes=1000-"


def test_truncated_for_good_is_an_error_and_leaves_a_part(home, tmp_path, patience):
    home.put("/a.bin", DATA, behaviours=["cut:5000", "cut:0"])
    with pytest.raises(DownloadError, match=r"5,000 of 1,000,000 bytes.*3 attempts"):
        download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience)
    assert files(tmp_path) == ["a.bin.part", "a.bin.part.json"]


def test_nothing_that_came_is_not_called_kept(home, tmp_path, patience):
    home.put("/a.bin", DATA, behaviours=["status:503"] * 9)
    with pytest.raises(DownloadError, match=r"attempts in a row\). Nothing had come\. Check"):
        download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience)


def test_a_wrong_checksum_is_tried_twice_and_nothing_is_kept(home, tmp_path, patience):
    page = home.put("/a.bin", DATA)
    with pytest.raises(DataError, match=r"downloaded twice, and its sha256 is .* Nothing was kept"):
        download(f"{home.url}/a.bin", tmp_path / "a.bin", sha256="0" * 64, patience=patience)
    assert len(page.asked) == 2
    assert files(tmp_path) == []


def test_the_checksum_of_the_hub_counts_also_through_its_redirect(home, tmp_path, patience):
    home.put("/storage/a.bin", DATA)
    for told, ok in ((SHA256, True), ("1" * 64, False)):
        home.put("/a.bin", redirect="/storage/a.bin", headers={"X-Linked-Etag": f'"{told}"'})
        if ok:
            assert download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience).sha256 == SHA256
        else:
            with pytest.raises(DataError, match="its sha256 is"):
                download(f"{home.url}/a.bin", tmp_path / "b.bin", patience=patience)


@pytest.mark.parametrize(("status", "said"), [(404, "has moved"), (401, "credentials"), (403, "credentials")])
def test_what_is_refused_is_not_asked_twice(home, tmp_path, patience, status, said):
    page = home.put("/a.bin", DATA, behaviours=[f"status:{status}"])
    secret = home.url.replace("http://", "http://me:sesame@")
    with pytest.raises(DataError, match=rf"answered {status}.*{said}") as caught:
        download(f"{home.url}/a.bin?token=sesame", tmp_path / "a.bin", patience=patience)
    assert "sesame" not in str(caught.value)
    assert "sesame" not in shown(f"{secret}/a.bin?token=sesame")
    assert len(page.asked) == 1


def test_only_the_web(tmp_path):
    with pytest.raises(DataError, match="only http and https"):
        download("file:///etc/hostname", tmp_path / "a")


def test_no_server_at_all(tmp_path, patience):
    with pytest.raises(DownloadError, match=r"could not be downloaded.*3 attempts"):
        download("http://127.0.0.1:9/a.bin", tmp_path / "a.bin", patience=patience)
    assert files(tmp_path) == []


def test_no_room_is_said_before_the_first_byte(home, tmp_path, patience, monkeypatch):
    home.put("/a.bin", DATA)
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(partial.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DataError, match=r"needs 1\.0 MB more; the disk has 0\.0 MB free"):
        download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience)
    assert files(tmp_path) == []


def test_a_disk_that_fills_up_on_the_way_leaves_nothing(home, tmp_path, patience, monkeypatch):
    home.put("/a.bin", DATA)
    real = open

    def filling(path, mode="r", *args, **kwargs):
        file = real(path, mode, *args, **kwargs)
        return Full(file) if str(path).endswith(".part") and mode == "wb" else file

    monkeypatch.setattr(partial, "open", filling, raising=False)
    with pytest.raises(DataError, match=r"No space left on device\. Nothing of it was kept"):
        download(f"{home.url}/a.bin", tmp_path / "a.bin", patience=patience)
    assert files(tmp_path) == []


class Full:
    """A file on a disk with room for one write."""

    def __init__(self, file):
        self.file, self.writes = file, 0

    def write(self, data):
        self.writes += 1
        if self.writes > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.file.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_killed_it_continues_in_the_next_process(home, tmp_path, patience):
    """kill -9 in the middle: the part stays, nothing bears the final name, and the rest alone is asked for."""
    page = home.put("/a.bin", DATA, behaviours=["slow:400000", "well"])
    code = (
        "import sys; from pathlib import Path; from qml.data.fetch.download import download; "
        "download(sys.argv[1], Path(sys.argv[2]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, f"{home.url}/a.bin", str(tmp_path / "a.bin")])
    part = tmp_path / "a.bin.part"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = part.stat().st_size
    assert 0 < there <= 400_000
    assert not (tmp_path / "a.bin").exists()
    download(f"{home.url}/a.bin", tmp_path / "a.bin", sha256=SHA256, patience=patience)
    assert page.asked[-1][0] == f"bytes={there}-"
    assert (tmp_path / "a.bin").read_bytes() == DATA
