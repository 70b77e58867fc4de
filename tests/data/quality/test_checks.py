"""Each check finds the fault that was planted, with its count, and finds nothing where none is."""

import os
import subprocess
import sys
import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import zoom

from qml.base.errors import ConfigError
from qml.bench.report.quality.figures import drift_figure
from qml.data import ArraySource
from qml.data.quality import CHECKS, Check, Finding, Limits, examined_source, inspect_data
from qml.data.quality.near import candidates, image_hashes
from qml.data.source import Target
from tests.data.quality.near_recall import recall
from tests.data.quality.planted import images, sound, split_of, texts, with_columns, with_rows_copied, with_targets


def found(examined, check, **limits):
    return inspect_data(examined, [check], limits=Limits(**limits)).of(check)


def photographs(n=40):
    """Different images of 28 x 28 pixels."""
    return np.random.default_rng(0).integers(30, 220, (n, 14, 14)).repeat(2, 1).repeat(2, 2).astype(np.uint8)


def of_moments():
    """Rows whose parts follow each other in time."""
    examined = sound()
    moments = np.zeros(600, np.int64)
    for place, part in enumerate(examined.split.parts):
        moments[examined.split[part]] = place
    return replace(examined, table=replace(examined.table, time=moments))


SOUND = {
    "near_copies": lambda: images(photographs()),
    "loose_copies": lambda: texts([f"news number {i}" for i in range(20)]),
    "declared_time": of_moments,
}
"""Check -> a set without a fault that it fits; `sound` fits the others."""


@pytest.mark.parametrize("name", list(CHECKS))
def test_a_sound_set_has_no_fault(name):
    """Each is asked of a set that it fits."""
    clean = SOUND.get(name, sound)()
    assert name not in inspect_data(clean, [name]).skipped
    assert {f.level for f in found(clean, name)} <= {"note"}


def test_copies_across_parts_are_counted():
    clean = sound()
    split = clean.split
    copied = with_rows_copied(clean, split["test"][:7], split["train"][:7])
    across, within = found(copied, "copies")
    assert (across.level, across.counts["test in train"], across.counts["with its label"]) == ("severe", 7, 7)
    assert set(across.rows) == set(np.sort(split["test"][:7]).tolist())
    assert all(copied.keys[a] == copied.keys[b] for a, b in across.pairs)
    assert (within.level, within.counts["repeats"], within.counts["distinct"]) == ("warn", 7, 593)


def test_one_copy_among_many_is_a_warning():
    clean = sound(2000)
    rarer = np.bincount(clean.table.targets[clean.split["train"]]).argmin()
    original = clean.split["train"][clean.table.targets[clean.split["train"]] == rarer][:1]
    copied = with_rows_copied(clean, clean.split["test"][:1], original)
    across, within = found(copied, "copies")
    assert (across.level, within.level) == ("warn", "note")
    assert found(copied, "copies", copies=0.001)[0].level == "severe"


def test_rows_of_few_values_are_equal_without_a_leak():
    clean = sound(2000)
    few = np.random.default_rng(0).integers(0, 2, (5, 2000)).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 2, 2000)
    coins = with_targets(with_columns(clean, **{f"x{place}": few[place] for place in range(5)}), labels)
    across = found(coins, "copies")[0]
    assert (across.level, across.counts[next(iter(across.counts))]) == ("suspect", 400)
    assert across.counts["by chance"] > 0.99
    told = with_targets(coins, few[0])  # looking up gains, as any model does
    assert {f.level for f in found(told, "copies") if "share" in f.counts} <= {"suspect", "warn"}


def test_copies_with_labels_of_their_own_are_not_severe():
    clean = sound()
    split = clean.split
    copied = with_rows_copied(clean, split["test"][:40], split["train"][:40])
    targets = copied.table.targets.copy()
    targets[split["test"][:40]] = np.random.default_rng(0).permutation(targets[split["train"][:40]])
    (across, _) = found(with_targets(copied, targets), "copies")
    right = int((targets[split["test"][:40]] == targets[split["train"][:40]]).sum())
    assert (across.level, across.counts["with its label"]) == ("suspect", right)
    assert f"{right} of 40 have the label" in across.text
    assert "gains nothing by it" in across.text


def test_copies_kept_in_one_part_are_no_leak():
    clean = sound()
    train = clean.split["train"]
    (within,) = found(with_rows_copied(clean, train[:30], train[30:60]), "copies")
    assert (within.level, within.counts["repeats in train"], within.counts["repeats in test"]) == ("warn", 30, 0)


def test_the_share_that_a_random_split_would_leak_is_that_of_a_simulation():
    group = np.repeat(np.arange(200), np.tile([1, 2, 3, 6], 50))
    examined = sound(len(group))
    examined = with_columns(examined, **{name: group.astype(np.float32) for name in examined.table.values})
    (within,) = [f for f in found(examined, "copies") if "repeats" in f.counts]
    rng = np.random.default_rng(0)
    leaks = []
    for _ in range(300):
        test = rng.random(len(group)) < 0.2
        leaks.append(np.isin(group[test], group[~test]).mean())
    assert f"{100 * np.mean(leaks):.0f}" == within.text.split("test part, ")[1].split(".")[0]


def test_minus_zero_and_not_a_number_are_equal_to_themselves():
    clean = sound()
    values = {name: np.arange(600, dtype=np.float32) for name in clean.table.values}
    values["x0"][:4] = [0.0, -0.0, np.nan, -np.nan]
    for name in ("x1", "x2", "x3", "x4"):
        values[name][:4] = 5
    examined = with_columns(clean, **values)
    assert examined.keys[0] == examined.keys[1]
    assert examined.keys[2] == examined.keys[3] != examined.keys[0]


def test_texts_are_compared_without_case_links_and_spaces():
    words = [f"news number {i}" for i in range(20)]
    words[10:13] = ["News  number 1", "news number 2 https://t.co/abc", "news number 3"]
    said = texts(words)
    (exact, _) = found(said, "copies")
    assert exact.counts["test in train"] == 1
    (loose,) = found(said, "loose_copies")
    assert (loose.counts["test in train"], loose.counts["but for links"]) == (3, 2)
    assert set(loose.pairs) == {(10, 1), (11, 2)}


def test_near_copies_of_images():
    pixels = photographs()
    pixels[20:23] = np.clip(pixels[:3].astype(int) + np.random.default_rng(0).integers(-3, 4, (3, 28, 28)), 0, 255)
    pixels[23] = pixels[5]
    between, pairs = found(images(pixels), "near_copies")
    assert (between.level, between.counts["test near train"]) == ("suspect", 3)
    assert set(between.pairs) == {(20, 0), (21, 1), (22, 2)}
    assert pairs.counts["pairs"] == 3


@pytest.mark.parametrize("way", ["brightness +30", "contrast x 0.7", "JPEG of quality 95"])
def test_near_copies_stand_another_brightness_and_contrast(way):
    waves = np.random.default_rng(0).normal(size=(40, 6, 6))
    pixels = (120 + 40 * zoom(waves, (1, 5, 5), order=3)).clip(40, 200).astype(np.uint8)
    assert recall(pixels, way) >= 38


def test_small_images_are_not_all_compared_with_all():
    pixels = np.random.default_rng(0).random((1500, 8, 8)).astype(np.float32)
    first, _, whole = candidates(image_hashes(pixels))
    assert (len(first) < 100, whole) == (True, True)


def test_equal_images_are_compared_once_and_counted_each():
    base = np.random.default_rng(0).integers(30, 220, (28, 28)).astype(np.uint8)
    pixels = np.stack([base] * 300)
    pixels[150:] += 1
    between, pairs = found(images(pixels), "near_copies")
    assert (between.counts["test near train"], pairs.counts["pairs"]) == (150, 1)


def test_pairs_beyond_the_most_are_said():
    first, second, whole = candidates(np.zeros((100, 4), np.uint32), most=400)
    assert (whole, len(first) <= 400, bool((first < second).all())) == (False, True, True)


def test_contradictions_bound_the_accuracy():
    clean = sound()
    train = clean.split["train"]
    copied = with_rows_copied(clean, train[:10], train[10:20])
    targets = copied.table.targets.copy()
    targets[train[:10]] = 1 - targets[train[10:20]]
    (finding,) = found(with_targets(copied, targets), "contradictions")
    assert (finding.counts["inputs"], finding.counts["rows"], finding.counts["unavoidable errors"]) == (10, 20, 10)
    assert finding.level == "suspect"
    assert found(copied, "contradictions") == ()


@pytest.mark.parametrize("kind", ["id", "number", "category", "standardised"])
@pytest.mark.parametrize("rows_each", [2, 12])
def test_a_subject_is_found_by_its_repetitions_alone(kind, rows_each):
    rng = np.random.default_rng(3)
    n = 1200
    subject = rng.permutation(np.repeat(np.arange(n // rows_each), rows_each))
    nature = rng.normal(size=(n, 5))[subject]
    examined = sound(n)
    values = {f"x{i}": (nature[:, i] + 0.5 * rng.normal(size=n)).astype(np.float32) for i in range(5)}
    names = rng.permutation(10**5)[subject].astype(np.int32)
    if kind == "standardised":
        kind, names = "number", (names - names.mean()) / names.std()
    examined = with_columns(examined, {"who": kind}, who=names, **values)
    (finding,) = found(examined, "groups")
    assert (finding.columns, finding.level) == (("who",), "suspect")
    assert finding.counts["groups"] == n // rows_each
    test, train = examined.split["test"], examined.split["train"]
    assert finding.counts["test with train"] == np.isin(names[test], names[train]).sum()


def test_a_split_that_keeps_subjects_apart_is_a_note():
    rng = np.random.default_rng(3)
    subject = np.repeat(np.arange(200), 3)
    nature = rng.normal(size=(200, 5))[subject]
    examined = with_columns(
        sound(),
        {"who": "id"},
        who=rng.permutation(9999)[subject],
        **{f"x{i}": (nature[:, i] + 0.3 * rng.normal(size=600)).astype(np.float32) for i in range(5)},
    )
    apart = replace(
        examined, split=type(examined.split)({"train": np.arange(450), "test": np.arange(450, 600)}, "apart")
    )
    (finding,) = found(apart, "groups")
    assert (finding.level, "test with train" in finding.counts) == ("note", False)


def test_quantities_and_categories_are_no_subjects():
    rng = np.random.default_rng(1)
    n = 3000
    size = rng.integers(20, 120, n)
    kind = np.minimum(rng.zipf(1.5, n), 300)
    weight = (size + rng.normal(scale=5, size=n)).astype(np.float32)
    price = (kind * 0.1 + rng.normal(size=n)).astype(np.float32)
    mass, paid = np.round(weight, 1), rng.integers(20, 2000, n) / 10
    examined = with_columns(sound(n), size=size, kind=kind, weight=weight, price=price, mass=mass, paid=paid)
    assert found(examined, "groups") == ()


def test_declared_groups_on_both_sides_are_severe():
    examined = sound()
    grouped = replace(examined, table=replace(examined.table, groups=np.arange(600) // 4))
    assert {f.level for f in found(grouped, "declared_groups")} == {"severe"}
    test, train = examined.split["test"], examined.split["train"]
    rows = np.isin(test // 4, train // 4).sum()
    assert rows in {f.counts["rows"] for f in found(grouped, "declared_groups")}
    alone = replace(examined, table=replace(examined.table, groups=np.arange(600)))
    assert found(alone, "declared_groups") == ()


def test_the_label_in_disguise():
    examined = sound(classes=3)
    labels = examined.table.targets
    letters = np.array(["CA", "CI", "CM"], object)[labels]
    (kept,) = found(with_columns(examined, {"activity": "id"}, activity=letters), "disguise")
    assert (kept.level, kept.counts["errors removed"]) == ("note", 1.0)
    (seen,) = found(with_columns(examined, code=labels * 7 + 100), "disguise")
    assert (seen.level, seen.columns) == ("severe", ("code",))
    cents = with_columns(examined, amount=(labels + np.random.default_rng(0).random(600) * 0.9).astype(np.float32))
    assert found(cents, "disguise")[0].counts["errors removed"] > 0.98
    paths = np.array([f"data/{('dog', 'cat', 'fox')[c]}/{i}.jpg" for i, c in enumerate(labels)], object)
    (folder,) = found(with_columns(examined, {"path": "id"}, path=paths), "disguise")
    assert "piece 2" in folder.text


def test_a_column_with_another_value_in_every_row_is_no_disguise():
    assert found(with_columns(sound(), row=np.arange(600)), "disguise") == ()


@pytest.mark.parametrize("n", [60, 150, 400, 600, 4000])
def test_a_label_behind_a_threshold_is_in_disguise_in_tables_of_every_size(n):
    rng = np.random.default_rng(0)
    examined = sound(n, classes=3)
    labels = examined.table.targets
    (numbers,) = found(with_columns(examined, amount=np.exp(3 * labels + 0.5 * rng.random(n))), "disguise")
    assert (numbers.level, numbers.columns, numbers.counts["errors removed"]) == ("severe", ("amount",), 1.0)
    (counted,) = found(with_columns(examined, code=10_000 * labels + rng.permutation(10_000)[:n]), "disguise")
    assert (counted.level, counted.columns) == ("severe", ("code",))
    noise = with_columns(examined, **{f"z{place}": rng.normal(size=n) for place in range(20)})
    assert found(noise, "disguise") == ()


def test_a_number_in_disguise_has_its_order():
    examined = sound()
    number = np.random.default_rng(0).normal(size=600).astype(np.float32)
    table = replace(examined.table, target=Target("price", "number"), targets=number)
    priced = replace(examined, table=table)
    (seen,) = found(with_columns(priced, cents=-np.exp(number)), "disguise")
    assert (seen.level, seen.columns, seen.counts["rank correlation"]) == ("severe", ("cents",), pytest.approx(-1))
    assert found(with_columns(priced, near=number + number.std() / 5), "disguise")[0].level == "severe"
    noisy = number + np.random.default_rng(1).normal(size=600) / 5
    assert found(with_columns(priced, noisy=noisy), "disguise") == ()


def test_constant_columns_and_those_that_move_later():
    examined = sound()
    moving = np.zeros(600, np.float32)
    moving[examined.split["test"][:3]] = 1
    still, later = found(with_columns(examined, zero=np.zeros(600, np.float32), moving=moving), "constant")
    assert {still.columns, later.columns} == {("zero",), ("moving",)}
    assert {finding.columns: finding.level for finding in (still, later)} == {("zero",): "note", ("moving",): "warn"}


def test_columns_that_name_rows():
    (finding,) = found(with_columns(sound(), number=np.arange(1000, 1600)), "ids")
    assert (finding.columns, finding.counts["counts"]) == (("number",), 1)


def test_missing_values_by_part():
    examined = sound()
    holes = examined.table.values["x1"].copy()
    holes[examined.split["test"][:60]] = np.nan
    (finding,) = found(with_columns(examined, x1=holes), "missing")
    assert (finding.level, finding.counts["missing"], finding.counts["share in test"]) == ("warn", 60, 0.5)
    nothing = np.full(600, np.nan, np.float32)
    assert found(with_columns(examined, x1=nothing), "missing")[0].level == "severe"


def test_numbers_and_words_that_stand_for_missing_ones():
    rng = np.random.default_rng(0)
    age = rng.normal(50, 10, 600).round()
    coded = np.where(rng.random(600) < 0.4, -999, age)
    (number,) = found(with_columns(sound(), age=coded.astype(np.int64)), "missing")
    assert (number.level, number.columns, number.counts["rows"]) == ("warn", ("age",), (coded == -999).sum())
    within = np.where(rng.random(600) < 0.4, 99, rng.integers(0, 120, 600))  # 99 as an age like any other
    assert found(with_columns(sound(), age=within), "missing") == ()
    examined = with_columns(sound(), {"land": "category"}, land=rng.integers(0, 3, 600).astype(np.int32))

    def named(*words):
        columns = [replace(c, categories=words) if c.name == "land" else c for c in examined.table.columns]
        return found(replace(examined, table=replace(examined.table, columns=tuple(columns))), "missing")

    assert named("DE", "NA", "US") == ()
    assert named("Germany", "NA", "Chile")[0].columns == ("land",)


def test_a_class_that_training_lacks_is_severe():
    examined = sound(classes=3)
    targets = examined.table.targets.copy()
    targets[examined.split["train"]] %= 2
    findings = found(with_targets(examined, targets), "balance")
    assert findings[0].level == "severe"
    count = (targets[examined.split["test"]] == 2).sum()
    assert count in {finding.counts.get("c2 in test") for finding in findings}


def test_one_row_of_an_unseen_class_is_a_warning():
    examined = sound(2000)
    targets = examined.table.targets.copy()
    targets[examined.split["test"][0]] = 2
    three = replace(examined.table, target=Target("label", "classes", ("c0", "c1", "c2")), targets=targets)
    unseen = [f for f in found(replace(examined, table=three), "balance") if "not occur in training" in f.title]
    assert [(f.level, f.counts) for f in unseen] == [("warn", {"c2 in test": 1})]
    limited = found(replace(examined, table=three), "balance", unseen=0.002)
    assert "severe" in {f.level for f in limited}


def test_rare_and_common_classes_are_told():
    targets = np.zeros(600, np.int64)
    examined = sound()
    targets[examined.split["train"][:5]] = 1
    targets[examined.split["test"][:20]] = 1
    titles = [finding.title for finding in found(with_targets(examined, targets), "balance")]
    assert any("fewer than 10 rows in train" in title for title in titles)
    assert any("of the rows are c0" in title for title in titles)


def test_drift_of_numbers_categories_and_labels():
    examined = sound()
    test = examined.split["test"]
    moved = examined.table.values["x2"].copy()
    moved[test] += 1
    kind = np.random.default_rng(0).integers(0, 3, 600).astype(np.int32)
    kind[test] = 2
    drifting = with_columns(examined, {"kind": "category"}, x2=moved, kind=kind)
    (finding,) = found(drifting, "drift")
    assert set(finding.columns) == {"x2", "kind"}
    assert finding.title == "2 of 6 columns differ between train and test"
    (apart,) = found(drifting, "told_apart")
    assert apart.counts["auc"] > 0.8


def test_drift_keeps_columns_of_any_name_apart_from_counts_and_the_target():
    examined = sound()
    test = examined.split["test"]
    shift = np.isin(np.arange(600), test).astype(np.float32)
    rng = np.random.default_rng(0)
    odd = with_columns(examined, **{name: rng.normal(size=600) + 2 * shift for name in ("of", "columns")})
    (finding,) = found(odd, "drift")
    assert (finding.counts["columns"], finding.counts["of"], finding.part) == (2, 8, "test")
    figure = drift_figure(inspect_data(odd, ["drift"]))
    assert {row[0] for row in figure.rows} == {"of", "columns"}
    assert figure.columns == ("column", "test")
    targets = examined.table.targets.copy()
    targets[test] = 1
    (label,) = found(with_targets(examined, targets), "drift")
    assert label.title == "the target differs between train and test"


def test_effects_are_those_of_scipy():
    from scipy import stats

    from qml.data.quality.drift import cramer, holm

    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, 500), np.minimum(rng.integers(0, 4, 300), 2)
    table = np.stack([np.bincount(first, minlength=3), np.bincount(second, minlength=3)])
    effect, p = cramer(first, second)
    assert effect == pytest.approx(stats.contingency.association(table, method="cramer"))
    assert p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    p = rng.random(6) ** 3
    expected = [min(1.0, max(sorted(p)[j] * (6 - j) for j in range(sorted(p).index(value) + 1))) for value in p]
    assert holm(p) == pytest.approx(expected)


def test_an_order_among_rows():
    examined = sound()
    sorted_rows = with_targets(examined, np.sort(examined.table.targets))
    titles = [finding.title for finding in found(sorted_rows, "order")]
    assert any("blocks of one label" in title for title in titles)
    rising = with_columns(examined, x3=(np.arange(600) + np.random.default_rng(0).normal(scale=100, size=600)))
    (finding,) = found(rising, "order")
    assert finding.columns == ("x3",)


def test_training_rows_later_than_test_rows():
    examined = of_moments()
    split, moments = examined.split, examined.table.time.copy()
    moments[split["train"][:2]] = 2
    (few,) = found(replace(examined, table=replace(examined.table, time=moments)), "declared_time")
    assert (few.level, set(few.rows)) == ("warn", set(split["train"][:2].tolist()))
    dealt = with_columns(sound(), {"day": "time"}, day=np.arange(600))
    assert {f.level for f in found(dealt, "declared_time")} == {"suspect"}
    first = split["test"].min()
    counts = {key: count for f in found(dealt, "declared_time") for key, count in f.counts.items()}
    assert counts["train after test begins"] == (split["train"] > first).sum()


def test_one_is_said_as_one():
    examined = sound(classes=3)
    split = examined.split
    examined = with_rows_copied(examined, split["test"][:1], split["train"][:1])
    targets = examined.table.targets.copy()
    targets[split["train"]] %= 2
    targets[split["test"][0]] = 2
    moments = np.where(np.isin(np.arange(600), split["train"]), 0, 1)
    moments[split["train"][0]] = 2
    examined = with_targets(with_columns(examined, {"day": "time"}, day=moments, zero=np.zeros(600)), targets)
    titles = [f.title for f in inspect_data(examined, slow=False).findings if f.level != "pass"]
    assert {
        "1 test row is equal to a row of train",
        "1 row repeats an earlier row",
        "1 input occurs with more than one label",
        "1 column has one value throughout",
        "1 class of test does not occur in training",
        "1 row of train is later than the first of test",
    } <= set(titles)


def test_wrong_labels_are_named():
    pytest.importorskip("cleanlab")
    examined = sound(2000, seed=5)
    inputs = examined.table.values["x0"] + 3 * examined.table.targets.astype(np.float32)
    clear = with_columns(examined, x0=inputs)
    wrong = np.random.default_rng(1).choice(2000, 300, replace=False)
    targets = clear.table.targets.copy()
    targets[wrong] = 1 - targets[wrong]
    (finding,) = found(with_targets(clear, targets), "label_noise")
    assert finding.level == "suspect"
    planted = np.intersect1d(wrong, clear.split["train"])
    assert abs(finding.counts["doubted"] - len(planted)) <= 0.1 * len(planted)
    assert np.isin(finding.rows, planted).mean() > 0.95
    assert all(f.level == "note" and f.counts["share"] < 0.02 for f in found(clear, "label_noise"))


@pytest.mark.parametrize("classes", [2, 3])
def test_random_labels_are_not_called_wrong_ones(classes):
    pytest.importorskip("cleanlab")
    examined = sound(1000, seed=5)
    labels = np.random.default_rng(1).integers(0, classes, 1000)
    noise = replace(examined.table, target=replace(examined.table.target, labels=("c0", "c1", "c2")[:classes]))
    (finding,) = found(with_targets(replace(examined, table=noise), labels), "label_noise")
    assert finding.level == "note"
    assert "no better than guessing" in finding.title
    assert "it has learnt" not in finding.text


def test_a_weak_model_does_not_accuse_the_labels():
    pytest.importorskip("cleanlab")
    examined = sound(1000, seed=5)
    unsure = np.random.default_rng(1).random(1000) < 0.35
    targets = np.where(unsure, 1 - examined.table.targets, examined.table.targets)
    (finding,) = found(with_targets(examined, targets), "label_noise")
    assert finding.level == "note"
    assert "a list to look at" in finding.text


def test_a_source_is_looked_at_whole_or_in_a_part_that_is_said():
    rng = np.random.default_rng(0)
    source = ArraySource.from_arrays(np.repeat(rng.normal(size=(50, 3)), 2, axis=0), np.arange(100) % 2)
    looked = examined_source(source)
    counted = {f.title for f in inspect_data(looked, ["copies"]).findings}
    assert "50 rows repeat an earlier row" in counted
    part = examined_source(source, most=30)
    assert part.split.sizes() == {"train": 30, "validation": 20, "test": 20}
    assert part.split.how == "as the source gives them; of train 30 rows of a shuffled pass"
    assert np.isin(part.table["x0"][:30], looked.table["x0"][:60]).all()


def test_an_unknown_check_is_refused_and_one_of_your_own_is_asked():
    with pytest.raises(ConfigError, match="Did you mean 'copies'"):
        inspect_data(sound(), ["copis"])
    with pytest.raises(ConfigError, match=r"limits\.copies"):
        Limits(copies=-1)
    CHECKS.add("mine", Check("mine", lambda examined, limits: [Finding("mine", "severe", "bad")]))
    try:
        assert inspect_data(sound(), ["mine"]).severe[0].title == "bad"
    finally:
        del CHECKS._members["mine"]


def test_slow_checks_and_unfit_ones_say_why_they_were_not_asked():
    skipped = inspect_data(sound(), slow=False).skipped
    assert set(skipped) == {"declared_time", "label_noise", "told_apart", "near_copies", "loose_copies"}
    assert skipped["near_copies"] == "the inputs hold no image"


def test_an_inspection_is_the_same_in_every_process():
    code = (
        "import json\n"
        "import numpy as np\n"
        "from qml.data import ArraySource\n"
        "from qml.data.quality import examined_source, inspect_data\n"
        "rng = np.random.default_rng(0)\n"
        "source = ArraySource.from_arrays(rng.integers(0, 3, (400, 3)), rng.integers(0, 2, 400))\n"
        "found = inspect_data(examined_source(source), slow=False)\n"
        "assert found.of('contradictions') and found.of('copies')\n"
        "print(json.dumps(found.to_json()))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] != ""
    assert split_of().sizes() == inspect_data(sound(), slow=False).to_json()["rows"]


@pytest.mark.parametrize(
    "way",
    [
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text),
        lambda text: text.replace(" ", " \u200b"),
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: text + " t.co/abc12",
    ],
    ids=["letter and accent", "full width", "zero width", "hard space", "link without scheme"],
)
def test_texts_are_compared_whatever_their_unicode_form(way):
    words = [f"café Zürich résumé {i}" for i in range(10)]
    (loose,) = found(texts(words + [way(text) for text in words]), "loose_copies")
    assert loose.counts["test in train"] == 10
