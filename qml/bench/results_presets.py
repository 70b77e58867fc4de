"""Known layouts of result tables: which column of a published study's files holds what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Columns = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class Preset:
    """A layout by name.

    Args:
        about: whose files these are.
        columns: field of `ResultRow` -> column, or several whose words are joined.
        metric: what the scores are; "accuracy" is a count of right rows divided by their number.
    """

    about: str
    columns: Columns
    metric: str = "accuracy"


PRESETS: dict[str, Preset] = {
    "plain": Preset("columns that are called as the fields are: arm, data, n_test, test_mean, ...", {}),
    "bowles_released": Preset("the files of the same study as they were released, read by `results_released`", {}),
    "bowles": Preset(
        "Bowles, Ahmed and Schuld, arXiv:2403.07059: a table a model, a row for each of its result files",
        {
            "arm": "model",
            "data": ("dataset", "variant"),
            "terms": "loss",
            "n_train": "n_train",
            "n_test": "n_test",
            "n_seeds": "n_seeds",
            "train_mean": "train_acc_mean",
            "train_sd": "train_acc_std",
            "test_mean": "test_acc_mean",
            "test_sd": "test_acc_std",
            "test_min": "test_acc_min",
            "test_max": "test_acc_max",
            "test": "test_accs",
            "selection": "cv_best_mean_acc",
            "selection_sd": "cv_best_std_acc",
            "cost_s": "cv_best_mean_fit_s",
            "trials": "n_grid_points",
            "failed": "n_grid_failed",
            "settings": "best_hyperparams",
        },
    ),
}
