"""Derivatives of values by the angles of a Program, as they are measured: what a forward run may keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Slopes:
    """Estimated derivatives of each value by `V` angles, with their variances.

        variance of a derivative = sum_t factor_t^2 variance_t,    (Var+ + Var-) / 4 for two terms

    Derivatives of two values of one row come from the same shots, so that a sum over values has no variance that
    follows from these alone.

    Args:
        slopes_BVK: of value `k` of row `b` by angle `leader_V[v]`; where only some angles of a row were drawn, these
            are scaled up and the others are zero, so that the mean over draws is the derivative.
        variance_BVK: of each, by the shots; None where values are exact. The draw of angles is not in it.
        leader_V: which of the `S` angles.
        n_slots: `S`.
        inputs: whether angles that depend on inputs alone are among them.
    """

    slopes_BVK: np.ndarray
    variance_BVK: np.ndarray | None
    leader_V: np.ndarray
    n_slots: int
    inputs: bool = True

    def by_slot(self, cotangent_BK: np.ndarray) -> np.ndarray:
        """Gradient `(B, S)` of `sum(values * cotangent_BK)` by the angles."""
        found = np.zeros((len(self.slopes_BVK), self.n_slots))
        found[:, self.leader_V] = np.einsum("bvk,bk->bv", self.slopes_BVK, cotangent_BK)
        return found
