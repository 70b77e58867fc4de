"""`python -m experiments.inspect`: its findings, its status, its files, and the gate before a fit."""

import dataclasses
import json
import logging
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from qml import config, schema
from qml.base.errors import ConfigError, DataError
from qml.bench.report.quality import render_inspection
from qml.data.quality import Limits, inspect_data
from qml.data.quality.thumbnails import png
from qml.estimators.data_choice import DataChoice
from qml.estimators.examining import examined
from qml.estimators.inspecting import InspectJob, _pictures, check_gate
from tests.data.quality.planted import images

ROOT = Path(__file__).resolve().parents[2]


def table_with_copies(folder, copies):
    """A CSV file of 200 rows of which the last ones repeat the first."""
    rng = np.random.default_rng(0)
    rows = [f"{a:.6f},{b:.6f},{'yes' if a + c > 0 else 'no'}" for a, b, c in rng.normal(size=(200 - copies, 3))]
    path = folder / "made.csv"
    path.write_text("a,b,open\n" + "\n".join(rows + rows[:copies]) + "\n")
    return path


def inspect(tmp_path, *arguments):
    command = [sys.executable, "-m", "experiments.inspect", *arguments, f"hydra.run.dir={tmp_path / 'hydra'}"]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_the_status_says_whether_a_finding_is_severe(tmp_path):
    file = ["data=file", "data.name=made", "data.file.target=open", "slow=false", f"out={tmp_path / 'out'}"]
    done = inspect(tmp_path, *file, f"data.file.path={table_with_copies(tmp_path, 40)}")
    assert done.returncode == 1, done.stderr
    assert re.search(r"severe +\d+ test rows are equal to a row of train", done.stdout)
    told = json.loads((tmp_path / "out/made/inspection.json").read_text())
    copies = next(f for f in told["findings"] if f["level"] == "severe" and "test in train" in f["counts"])
    assert f"{copies['counts']['test in train']} test rows are equal" in done.stdout
    assert copies["title"] in (tmp_path / "out/made/inspection.md").read_text()
    assert done.stdout.rstrip().endswith("inspection.json")
    done = inspect(tmp_path, *file, f"data.file.path={table_with_copies(tmp_path, 0)}", "out=null")
    assert done.returncode == 0, done.stdout + done.stderr


def test_bad_input_is_one_paragraph(tmp_path):
    done = inspect(tmp_path, "checks=[copis]")
    assert done.returncode == 1
    assert "Did you mean 'copies'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_entry_is_built():
    job = config.build(["data=wine", "limits.copies=0.5", "checks=[copies]", "as_used=true"], "inspect")
    assert type(job) is InspectJob
    assert (job.limits.copies, job.checks, job.as_used) == (0.5, ["copies"], True)
    with pytest.raises(ConfigError, match="Did you mean 'copies'"):
        config.build(["limits.copis=1"], "inspect")


def test_schema_and_limits_agree():
    said = {f.name: f.default for f in dataclasses.fields(schema.LimitsConfig) if f.name != "_target_"}
    assert said == dataclasses.asdict(Limits())


class Tags(HTMLParser):
    """Whether every element is closed, and what is loaded from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.sources, self.images = [], [], 0

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "br", "line", "rect", "circle", "path"):
            self.open.append(tag)
        self.images += tag == "img"
        self.sources += [value for key, value in attrs if key in ("src", "href") and not value.startswith("#")]

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()


def test_the_page_is_whole_and_shows_the_pairs(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (40, 12, 12)).astype(np.uint8)
    pixels[20:24] = pixels[:4]
    rows = images(pixels)
    found = inspect_data(rows, slow=False)
    files = render_inspection(found, tmp_path, _pictures(rows, found))
    page = files.html_path.read_text()
    assert ".audit>li{" in page  # the list of examples within a finding is no grid
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.images >= 8
    assert all(source.startswith("data:image/png;base64,") for source in tags.sources)
    assert page.count("<small>rows 20 and 0</small>") >= 1  # pictures bear their numbers, which no list repeats
    assert "row 20: an image" not in page
    assert "No score on these data can be believed as they are: 1 severe finding" in page
    first = files.html_path.read_bytes()
    assert render_inspection(found, tmp_path, _pictures(rows, found)).html_path.read_bytes() == first


def test_a_name_is_escaped(tmp_path):
    rows = images(np.random.default_rng(0).integers(0, 255, (40, 12, 12)).astype(np.uint8))
    found = dataclasses.replace(inspect_data(rows, ["copies"]), name="<script>alert(1)</script>")
    assert "<script>alert" not in render_inspection(found, tmp_path).html_path.read_text()


def test_a_png_is_what_pillow_reads():
    import io

    from PIL import Image

    image = np.random.default_rng(0).integers(0, 255, (3, 5, 7)).astype(np.uint8)
    with Image.open(io.BytesIO(png(image))) as read:
        assert np.array_equal(np.asarray(read), image.transpose(1, 2, 0))
    with Image.open(io.BytesIO(png(image[:1]))) as read:
        assert np.array_equal(np.asarray(read), image[0])


def choice(path, gate, **more):
    return config.build(
        ["data=file", "data.name=made", f"data.file.path={path}", "data.file.target=open", f"data.gate={gate}"],
        "inspect",
    ).data


def test_a_strict_gate_refuses_before_the_first_fit(tmp_path, caplog):
    path = table_with_copies(tmp_path, 40)
    with pytest.raises(DataError, match=r"(?s)data\.gate=strict.*test rows are equal.*Nothing was fitted"):
        check_gate(choice(path, "strict"), (0,))
    with caplog.at_level(logging.WARNING):
        check_gate(choice(path, "warn"), (0, 1))
    assert "severe" in caplog.text
    check_gate(choice(path, "off"), (0,))
    check_gate(choice(table_with_copies(tmp_path, 0), "strict"), (0, 1))


@pytest.mark.parametrize("entry", ["train", "benchmark"])
def test_train_and_benchmark_ask_the_gate(tmp_path, entry):
    path = table_with_copies(tmp_path, 40)
    words = ["data=file", "data.name=made", f"data.file.path={path}", "data.file.target=open", "data.gate=strict"]
    where = [f"folder={tmp_path / 'out'}"] if entry == "train" else [f"store={tmp_path / 'store'}", "protocol=smoke"]
    where += [] if entry == "train" else [f"out={tmp_path / 'out'}"]
    with pytest.raises(DataError, match="Nothing was fitted"):
        config.build([*words, *where, "model=logistic"], entry).run()
    assert not list(tmp_path.glob("out/*"))
    assert not list(tmp_path.glob("store/cells/*"))


def test_the_gate_is_no_part_of_what_tells_runs_apart(tmp_path):
    words = ["data=wine", "model=logistic", f"folder={tmp_path}"]
    folders = {config.build([*words, f"data.gate={gate}"], "train").run().folder for gate in ("off", "strict")}
    assert len(folders) == 1
    with pytest.raises(ConfigError, match="Did you mean 'strict'"):
        DataChoice("wine", gate="strickt")


def test_a_source_of_your_own_is_looked_at():
    own = DataChoice("own", make="qml.data.quality.spoiled:spoiled_source", options={"name": "wine"})
    rows = examined(own, 0)
    assert rows.split.sizes() == dict(own.source(0).schema.sizes)
    assert inspect_data(rows, slow=False).severe == ()
