"""Anyone's table is read, or refused in words that name the columns that were found."""

import pytest

from qml.base.errors import ConfigError, DataError
from qml.bench.checks import table_findings
from qml.bench.results_table import read_results
from tests.bench.audit.tables import write

HEAD = ("model", "dataset", "accs", "n")
MAPPING = {"arm": "model", "data": "dataset", "test": "accs", "n_test": "n"}


@pytest.fixture
def results(tmp_path):
    return write(tmp_path / "results.csv", [("svm", "wine", "[0.9, 0.85]", 60), ("mlp", "wine", "0.8;0.75", 60)], HEAD)


def test_columns_are_mapped(results):
    table = read_results(results, columns=MAPPING)
    assert [(row.names, row.test, row.n_test) for row in table.rows] == [
        (("svm", "wine", ""), (0.9, 0.85), 60),
        (("mlp", "wine", ""), (0.8, 0.75), 60),
    ]
    assert [row.place for row in table.rows] == ["results.csv:2", "results.csv:3"]
    assert table.decimals == {"test": 2, "n_test": 0}


def test_columns_called_as_fields_need_no_mapping(tmp_path):
    path = write(tmp_path / "a.csv", [("svm", "wine", 0.9, "ok")], ("arm", "data", "test_mean", "status"))
    assert read_results(path).fields == {"arm", "data", "test_mean"}


def test_a_folder_is_one_table(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "r.csv", [(name, "wine", "0.9", 60)], HEAD)
    table = read_results(tmp_path, columns=MAPPING)
    assert [(row.number, row.arm, row.place) for row in table.rows] == [(0, "a", "a/r.csv:2"), (1, "b", "b/r.csv:2")]


def test_one_line_a_seed_is_joined(tmp_path):
    lines = [("svm", "wine", 0.9, 0), ("svm", "wine", 0.8, 1), ("mlp", "wine", 0.7, 0)]
    path = write(tmp_path / "long.csv", lines, ("arm", "data", "test", "seed"))
    table = read_results(path)
    assert [(row.arm, row.test, row.seeds) for row in table.rows] == [
        ("svm", (0.9, 0.8), ("0", "1")),
        ("mlp", (0.7,), ("0",)),
    ]


def test_several_columns_name_the_data_and_none_leave_out(tmp_path):
    path = write(tmp_path / "a.csv", [("svm", "wine", "noisy", 0.9, "?")], ("arm", "set", "kind", "test", "n_test"))
    table = read_results(path, columns={"data": ["set", "kind"], "n_test": []})
    assert (table.rows[0].data, table.rows[0].n_test) == ("wine / noisy", None)


def test_per_cent_are_shares(tmp_path):
    table = read_results(write(tmp_path / "a.csv", [("svm", "wine", 97.5)], ("arm", "data", "test")))
    assert table.rows[0].test == (0.975,)
    assert table.rounding("test") == pytest.approx(0.0005)


def test_empty_cells_are_nothing(tmp_path):
    path = write(tmp_path / "a.csv", [("svm", "wine", 0.9, "", "NaN")], ("arm", "data", "test", "trials", "selection"))
    row = read_results(path).rows[0]
    assert (row.trials, row.selection) == (None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is empty"),
        (b"arm,data,test\n", "no row below it"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "was to be a CSV file in UTF-8"),
        (b"arm,data,test\nsvm,wine,0.9,7\n", "Line 2 of .* has more or fewer values than its header"),
        (b"arm,data,test\nsvm,wine,good\n", "holds 'good'; test is a list of numbers"),
        (b"arm,data,test,n_test\nsvm,wine,0.9,6.5\n", "holds '6.5'; n_test is a whole number"),
        (b"arm,data,test\n,wine,0.9\n", "does not say whose result it is"),
        (b"arm,data,arm,test\nsvm,wine,mlp,0.9\n", "two columns called 'arm'"),
        (
            b"model,dataset,accuracy\nsvm,wine,0.9\n",
            "which column is arm, data and test.*'model', 'dataset', 'accuracy'",
        ),
        (b'{"arm": 1}\n', "which column is arm, data and test"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_bytes(text)
    with pytest.raises(DataError, match=message):
        read_results(path)


def test_a_missing_column_is_named_with_those_found(results):
    with pytest.raises(DataError, match=r"lacks 'acc' \(for test\); it has 'model', 'dataset', 'accs', 'n'"):
        read_results(results, columns={**MAPPING, "test": "acc"})
    with pytest.raises(DataError, match=r"lacks .*'variant' \(for data\).*it has 'model'"):
        read_results(results, preset="bowles")


def test_unknown_names_are_refused(results, tmp_path):
    with pytest.raises(ConfigError, match="Did you mean 'bowles'"):
        read_results(results, preset="bowls")
    with pytest.raises(ConfigError, match="Did you mean 'n_test'"):
        read_results(results, columns={**MAPPING, "n_tst": "n"})
    with pytest.raises(DataError, match="there is no such file"):
        read_results(tmp_path / "nowhere.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no file"):
        read_results(tmp_path / "empty")


def test_scores_that_are_no_accuracies_need_a_metric(tmp_path):
    path = write(tmp_path / "a.csv", [("svm", "wine", 340.0)], ("arm", "data", "test"))
    with pytest.raises(ConfigError, match="metric=rmse"):
        read_results(path)
    assert read_results(path, metric="rmse").rows[0].test == (340.0,)


def test_the_released_files_of_the_study_are_read(tmp_path):
    folder = tmp_path / "two_curves_diff" / "SVC"
    folder.mkdir(parents=True)
    stem = folder / "SVC_two_curves-10d-17degree_GridSearchCV"
    score = 0.9916666666666667
    write(
        f"{stem}-best-hyperparams-results.csv",
        [(seed, score, score) for seed in range(5)],
        ("", "train_acc", "test_acc"),
    )
    write(f"{stem}-best-hyperparams.csv", [("C", 10.0), ("gamma", 1.0)], ("hyperparameter", "best_value"))
    grid = [(0, 0.001, 0.85, 0.03), (1, 0.002, "", ""), (2, 0.003, 0.9, 0.02)]
    write(f"{stem}.csv", grid, ("", "mean_fit_time", "mean_test_score", "std_test_score"))
    row = read_results(tmp_path, preset="bowles_released").rows[0]
    assert row.names == ("SVC", "two_curves_diff / two_curves-10d-17degree", "")
    assert (row.test, row.n_test, row.trials, row.failed) == ((score,) * 5, 60, 3, 1)
    assert (row.selection, row.cost_s, row.settings) == (0.9, 0.003, '{"C": "10.0", "gamma": "1.0"}')
    assert "no split of its size" in table_findings(read_results(tmp_path, preset="bowles_released"))[0].title
    with pytest.raises(DataError, match="has no file"):
        read_results(folder / "none", preset="bowles_released")
