"""Imports go down only, there are no circles, and heavy packages stand at their addresses."""

import fnmatch

from tests.house.tree import imports, module_of, sources

MAY_IMPORT = {  # room -> rooms below it
    "base": set(),
    "circuits": {"base"},
    "engine": {"base", "circuits"},
    "backends": {"base", "circuits", "engine"},
    "layers": {"base", "circuits", "engine", "backends"},
    "models": {"base", "circuits", "backends", "layers", "study"},  # kernels are Gram matrices of states
    "data": {"base"},
    "learn": {"base", "data"},
    "study": {"base", "circuits", "backends", "layers"},
    "export": {"base", "circuits", "layers", "study"},
    "bench": {"base", "data", "learn"},
    "contracts": {"base", "circuits", "engine", "backends", "layers", "models", "data", "learn", "bench"},
    "schema": set(),
    "config": {"base", "schema"},
    "estimators": {"base", "circuits", "backends", "data", "learn", "layers", "models", "bench", "schema"},
}

# package -> {address: reason}; an address is a pattern of dotted module names below `qml`
HEAVY = {
    "torch": {
        "qml.engine.traced": "second order goes through array operations of the framework",
        "qml.layers.torch*": "the torch layer",
        "qml.contracts.*": "checks of torch layers",
        "qml.models.*": "models are torch modules",
        "qml.learn.torch_*": "the torch step",
        "qml.learn.tensorboard_log": "its SummaryWriter writes the event files",
        "qml.export.*": "export starts from torch modules",
        "qml.data.stream.workers": "its DataLoader keeps the worker processes",
    },
    "jax": {
        "qml.engine.array_ops": "the operations that jax spells differently",
        "qml.engine.traced": "second order goes through array operations of the framework",
        "qml.layers.jax*": "the JAX pair",
        "qml.layers.flax": "the flax.nnx shell",
        "qml.layers.equinox": "the equinox shell",
        "qml.contracts.*": "checks of JAX pairs",
        "qml.models.*": "models are JAX pairs",
        "qml.learn.jax_*": "the JAX step",
    },
    "flax": {"qml.layers.flax": "the flax.nnx shell"},
    "equinox": {"qml.layers.equinox": "the equinox shell"},
    "optax": {"qml.learn.jax_*": "optimisers of the JAX step"},
    "lightning_fabric": {"qml.learn.torch_*": "devices, precision and DDP"},
    "pennylane": {
        "qml.circuits.bridges.pennylane*": "the bridge",
        "qml.backends.pennylane_device*": "the device plug-in",
        "qml.backends.lightning": "the Executor of its Lightning simulators",
    },
    "qiskit": {
        "qml.circuits.bridges.qiskit*": "the bridge",
        "qml.backends.qiskit_*": "primitives of Qiskit on an Executor; its transpiler",
        "qml.backends.aer*": "Qiskit's simulator as a Backend",
        "qml.backends.ibm.*": "circuits of IBM's machines, and IBM's client",
        "qml.backends.noise.qiskit_*": "calibrations of its backends, and noise in Aer's terms",
    },
    "qiskit_aer": {"qml.backends.aer*": "the simulator", "qml.backends.noise.qiskit_*": "noise in its terms"},
    "qiskit_ibm_runtime": {"qml.backends.ibm.client": "IBM's client, at one address"},
    "braket": {"qml.backends.braket.worker.*": "its SDK, in an environment and a process of its own"},
    "boto3": {"qml.backends.braket.worker.*": "AWS's client, beside the SDK"},
    "botocore": {"qml.backends.braket.worker.*": "errors of AWS's client"},
    "requests": {"qml.backends.ibm.sending": "how IBM's client sends its requests"},
    "qiskit_machine_learning": {"qml.backends.qiskit_gradient": "the gradient of its EstimatorQNN"},
    "optuna": {"qml.bench.tpe": "the estimator behind protocol.sampler=tpe"},
    "hydra": {"qml.config*": "composition of configurations", "experiments.*": "entry points"},
    "omegaconf": {"qml.config*": "composition of configurations", "experiments.*": "entry points"},
    "sklearn": {
        "qml.data.*": "embedded sets and splits",
        "qml.learn.*": "metrics and whole fits",
        "qml.models.*": "classical champions",
        "qml.bench.*": "statistics of scores",
        "qml.estimators.*": "the estimator interface",
    },
    "pyarrow": {
        "qml.data.*": "Parquet",
        "qml.bench.store*": "records of cells",
        "qml.backends.jobs.export": "rows of a job store as Parquet",
    },
    "pandas": {"qml.data.*": "tables"},
    "PIL": {"qml.data.*": "images"},
    "pyspark": {"qml.data.etl.*": "preparing what one machine does not hold"},
    "fsspec": {"qml.data.stream.*": "files on other machines"},
    "datasets": {"qml.data.fetch.*": "sets of the Hugging Face hub"},
    "faiss": {"qml.data.bank.*": "nearest neighbours among features"},
    "cleanlab": {"qml.data.quality.*": "labels that are likely wrong"},
    "numba": {
        "qml.engine.*": "compiled kernels",
        "qml.backends.noisy.driver.*": "kernels of mixed states",
    },
    "llvmlite": {"qml.engine.*": "the vector type"},
}


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def test_imports_go_down_only():
    known = sources("qml")
    wrong = []
    for name, tree in known.items():
        if name == "qml":
            continue
        for target in imports(name, tree):
            found = module_of(target, known)
            if found is None or found == "qml" or room(found) == room(name):
                continue
            if room(found) not in MAY_IMPORT[room(name)]:
                wrong.append(f"{name} imports {found}: {room(name)} may import {sorted(MAY_IMPORT[room(name)])}")
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_nothing_below_imports_what_stands_outside():
    wrong = [
        f"{name} imports {target}"
        for name, tree in sources("qml").items()
        for target in imports(name, tree)
        if target.split(".")[0] in ("experiments", "benchmarks", "tests", "notebooks")
    ]
    assert not wrong, "\n".join(wrong)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected components with more than one member (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for follower in graph[node]:
            if follower not in index:
                visit(follower)
                low[node] = min(low[node], low[follower])
            elif follower in stack:
                low[node] = min(low[node], index[follower])
        if low[node] == index[node]:
            part = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(part) > 1:
                found.append(sorted(part))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def test_the_circle_finder_finds_circles():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []


def test_no_import_circles():
    known = sources("qml")
    graph = {
        name: {
            found
            for target in imports(name, tree, lazy=False)
            if (found := module_of(target, known)) is not None and found not in (name, "qml")
        }
        for name, tree in known.items()
    }
    assert circles(graph) == []


def test_heavy_packages_stand_at_their_addresses():
    wrong = []
    for name, tree in sources().items():
        if name.startswith("benchmarks"):
            continue
        for target in imports(name, tree):
            addresses = HEAVY.get(target.split(".")[0])
            if addresses is not None and not any(fnmatch.fnmatch(name, pattern) for pattern in addresses):
                wrong.append(f"{name} imports {target}; its addresses: {sorted(addresses)}")
    assert not wrong, "\n".join(wrong)
