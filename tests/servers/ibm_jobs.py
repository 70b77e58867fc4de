"""Jobs of the stand-in for IBM's service: kept in files, and run by Aer with the noise of a snapshot."""

import datetime
import json
import os
import queue
import threading
import time
import uuid
from pathlib import Path

import numpy as np

ENDED = ("Completed", "Failed", "Cancelled")
SHOT_S = 250e-6  # billed for an execution
JOB_S = 2.0  # billed for a job that ran


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")


class Jobs:
    """All jobs, one file each; read again when the server is started again."""

    def __init__(self, folder: Path, queue_s: float, noisy: bool = True):
        self.folder, self.queue_s, self.noisy = folder / "jobs", queue_s, noisy
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.ready = threading.Event()  # the heavy packages are there
        self.due: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.all = {}
        for path in sorted(self.folder.glob("*.json")):
            job = json.loads(path.read_text())
            self.all[job["id"]] = job
            if job["status"] not in ENDED:
                self._begin(job["id"])

    def add(self, body: dict, size: int) -> dict:
        with self.lock:
            job = {
                "id": f"d{uuid.uuid4().hex[:19]}",
                "number": len(self.all),
                "program_id": body["program_id"],
                "backend": body["backend"],
                "params": body["params"],
                "tags": body.get("tags", []),
                "session_id": body.get("session_id"),
                "cost": body.get("cost"),
                "status": "Queued",
                "created": now(),
                "at": time.time(),
                "running": None,
                "finished": None,
                "reason": "",
                "usage": 0.0,
                "executions": 0,
                "circuits": 0,
                "bytes": size,
                "result": None,
            }
            self.all[job["id"]] = job
            self.save(job)
        self._begin(job["id"])
        return job

    def save(self, job: dict) -> None:
        path = self.folder / f"{job['id']}.json"
        part = path.with_suffix(".part")
        part.write_text(json.dumps(job))
        os.replace(part, path)

    def change(self, name: str, **values) -> None:
        with self.lock:
            self.all[name].update(values)
            self.save(self.all[name])

    def forget(self) -> None:
        """All jobs are cancelled and gone."""
        with self.lock:
            for name in list(self.all):
                self.cancel(name)
                (self.folder / f"{name}.json").unlink()
            self.all.clear()

    def cancel(self, name: str, reason: str = "") -> bool:
        with self.lock:
            if self.all[name]["status"] in ENDED:
                return False
            self.change(name, status="Cancelled", finished=now(), reason=reason)
            return True

    def _begin(self, name: str) -> None:
        threading.Thread(target=self._wait, args=(name,), daemon=True).start()

    def _wait(self, name: str) -> None:
        job, began = self.all[name], time.monotonic()
        while time.monotonic() - began < self.queue_s and job["status"] not in ENDED:
            time.sleep(0.02)
        self.due.put(name)

    def work(self) -> None:
        """Run jobs, one after the other, for ever; in the main thread, where Qiskit's compiled parts are at home."""
        from ibm_quantum_schemas.executor.version_2_0 import models  # noqa: F401
        from qiskit_ibm_runtime.fake_provider.executor import run_quantum_program  # noqa: F401

        self.ready.set()
        while True:
            self._run(self.due.get())

    def _run(self, name: str) -> None:
        with self.lock:
            job = self.all.get(name)
            if job is None or job["status"] in ENDED:
                return
            self.change(name, status="Running", running=now())
        try:
            result, circuits, shots = run(job, self.noisy)
        except Exception as error:  # noqa: BLE001  whatever it was, its owner is told
            self.change(name, status="Failed", finished=now(), reason=f"{type(error).__name__}: {error}"[:500])
            return
        with self.lock:
            if job["status"] not in ENDED and name in self.all:
                executions = circuits * shots
                spent = {"usage": JOB_S + SHOT_S * executions, "executions": executions, "circuits": circuits}
                self.change(name, status="Completed", finished=now(), result=result, **spent)


def checked(params: dict):
    """The work of a job, by IBM's own definition of what a client may send."""
    from ibm_quantum_schemas.executor.version_2_0.models import ParamsModel

    return ParamsModel.model_validate(params)


def run(job: dict, noisy: bool) -> tuple[str, int, int]:
    """The answer of a job as the service would word it, how many circuits it bound, and the shots of each."""
    from ibm_quantum_schemas.common import CompressedTensorModel
    from ibm_quantum_schemas.executor.version_2_0 import models
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime import fake_provider
    from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import run_quantum_program
    from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions
    from qiskit_ibm_runtime.quantum_program import QuantumProgram
    from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import (
        passthrough_data_to_2_0,
        quantum_program_from_2_0,
    )

    params = checked(job["params"])
    program, _ = quantum_program_from_2_0(params)
    for item in program.items:
        if type(item).__name__ == "SamplexItem":
            item.samplex.finalize()
    device = getattr(fake_provider, f"Fake{job['backend'].partition('_')[2].title()}V2")() if noisy else AerSimulator()
    results = [  # each item by itself: items of one local run begin with the same random numbers
        result
        for place, item in enumerate(program.items)
        for result in run_quantum_program(
            device,
            QuantumProgram(program.shots, [item]),
            SimulatorOptions(seed_simulator=1 + job["number"] + 7919 * place),
        )
    ]
    at = datetime.datetime.now(datetime.UTC)
    data, parts = [], []
    for place, (item, result) in enumerate(zip(program.items, results, strict=True)):
        tensors = {key: CompressedTensorModel.from_numpy(np.asarray(value)) for key, value in result.items()}
        data.append(models.QuantumProgramResultItemModel(results=tensors, metadata=models.ItemMetadataModel()))
        size = int(np.prod(item.shape, dtype=int))
        order = list(range(len(item.shape)))
        parts.append(models.ChunkPart(idx_item=place, size=size, permutation=order, element_range=(0, size, 1)))
    answer = models.QuantumProgramResultModel(
        data=data,
        metadata=models.MetadataModel(chunk_timing=[models.ChunkSpan(start=at, stop=at, parts=parts)]),
        passthrough_data=passthrough_data_to_2_0(program.passthrough_data),
        semantic_role=params.quantum_program.semantic_role,
    )
    return answer.model_dump_json(), sum(part.size for part in parts), program.shots
