"""A comparison at growing sizes from the command line: nested rows, ordinary cells, the page, and what is refused."""

import json
import logging

import numpy as np
import pytest

from qml import config
from qml.base.errors import ConfigError, DataError
from qml.bench import Store
from qml.estimators import ScalingJob, ScalingReportJob, SuiteJob

SIZES = (60, 180, 540)
ARMS = 3
SMALL = ["recipe=data_scaling_smoke", "arms=[twin,logistic]"]


def words_for(folder, *more):
    return [*SMALL, f"store={folder / 'store'}", f"out={folder / 'out'}", *more]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("growth")
    return folder, config.build(words_for(folder)).run(progress=False)


def test_every_size_is_run_and_has_a_page(done):
    folder, outcome = done
    assert sum(len(each.ran) for each in outcome.outcomes) == len(SIZES) * 2 * ARMS
    assert outcome.failed == ()
    outcome.check()
    out = folder / "out" / "data_scaling_smoke"
    assert outcome.report.html == out / "report.html"
    assert all((out / f"rows-{rows}" / "report.html").is_file() for rows in SIZES[:-1])
    assert '<figure id="growth">' in outcome.report.html.read_text()
    growth = json.loads((out / "report.json").read_text())["growth"][0]
    assert growth["sizes"] == list(SIZES)
    assert {curve["role"] for curve in growth["curves"]} == {"hybrid", "twin", "logistic", "champion"}
    assert str(outcome).count("digits, ") == len(SIZES)
    assert growth["sentence"].split(".")[0] in str(outcome)


def test_rows_are_nested_and_the_test_part_stays(done):
    folder, _ = done
    job = config.build(words_for(folder))
    for seed in (0, 1):
        parts = [each.data.source(seed) for each in job.jobs]
        rows = [{row.tobytes() for batch in part.batches("train", 4096) for row in batch.rows} for part in parts]
        assert [len(found) for found in rows] == list(SIZES)
        assert rows[0] < rows[1] < rows[2]
        tests = [np.concatenate([batch.rows for batch in part.batches("test", 4096)]) for part in parts]
        assert all((found == tests[0]).all() for found in tests)


def test_cells_are_those_of_ordinary_comparisons(done):
    folder, _ = done
    one = config.build(words_for(folder, "sizes=[]", "data.rows=180", "report=false")).run(progress=False)
    assert (len(one.ran), one.skipped) == (0, 2 * ARMS)
    more = config.build(words_for(folder, "sizes=[60,180,540]", "report=false"))
    assert [len(each.ran) for each in more.run(progress=False).outcomes] == [0, 0, 0]
    hashes = {result.cell.protocol_hash for result in Store(folder / "store")}
    assert hashes == {plan.protocol.hash for plan in more.planned(progress=False)}


def test_one_seed_of_several_writes_no_report(tmp_path):
    words = [SMALL[0], "arms=[]", f"store={tmp_path}", "sizes=[60,180]", "protocol.seeds=[0,1,2]", "seed=0"]
    outcome = config.build(words).run(progress=False)
    assert outcome.report is None
    assert outcome.missing == 4


def test_the_page_is_written_again_from_the_store_also_of_a_part(done, tmp_path, caplog):
    folder, outcome = done
    words = [*SMALL, f"store={folder / 'store'}", f"out={tmp_path}"]
    again = config.build(words, "report")
    assert type(again) is ScalingReportJob
    page = again.run().html
    assert page.read_text() == outcome.report.html.read_text()
    with caplog.at_level(logging.WARNING):
        more = config.build([*words, "sizes=[60,180,540,all]"], "report").run()
    assert "digits has no cell at all training rows" in caplog.text
    assert len(more.reports) == len(SIZES)
    with pytest.raises(DataError, match="no finished cell of any of its 2 sizes"):
        config.build([*words, "sizes=[50,70]"], "report").run()


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    words = [*SMALL, f"store={tmp_path / 'typo'}", f"out={tmp_path / 'out'}"]
    with pytest.raises(DataError, match=r"store=.*typo was asked for; .*typo' is no store of cells\. Check the path"):
        config.build(words, "report").run()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("entry", ["benchmark", "report"])
def test_a_contestant_that_does_not_exist_is_refused(entry):
    with pytest.raises(ConfigError, match=r"arm 'twinn' is not known\. Did you mean 'twin'"):
        config.build([SMALL[0], "arms=[twinn]"], entry)
    with pytest.raises(ConfigError, match="champion 'svn' is not known"):
        config.build([SMALL[0], "+champions.svn={}"], entry)
    config.build([SMALL[0], "arms=[all]"], entry)


def test_a_set_may_have_sizes_of_its_own_and_a_size_terms_of_its_own(tmp_path):
    sets = "sets=[['data=wine','sizes=[30,60]'],['data=digits']]"
    job = config.build(words_for(tmp_path, sets))
    assert [(each.data.name, each.data.rows) for each in job.jobs] == [
        *(("wine", 30), ("wine", 60)),
        *(("digits", rows) for rows in SIZES),
    ]
    own = "sizes=[['data.rows=60','training.batch_size=8'],['data.rows=90','training.batch_size=16'],all]"
    job = config.build(words_for(tmp_path, own))
    assert [(each.data.rows, each.training.batch_size) for each in job.jobs] == [(60, 8), (90, 16), (None, 64)]
    fixed = config.build(words_for(tmp_path, own, "training.batch_size=32"))
    assert {each.training.batch_size for each in fixed.jobs} == {32}
    assert type(config.build(["recipe=fair_smoke"])) is SuiteJob


@pytest.mark.parametrize(
    ("sizes", "given", "said"),
    [
        ([60, "all"], ["data.rows=100"], "data.rows was given beside sizes, which choose it"),
        ([60, "many"], [], r"sizes\[1\] is 'many'; its data.rows must be a number"),
        ([60, -5], [], "must be a number of training rows"),
        ([["data.rows=60", "data.rows=70"], "all"], [], r"sizes\[0\] gives data.rows twice"),
        ([[60], "all"], [], "or a list of overrides"),
    ],
)
def test_sizes_that_cannot_be_meant_are_refused(sizes, given, said):
    with pytest.raises(ConfigError, match=said):
        config.overrides_of_sizes(sizes, given)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["sizes=[60,60]"], "given the size 60 twice"),
        (["sizes=[60]"], "it has one. Name more"),
        (["sets=[['data=wine','sizes=[]'],['data=digits','sizes=[60,90]']]"], "one has none"),
    ],
)
def test_jobs_that_are_no_sizes_of_one_set_are_refused(more, said, tmp_path):
    with pytest.raises(ConfigError, match=said):
        config.build(words_for(tmp_path, *more))


@pytest.mark.parametrize(
    ("key", "override"),
    [("model", "model.circuit.depth=3"), ("model", "model.circuit.n_qubits=2"), ("arms", "arms=[twin]")],
)
def test_sizes_with_another_model_are_refused(key, override):
    with pytest.raises(ConfigError, match=rf"'digits' was to be compared at several sizes; {key} is .* at another"):
        config.build(["recipe=data_scaling_smoke", f"sizes=[['data.rows=60','{override}'],180,540]"])


def test_one_seed_and_three_sizes_have_a_page_without_a_law(tmp_path, caplog):
    job = config.build(words_for(tmp_path, "protocol.seeds=[0]", "arms=[logistic]", "protocol.trials=1"))
    job.planned(False)
    assert "One seed: the pages will show points, without intervals and without a law." in caplog.text
    assert job.run(progress=False).report.html.is_file()


def test_sizes_are_checked_before_the_first_cell(tmp_path):
    with pytest.raises(DataError, match="rows=5000 was asked of a training part of 1079"):
        config.build(words_for(tmp_path, "sizes=[60,5000]")).run(progress=False)
    uneven = "sizes=[['data.rows=60','protocol.trials=3'],120]"
    with pytest.raises(ConfigError, match="trials is 3 at one size and 2 at another"):
        config.build(words_for(tmp_path, uneven)).run(progress=False)
    assert not list(Store(tmp_path / "store"))
    with pytest.raises(ConfigError, match="it has none"):
        ScalingJob(())
