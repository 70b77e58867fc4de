"""The pages of growth: the headline figure, tables, sentences, in every form; of one set and of two."""

import csv
import io
import json
import math
import re

import pytest

from qml.base.errors import DataError
from qml.bench.report.scaling.figure import growth_figure
from qml.bench.report.scaling.panels import Panels
from qml.bench.report.scaling.render import render_scaling
from qml.bench.report.view import View
from qml.bench.scale import three
from qml.bench.scaling.growth import BEYOND, Growth
from qml.bench.scaling.law import Law
from qml.bench.scaling.words import sentence
from qml.bench.store import Store
from tests.bench.scaling.made import SIZES, cells_at, protocol_of, summaries_of
from tests.bench.test_report_suite import page_of

LAWS = {
    "hybrid": Law("power", 0.0, 2.0, 0.25),
    "twin": Law("power", 0.0, 2.4, 0.25),
    "removed": Law("floored", 0.2, 3.0, 0.4),
    "logistic": Law("constant", 0.6, 0.0, 0.0),
}


def protocols_of(data):
    return [protocol_of(rows, data=data, title="Does it grow?") for rows in SIZES]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = Store(tmp_path_factory.mktemp("grown"))
    for data in ("one", "two"):
        for protocol in protocols_of(data)[data == "two" :]:
            for cell in cells_at(protocol, {name: law(protocol.rows) for name, law in LAWS.items()}):
                made.finish(cell)
    return made


@pytest.fixture(scope="module")
def single(store, tmp_path_factory):
    return render_scaling([protocols_of("one")], store, tmp_path_factory.mktemp("single"))


@pytest.fixture(scope="module")
def both(store, tmp_path_factory):
    sets = [protocols_of(data)[1:] for data in ("one", "two")]
    return render_scaling(sets, store, tmp_path_factory.mktemp("both"), name="both", title="Two sets")


def plain(text):
    return text.replace("&#x27;", "'").replace("\u00a0", " ")


def rows_of(made, name):
    return list(csv.DictReader(io.StringIO((made.csv_folder / f"{name}.csv").read_text())))


def test_the_page_of_a_set_has_the_part_behind_the_verdict(single):
    text = page_of(single)
    assert text.index('id="verdict-h"') < text.index('<h2 id="growth-h">') < text.index('id="s2"')
    assert '<a href="#growth-h">Growth</a>' in text
    assert sentence(single.growths[0]) in plain(text)
    for name in ("growth", "growth_error"):
        assert f'<figure id="{name}">' in text
    numbers = [int(n) for n in re.findall(r"<span>Figure (\d+)</span>", text)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert single.verdict == sentence(single.growths[0])


def test_pages_of_single_sizes_lie_below_and_are_linked(single):
    text = single.html_path.read_text()
    for rows in SIZES[:-1]:
        page = single.html_path.parent / f"rows-{rows}" / "report.html"
        assert f'href="rows-{rows}/report.html"' in text
        assert "Does it grow?" in page.read_text()
        assert 'id="growth"' not in page.read_text()
    labels = [label for label, _ in single.reports]
    sizes = ("100", "300", "1\u202f000", "3\u202f000")
    assert labels == [f"one, {rows} training rows" for rows in sizes]
    titles = [finding.title for _, report in single.reports for finding in report.findings]
    assert not [title for title in titles if "another protocol" in title]


def test_the_data_of_the_figure_are_the_losses_and_the_laws(single):
    rows = rows_of(single, "growth")
    growth = single.growths[0]
    measured = [row for row in rows if row["what"] == "measured" and row["arm"] == "Hybrid"]
    curve = growth.curve("hybrid")
    assert [float(row["training rows"]) for row in measured] == list(SIZES)
    assert [float(row["mean"]) for row in measured] == pytest.approx([r.mean for r in curve.readings], rel=1e-4)
    ends = [(float(row["low"]), float(row["high"])) for row in measured]
    assert ends[0] == pytest.approx(curve.interval(0), rel=1e-4)
    beyond = [row for row in rows if row["what"] == "extrapolated" and row["arm"] == "Hybrid"]
    assert float(beyond[-1]["training rows"]) == SIZES[-1] * BEYOND
    assert float(beyond[-1]["mean"]) == pytest.approx(curve.choice.law(SIZES[-1] * BEYOND), rel=1e-4)
    assert all(float(row["training rows"]) > SIZES[-1] for row in beyond)


def test_no_line_is_drawn_where_a_constant_fits_as_well(single):
    rows = rows_of(single, "growth")
    assert {row["what"] for row in rows if row["arm"] == "Logistic"} == {"measured"}
    laws = {(row["arm"], row["loss"]): row for row in rows_of(single, "growth_laws")}
    assert laws["Logistic", "log-loss"]["law"] == "none"
    assert laws["Logistic", "log-loss"]["why no law"] == "a constant fits as well"
    assert laws["Hybrid", "log-loss"]["law"] == "b n^-c"
    summaries = summaries_of({"hybrid": LAWS["logistic"], "twin": LAWS["logistic"]})
    flat = Growth(summaries)
    figure = growth_figure(Panels.of_set(flat, View(flat.whole)), 0)
    for wide in (True, False):
        svg = figure.draw(wide).svg()
        assert not re.search(r'class="[lk][qcb]( beyond)?"', svg)
        assert svg.count('class="m"') == 8
    assert "Hybrid no law, Twin no law" in figure.title
    falling = Growth(summaries_of({"hybrid": LAWS["hybrid"], "twin": LAWS["logistic"]}))
    svg = growth_figure(Panels.of_set(falling, View(falling.whole)), 0).draw(True).svg()
    assert svg.count('class="lq"') == 1
    assert svg.count('class="lq beyond"') == 1
    assert 'class="lc"' not in svg


def test_lines_of_others_are_told_from_that_of_the_hybrid():
    found = Growth(summaries_of({"hybrid": LAWS["logistic"], "twin": LAWS["twin"], "frozen": LAWS["hybrid"]}))
    figure = growth_figure(Panels.of_set(found, View(found.whole)), 0)
    svg = figure.draw(True).svg()
    assert svg.count('class="kq other"') == 1  # the frozen circuit, in the colour of the hybrid, which has no law
    assert 'class="lq' not in svg
    lo, hi = found.curve("twin").parameter("exponent")
    assert f"Hybrid no law, Twin falls with exponent {three(found.curve('twin').choice.law.exponent)} " in figure.title
    assert f"[{three(lo)} to {three(hi)}]" in figure.title
    assert "Dotted: the others" in figure.how
    assert "cut at the frame" in figure.how


def test_tables_that_are_read_on_the_page_show_every_row(single):
    text = page_of(single)
    assert text.count('<div class="scroll free" tabindex="0"><table class="cells wide"><thead>') == 2


def test_every_mark_lies_within_its_drawing(both):
    text = both.html_path.read_text()
    figure = re.search(r'<figure id="growth">(.*?)</figure>', text, re.DOTALL).group(1)
    for svg in re.findall(r"<svg class=\"[wn]\".*?</svg>", figure, re.DOTALL):
        _, _, width, height = map(float, re.search(r'viewBox="([^"]+)"', svg).group(1).split())
        for x, y in re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", svg):
            assert -2 <= float(x) <= width + 2
            assert -2 <= float(y) <= height + 2
        assert svg.count("training rows</text>") == 2


def test_json_and_markdown_say_the_same(single):
    data = json.loads(single.json_path.read_text())["growth"]
    growth = single.growths[0]
    assert len(data) == 1
    assert data[0]["sentence"] == sentence(growth).replace("\u00a0", " ")
    assert data[0]["bought"] == "paid"
    curves = {(c["role"], c["loss"]): c for c in data[0]["curves"]}
    law = growth.curve("hybrid").choice.law
    assert curves["hybrid", "log_loss"]["law"]["exponent"]["value"] == law.exponent
    assert curves["logistic", "log_loss"]["kind"] == "constant"
    ratios = {(r["against"], r["loss"]): r for r in data[0]["ratios"]}
    assert ratios["twin", "log_loss"]["value"] == pytest.approx(growth.ratio("twin").value)
    assert not any(isinstance(v, float) and math.isnan(v) for c in data[0]["contrasts"] for v in c.values())
    text = single.markdown_path.read_text()
    assert "## How does performance grow with data?" in text
    assert sentence(growth).split(":")[1].split(" by ")[0] in text


def test_two_sets_have_a_page_in_common_with_a_panel_each(both):
    text = page_of(both)
    assert both.html_path.name == "suite.html"
    assert text.index('<h2 id="growth-h">') < text.index('id="verdict-h"')
    for growth in both.growths:
        assert sentence(growth) in plain(text)
        assert re.search(rf">{growth.data}</text>\s*<text[^>]*>test log-loss, nats</text>", text)
        below = both.html_path.parent / growth.data
        assert '<h2 id="growth-h">' in (below / "report.html").read_text()
        assert (below / "rows-300" / "report.html").is_file()
    assert {row["data set"] for row in rows_of(both, "growth")} == {"one", "two"}
    assert len(json.loads(both.json_path.read_text())["growth"]) == 2
    assert both.verdict.count("\n") == 1


def test_sizes_without_cells_are_left_out_and_named(store, tmp_path, caplog):
    part = Store(tmp_path / "part")
    for cell in store:
        if cell.protocol.data == "one" and cell.protocol.rows < 3000:
            part.finish(cell)
    made = render_scaling([protocols_of("one")], part, tmp_path / "out")
    assert made.growths[0].sizes == SIZES[:-1]
    assert "no cell at 3\u202f000 training rows" in caplog.text
    with pytest.raises(DataError, match="no finished cell of any of its 4 sizes"):
        render_scaling([protocols_of("other")], part, tmp_path / "none")


def test_the_same_cells_give_the_same_files(store, single, tmp_path):
    again = render_scaling([protocols_of("one")], store, tmp_path)
    for name in ("report.html", "report.json", "csv/growth.csv", "csv/growth_laws.csv"):
        assert (tmp_path / name).read_bytes() == (single.html_path.parent / name).read_bytes()
    assert again.verdict == single.verdict
