"""Which ranking metric fits the balance of the classes, and what is said of accuracy where it does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BALANCED = 2 / 3
"""Classes are balanced while the rarest has this part of an equal share; always answering the most common of two
classes is then right for two thirds of the rows at most."""


def is_balanced(shares: Sequence[float] | np.ndarray) -> bool:
    """Whether no class is rare: the rarest has at least two thirds of an equal share.

    Args:
        shares: of each class among the rows, `(C,)`, or counts of rows.

    Example:
        >>> is_balanced([0.63, 0.37]), is_balanced([0.78, 0.22])
        (True, False)
    """
    found = np.asarray(shares, dtype=np.float64)
    return bool(found.min() >= BALANCED * found.sum() / len(found))


def fitting_rank(shares: Sequence[float] | np.ndarray) -> str:
    """The metric by which to rank on classes of these shares, `(C,)`.

    | classes | metric | why |
    |---|---|---|
    | none is rare | accuracy | what people mean, and a constant answer scores low |
    | two, one rare | auc | a constant answer scores 0.5; no threshold is needed |
    | more, some rare | balanced_accuracy | a rare class counts as much as a common one |

    Example:
        >>> fitting_rank([0.5, 0.5]), fitting_rank([0.78, 0.22]), fitting_rank([0.8, 0.1, 0.1])
        ('accuracy', 'auc', 'balanced_accuracy')
    """
    if is_balanced(shares):
        return "accuracy"
    return "auc" if len(shares) == 2 else "balanced_accuracy"
