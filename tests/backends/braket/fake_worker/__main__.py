"""A worker without the SDK: it speaks the protocol, runs texts with our own engine, and misbehaves when it is asked."""

import os
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[4]
sys.path[:0] = [str(ROOT), str(ROOT / "qml" / "backends" / "braket" / "worker")]

import frames

from tests.servers.braket import DEVICE, capabilities
from tests.servers.braket_runs import outcomes


def answer(what, asked, arrays):
    if what == "die":
        print(f"Traceback: it broke (api_key={asked['planted']})", file=sys.stderr, flush=True)
        os._exit(3)
    if what == "garble":
        os.write(1, b"this is no message at all, but a print of somebody")
        return {}, {}
    if what == "fail":
        return None, dict(asked)
    if what == "exact":
        return {}, {"shares": np.stack([shares(text, asked["names"], arrays["values"]) for text in asked["texts"]])}
    if what == "sampled":
        return {}, drawn(asked, arrays["values"], asked["shots"], int(arrays["seed"]))
    if what == "device":
        return {"deviceArn": DEVICE, "deviceStatus": "ONLINE", "properties": capabilities()}, {}
    if what == "submit":
        return {"task": "arn:task", "seen": asked}, {}
    if what == "result":
        return {"facts": {"id": "arn:task"}, "shots": 8}, drawn(asked["as"], np.zeros((2, 0)), 2, 1)
    return {"what": what, "pid": os.getpid(), "with": asked}, {name: 2 * array for name, array in arrays.items()}


def shares(text, names, values):
    """Probabilities, padded to three qubits."""
    from qml.backends.reference import ReferenceExecutor
    from qml.circuits.bridges.braket import from_braket_qasm
    from qml.circuits.program import Program

    read = from_braket_qasm(text, names)
    found = ReferenceExecutor().forward(
        Program(read.n_qubits, read.gates, read.readout, read.n_inputs), values, np.zeros(0)
    )
    return np.pad(found.values_BK, ((0, 0), (0, 8 - found.values_BK.shape[1])))


def drawn(asked, values, shots, seed):
    found = {}
    for place, text in enumerate(asked["texts"]):
        inputs = {name: values[:, column].tolist() for column, name in enumerate(asked["names"])}
        bits, measured = outcomes({"source": text, "inputs": inputs}, shots, seed + place)
        found |= {f"bits{place}": np.array(bits, np.uint8), f"qubits{place}": np.array(measured)}
    return found


while (question := frames.read(sys.stdin.buffer)) is not None:
    message, sent = question
    reply, found = answer(message["do"], message["with"], sent)
    ok = {"error": found} if reply is None else {"ok": reply}
    frames.write(sys.stdout.buffer, ok, {} if reply is None else found)
