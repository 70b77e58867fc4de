"""Angles of the turns of a Plan from its row and shared values, and slopes back to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qml.engine.plan import Turn


class Reader:
    """Reads the half angles of all turns from row and shared values, and takes slopes back to them.

    Args:
        turns: of a plan, in its order.
        n_rows: row columns.
        n_shared: shared values.
    """

    def __init__(self, turns: Sequence[Turn], n_rows: int, n_shared: int):
        self.n_rows, self.n_shared = n_rows, n_shared
        self._coefficients = np.array([turn.coefficient for turn in turns], float)
        self._constants = np.array([turn.constant for turn in turns], float)
        self._where, self._column = {}, {}
        for kind in ("row", "shared"):
            chosen = [(place, turn.column) for place, turn in enumerate(turns) if turn.kind == kind]
            self._where[kind], self._column[kind] = np.array(chosen, np.int64).reshape(-1, 2).T.copy()

    def half_angles(self, rows_BM: np.ndarray, shared_S: np.ndarray) -> np.ndarray:
        """Half the angle of every turn in every row, `(B, turns)` float64."""
        values = np.zeros((len(rows_BM), len(self._constants)))
        values[:, self._where["row"]] = rows_BM[:, self._column["row"]]
        values[:, self._where["shared"]] = shared_S[self._column["shared"]]
        return 0.5 * (self._coefficients * values + self._constants)

    def pull_back(self, slopes_BT: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradients of row and shared values, float64; sums have the order of the turns, then of the rows."""
        scaled = slopes_BT * self._coefficients
        rows, shared = np.zeros((len(scaled), self.n_rows)), np.zeros(self.n_shared)
        np.add.at(rows.T, self._column["row"], scaled[:, self._where["row"]].T)
        np.add.at(shared, self._column["shared"], scaled[:, self._where["shared"]].sum(axis=0))
        return rows, shared
