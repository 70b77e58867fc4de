"""The libraries that are measured, one small file each; `python -m benchmarks.peers` installs them.

A peer's file holds `PEER`, a row of facts, and `build(size, given, device) -> Step`, which alone imports the library.
To add one: write such a file, name it in NAMES and, if it is not installed with the project, write the requirements
file that its `environment` names.
"""

from __future__ import annotations

import importlib

from benchmarks.peers.peer import Peer

NAMES = (
    "qml-torch",
    "qml-jax",
    "qml-engine",
    "hand-jax",
    "hand-torch",
    "pennylane-jax",
    "tensorcircuit-jax",
    "pennylane-torch",
    "tensorcircuit-torch",
    "torchquantum",
    "deepquantum",
    "pyqtorch",
    "lightning-adjoint",
    "lightning-vjp",
    "lightning-sum",
    "qiboml",
    "qiskit-ml",
    "qulacs",
    "tensorflow-quantum",
    "floor-torch",
    "floor-jax",
)


def peer_named(name: str) -> Peer:
    """The facts of a peer.

    Raises:
        ValueError: no peer of that name.
    """
    if name not in NAMES:
        raise ValueError(f"Peer {name!r} is not known. Known: {', '.join(NAMES)}.")
    return importlib.import_module(f"benchmarks.peers.{name.replace('-', '_')}").PEER
