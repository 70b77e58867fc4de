"""A comparison over rates: its sets, its curves from made summaries, and a run of the smallest recipe."""

import datetime
import json
import re
from dataclasses import replace

import pytest

from qml import config
from qml.base.errors import ConfigError, DataError
from qml.bench import Store
from qml.bench.report.robustness import RenderedRobustness, changes_table, contrast_figure, curves_figure
from qml.bench.robustness import Robustness
from qml.bench.statistics import Estimate
from qml.bench.summary import summarise
from qml.estimators.robustness import RobustnessJob, sets_of
from tests.bench.scaling.made import cells_at, protocol_of

PLACE = "out/robustness_smoke-wine-missing"


def test_each_rate_is_a_data_set_of_its_own():
    job = config.build(["recipe=robustness"])
    assert type(job) is RobustnessJob
    assert [dict(each.data.options)["label_noise"] for each in job.jobs] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert len({each.data.name for each in job.jobs}) == 5
    assert {dict(each.data.options)["name"] for each in job.jobs} == {"breast_cancer"}
    other = config.build(["recipe=robustness", "data=wine", "rates.rates=[0,0.3]", "rates.fault=missing_by_value"])
    assert [dict(each.data.options)["missing"] for each in other.jobs] == [0.0, 0.3]
    assert {dict(each.data.options)["missing_how"] for each in other.jobs} == {"by_value"}


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(ConfigError, match="Did you mean 'missing'"):
        sets_of({"fault": "mising", "rates": [0, 1]}, "wine")
    with pytest.raises(ConfigError, match="at least two rates"):
        sets_of({"fault": "missing", "rates": [0.1]}, "wine")
    with pytest.raises(ConfigError, match=r"experiments\.benchmark"):
        config.build(["recipe=robustness"], "report")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robustness")
    words = ["recipe=robustness_smoke", f"store={folder / 'store'}", f"out={folder / 'out'}", "arms=[twin,majority]"]
    job = config.build([*words, "protocol.seeds=[0,1]", "rates.rates=[0,0.4]"])
    return job, job.run(progress=False), folder


def test_the_curves_are_the_scores_of_the_cells(done):
    _, outcome, folder = done
    told = json.loads((folder / PLACE / "robustness.json").read_text())
    assert told["rates"] == [0.0, 0.4]
    cells = tuple(Store(folder / "store"))
    for place, planned in enumerate(told["protocols"]):
        summary = summarise(cells, planned)
        means = {arm.title: summary.estimate(arm).mean for arm in summary.ranked}
        assert {curve["arm"]: curve["scores"][place]["mean"] for curve in told["curves"]} == means
        difference = summary.difference(summary.hero, summary.reference("twin"))
        assert told["hybrid minus twin"][place]["mean"] == difference.mean
    assert told["sentence"] in str(outcome)
    page = (folder / PLACE / "robustness.html").read_text()
    assert 'id="robustness"' in page
    assert 'id="contrast"' in page
    lines = (folder / PLACE / "robustness.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * len(told["curves"])


def test_the_page_says_where_its_numbers_come_from(done):
    _, outcome, folder = done
    assert (folder / PLACE / "robustness.md").resolve() == outcome.report.markdown.resolve()
    protocols = json.loads((folder / PLACE / "robustness.json").read_text())["protocols"]
    cells = tuple(Store(folder / "store"))
    newest = max(cell.provenance["time"] for cell in cells)
    for ending in ("html", "md"):
        text = (folder / PLACE / f"robustness.{ending}").read_text()
        assert "wine" in outcome.report.verdict
        assert f"{datetime.datetime.fromisoformat(newest):%B %Y}, wine, fault" in text
        assert all(planned in text for planned in protocols)
        assert cells[0].provenance["command"][-1] in text, "the words that started the process"


def test_other_data_or_another_fault_have_a_page_of_their_own(done, monkeypatch):
    job, _, folder = done
    other = replace(job, data="breast_cancer")
    monkeypatch.setattr("qml.bench.summary.summarise", lambda cells, planned: None)
    monkeypatch.setattr("qml.bench.robustness.Robustness.of", lambda *given: given)
    places = []

    def rendered(found, title, place):
        places.append(place.name)
        return RenderedRobustness(place, place, place, place, title)

    monkeypatch.setattr("qml.bench.report.robustness.render_robustness", rendered)
    for each in (job, other, replace(job, fault="label_noise"), replace(job, name="mine")):
        each.written(Store(folder / "store"), [])
    assert places == [
        "robustness_smoke-wine-missing",
        "robustness_smoke-breast_cancer-missing",
        "robustness_smoke-wine-label_noise",
        "mine",
    ]


def test_ends_of_intervals_of_a_share_are_shares():
    estimates = tuple(Estimate((mean, mean), mean, se, 1, "splits") for mean, se in ((0.96, 0.08), (0.5, 0.01)))
    assert estimates[0].lo < 0 < 1 < estimates[0].hi
    found = made((0.3, 0.35, 0.4), (0.3, 0.4, 0.55))
    shares = [replace(summary, protocol=replace(summary.protocol, rank="accuracy")) for summary in found.summaries]
    curves = tuple(replace(curve, rates=RATES[:2], estimates=estimates) for curve in found.curves)
    figure = curves_figure(replace(found, summaries=tuple(shares), curves=curves))
    assert [row[2:] for row in figure.rows[:2]] == [("96", "0", "100"), ("50", "37.29", "62.71")]


def test_a_second_run_repeats_nothing(done):
    job, _, _ = done
    again = job.run(progress=False)
    assert [len(outcome.ran) for outcome in again.outcomes] == [0, 0]


def test_curves_need_two_rates(done):
    _, _, folder = done
    cells = tuple(Store(folder / "store"))
    summary = summarise(cells, cells[0].cell.protocol_hash)
    with pytest.raises(DataError, match="at least two rates"):
        Robustness.of("wrong labels", [0.1], [summary], "wine")


RATES = (0.0, 0.2, 0.4)


def made(hybrid, twin, failed=0, seeds=(0, 1, 2)):
    """Curves of made cells: log-losses of hybrid and twin at each rate; so many hybrids fail at the last."""
    summaries = []
    for rate, ours, theirs in zip(RATES, hybrid, twin, strict=True):
        protocol = protocol_of(300, data=f"made{rate}", seeds=seeds)
        cells = cells_at(protocol, {"hybrid": ours, "twin": theirs})
        if rate == RATES[-1]:
            cells = [
                replace(cell, status="failed", reason="diverged")
                if cell.cell.arm.name == "hybrid" and cell.cell.seed < failed
                else cell
                for cell in cells
            ]
        summaries.append(summarise(cells, protocol.hash))
    return Robustness.of("missing inputs", RATES, summaries, "made")


def test_who_loses_less_is_said_with_its_interval():
    found = made((0.3, 0.35, 0.4), (0.3, 0.4, 0.55))
    values = [
        (before - after) - (twin_before - twin_after)
        for before, after, twin_before, twin_after in zip(
            *(curve.estimates[place].values for curve in found.told for place in (0, -1)), strict=True
        )
    ]
    assert found.spared.values == pytest.approx(values)
    assert found.spared.lo > 0
    assert found.headline() == "The hybrid loses less than its twin"
    assert found.lede().startswith("Missing inputs on made, from 0 to 0.4: Hybrid moves by ")
    said = found.sentence()
    assert said.startswith(f"{found.headline()}. {found.lede()} ")
    assert f"The hybrid's change minus its twin's is {found.summaries[0].scale.signed(found.spared.mean)} nats" in said
    assert found.summaries[0].scale.signed(found.spared.hi) in said
    assert "loses more than its twin" in made((0.3, 0.4, 0.55), (0.3, 0.35, 0.4)).sentence()


def test_who_fell_is_in_a_table_the_farthest_first():
    found = made((0.3, 0.35, 0.4), (0.3, 0.4, 0.55))
    table = changes_table(found)
    assert table.columns == ("arm", "at 0", "at 0.4", "change, nats")
    assert [row[0] for row in table.rows] == ["Twin", "Hybrid"]
    scale, curve = found.summaries[0].scale, found.told[1]
    assert table.rows[0][3] == scale.signed(curve.estimates[-1].mean - curve.estimates[0].mean)


def test_equal_losses_are_open_whoever_is_ahead():
    said = made((0.3, 0.35, 0.4), (0.4, 0.45, 0.5)).sentence()
    assert "Who loses less is open" in said
    assert "excludes 0 at 0 (hybrid ahead), 0.2 (hybrid ahead), 0.4 (hybrid ahead), taken rate by rate" in said
    assert "no interval" in made((0.3, 0.35, 0.4), (0.4, 0.45, 0.5), seeds=(0,)).sentence()


def test_failed_cells_and_constant_answers_are_named():
    said = made((0.3, 0.35, 0.4), (0.3, 0.4, 0.55), failed=2).sentence()
    assert "Every trial failed for Hybrid at 0.4 (2 seeds), counted as a constant answer." in said
    floor = made((0.693, 0.69, 0.69), (0.3, 0.4, 0.55)).sentence()
    assert "At 0 Hybrid is not beyond a constant answer: there is little to lose." in floor
    assert "little to lose" not in said


@pytest.mark.parametrize("wide", [True, False])
def test_figures_say_their_axes_and_keep_within_the_drawing(wide):
    found = made((0.3, 0.35, 0.4), (0.3, 0.4, 0.55))
    curves, contrast = curves_figure(found), contrast_figure(found)
    assert "Vertical: " in curves.how
    assert "in nats" in contrast.how
    svg = curves.draw(wide).svg()
    whiskers = re.findall(r'<line x1="([\d.]+)"[^>]*class="ivt"', svg) or re.findall(r'class="ivt" x1="([\d.]+)"', svg)
    assert len(set(whiskers)) == 6  # three rates, hybrid and twin beside each other
    labels = re.findall(r'<text[^>]* x="(-?[\d.]+)"[^>]*text-anchor="end"[^>]*>([^<]*)<', contrast.draw(wide).svg())
    assert all(float(x) - 7 * len(text) > -1 for x, text in labels)
    assert ">nats</text>" in contrast.draw(wide).svg()
