"""What fits tell of their budget: planted in sound records, each is found once and nothing else is."""

from dataclasses import replace

import pytest

from qml.bench.checks.fits import FIT_CHECKS, identical_trials, missing_curves, over_the_cap
from qml.bench.summary import summarise


def changed(store, name, change):
    return summarise([change(cell) if cell.cell.arm.name == name else cell for cell in store])


def second_trial(cell, **fields):
    """The cell with other values in its second trial."""
    return replace(cell, trials=(cell.trials[0], replace(cell.trials[1], **fields), *cell.trials[2:]))


def copied(cell):
    return second_trial(cell, score=cell.trials[0].score, validation=cell.trials[0].validation)


def equal_shares(cell):
    return second_trial(cell, validation={**cell.trials[1].validation, "accuracy": cell.trials[0].score})


def repeated(cell):
    """A deterministic arm whose space is exhausted tries a setting again, with another seed."""
    return second_trial(copied(cell), settings=cell.trials[0].settings)


def uncurved(cell):
    return replace(cell, records=())


def overspent(stopped):
    def change(cell):
        return second_trial(cell, cost={**cell.trials[1].cost, "cpu_s": 75.0, "capped": True, "stopped": stopped})

    return change


def test_sound_records_pass(digits_store):
    assert [found for check in FIT_CHECKS for found in check(summarise(digits_store))] == []


def test_trials_that_differ_in_their_settings_alone_are_told(digits_store):
    (found,) = identical_trials(changed(digits_store, "svm", copied))
    assert found.level == "warn"
    assert found.title == "3 of 6 trials of SVM, Gaussian kernel gave nothing new"
    assert "other settings (C)" in found.text
    assert "seed 0: trials 0 and 1 both have accuracy" in found.evidence


@pytest.mark.parametrize("change", [equal_shares, repeated])
def test_equal_accuracies_and_a_setting_tried_again_are_no_fault(digits_store, change):
    assert list(identical_trials(changed(digits_store, "svm", change))) == []


def test_an_arm_trained_by_epochs_without_a_curve_is_told(digits_store):
    (found,) = missing_curves(changed(digits_store, "twin", uncurved))
    assert found.title == "1 arm without a learning curve"
    assert found.text.startswith("Classical twin: trained by epochs")
    assert list(missing_curves(changed(digits_store, "svm", uncurved))) == []


def test_a_fit_that_cannot_be_stopped_says_what_it_spent(digits_store):
    (found,) = over_the_cap(changed(digits_store, "svm", overspent("converged")))
    assert found.title == "SVM, Gaussian kernel spent more than 60 CPU seconds"
    assert "3 of 6 fits took up to 75 CPU seconds" in found.text
    assert list(over_the_cap(changed(digits_store, "mlp", overspent("cpu_s")))) == []
