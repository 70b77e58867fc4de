"""A comparison over rates: its sets, its curves from made summaries, and a run of the smallest recipe."""

import json

import pytest

from qml import config
from qml.base.errors import ConfigError, DataError
from qml.bench import Store
from qml.bench.robustness import Robustness
from qml.bench.summary import summarise
from qml.estimators.robustness import RobustnessJob, sets_of


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
    told = json.loads((folder / "out/robustness_smoke/robustness.json").read_text())
    assert told["rates"] == [0.0, 0.4]
    cells = tuple(Store(folder / "store"))
    for place, planned in enumerate(told["protocols"]):
        summary = summarise(cells, planned)
        means = {arm.title: summary.estimate(arm).mean for arm in summary.ranked}
        assert {curve["arm"]: curve["scores"][place]["mean"] for curve in told["curves"]} == means
        difference = summary.difference(summary.hero, summary.reference("twin"))
        assert told["hybrid minus twin"][place]["mean"] == difference.mean
    assert told["sentence"] in str(outcome)
    page = (folder / "out/robustness_smoke/robustness.html").read_text()
    assert 'id="robustness"' in page
    assert 'id="contrast"' in page
    lines = (folder / "out/robustness_smoke/robustness.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * len(told["curves"])


def test_a_second_run_repeats_nothing(done):
    job, _, _ = done
    again = job.run(progress=False)
    assert [len(outcome.ran) for outcome in again.outcomes] == [0, 0]


def test_curves_need_two_rates(done):
    _, _, folder = done
    cells = tuple(Store(folder / "store"))
    summary = summarise(cells, cells[0].cell.protocol_hash)
    with pytest.raises(DataError, match="at least two rates"):
        Robustness.of("wrong labels", [0.1], [summary])
