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


def test_each_seed_keeps_its_curve(tmp_path):
    lines = [("q", "a", s, top, f"0.5;{top};0.79") for s, top in enumerate((0.91, 0.93))] + [("q", "a", 2, 0.9, "")]
    path = write(tmp_path / "long.csv", lines, ("arm", "data", "seed", "test", "test_curve"))
    row = read_results(path).rows[0]
    assert (row.test, row.test_curve) == ((0.91, 0.93, 0.9), ((0.5, 0.91, 0.79), (0.5, 0.93, 0.79), ()))


def test_a_mean_a_seed_keeps_its_digits(tmp_path):
    lines = [("q", "a", seed, 60, score) for seed, score in enumerate(("0.9667", "0.9833", "0.9500"))]
    table = read_results(write(tmp_path / "long.csv", lines, ("arm", "data", "seed", "n_test", "test_mean")))
    assert table.rounding("test", *table.rows[0].test) == pytest.approx(0.00005)
    assert not [finding for finding in table_findings(table) if finding.level in ("severe", "suspect")]


def test_several_columns_name_the_data_and_none_leave_out(tmp_path):
    path = write(tmp_path / "a.csv", [("svm", "wine", "noisy", 0.9, "?")], ("arm", "set", "kind", "test", "n_test"))
    table = read_results(path, columns={"data": ["set", "kind"], "n_test": []})
    assert (table.rows[0].data, table.rows[0].n_test) == ("wine / noisy", None)


def test_per_cent_are_shares(tmp_path):
    table = read_results(write(tmp_path / "a.csv", [("svm", "wine", 97.5)], ("arm", "data", "test")))
    assert table.rows[0].test == (0.975,)
    assert table.rounding("test") == pytest.approx(0.0005)


def test_shares_and_per_cent_in_one_table_are_refused(tmp_path):
    lines = [("svm", "a", 96.6667), ("svm", "b", 0.9833)]
    with pytest.raises(DataError, match=r"mixes the two: a\.csv:2 has test 96\.6667, a\.csv:3 has test 0\.9833"):
        read_results(write(tmp_path / "a.csv", lines, ("arm", "data", "test")))
    columns = ("arm", "data", "test", "selection", "test_sd", "test_curve")
    with pytest.raises(DataError, match=r"has test 97\.5, b\.csv:2 has selection 0\.9"):
        read_results(write(tmp_path / "b.csv", [("svm", "a", 97.5, 0.9, 0.4, "")], columns))
    table = read_results(write(tmp_path / "c.csv", [("svm", "a", 97.5, 90, 0.4, "0;80;97.5")], columns))
    row = table.rows[0]
    assert (row.test, row.selection, row.test_sd, row.test_curve) == ((0.975,), 0.9, 0.004, ((0.0, 0.8, 0.975),))
    assert table.rounding("test_curve") == table.rounding("test") == pytest.approx(0.0005)


@pytest.mark.parametrize("column", ["auc", "test_auc", "balanced_accuracy", "testF1", "rmse", "Test ROC-AUC"])
def test_a_column_called_as_another_metric_needs_a_word(tmp_path, column):
    path = write(tmp_path / "a.csv", [("svm", "wine", 0.95734)], ("arm", "data", column))
    with pytest.raises(ConfigError, match="metric=accuracy"):
        read_results(path, columns={"test": column})
    for metric in ("auc", "accuracy"):
        table = read_results(path, columns={"test": column}, metric=metric)
        assert (table.metric, table.assumed) == (metric, False)


@pytest.mark.parametrize(
    ("column", "assumed"), [("test", True), ("score", True), ("accs", False), ("testAccuracy", False)]
)
def test_a_column_that_says_nothing_is_taken_for_accuracies_and_that_is_kept(tmp_path, column, assumed):
    path = write(tmp_path / "a.csv", [("svm", "wine", 0.95)], ("arm", "data", column))
    table = read_results(path, columns={"test": column})
    assert (table.metric, table.assumed) == ("accuracy", assumed)


def test_columns_written_to_several_lengths_are_known(tmp_path):
    lines = [("svm", "a", "0.9667", "0.90"), ("qnn", "a", "0.9666666666666667", "0.85")]
    table = read_results(write(tmp_path / "a.csv", lines, ("arm", "data", "test", "selection")))
    assert table.mixed == {"test"}
    assert table.rounding("test", *table.rows[0].test) == pytest.approx(0.00005)
    assert table.rounding("test", *table.rows[1].test) == table.rounding("test") == 0.0
    assert table.rounding("selection", 0.9) == pytest.approx(0.005)


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
