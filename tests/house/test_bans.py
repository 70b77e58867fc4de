"""What no file of the project may hold."""

import ast

import pytest

from tests.house.tree import ROOT, sources

BAD_MODULES = {"utils", "helpers", "common", "misc", "core", "util", "helper"}
BAD_CALLS = {
    f"{m}.{f}" for m in ("pickle", "cloudpickle", "joblib", "torch", "marshal", "dill") for f in ("load", "loads")
}
CATCHING_ALLOWED = "qml.bench.attempt"  # one contestant, whatever it raises, never ends the comparison of the others
UNPICKLING_ALLOWED = "qml.contracts"  # round-trips bytes that it has just made


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def faults(name: str, tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        where = f"{name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            allowed = ("Exception",) if name == CATCHING_ALLOWED else ()
            if any(c is None or dotted(c) in {"Exception", "BaseException"} - {*allowed} for c in caught):
                found.append(f"{where}: catches everything")
        elif isinstance(node, ast.Call):
            call = dotted(node.func)
            if call in BAD_CALLS and not name.startswith(UNPICKLING_ALLOWED):
                found.append(f"{where}: {call}: nothing is unpickled from disk")
            if call == "hasattr":
                found.append(f"{where}: hasattr; say what the thing is")
            if call.endswith("np.load") and not any(k.arg == "allow_pickle" for k in node.keywords):
                found.append(f"{where}: np.load without allow_pickle=False")
        elif isinstance(node, ast.Assert) and name.startswith("qml"):
            found.append(f"{where}: assert in the product; raise an error that says what to do")
        elif isinstance(node, ast.ImportFrom) and node.module == "functools" and not name.startswith("tests"):
            if any(a.name == "cached_property" for a in node.names):
                found.append(f"{where}: qml.base.lazy.cached_property; this one may stay locked for ever after a fork")
        elif isinstance(node, ast.Import) and any(a.name == "pennylane" and a.asname != "qp" for a in node.names):
            found.append(f"{where}: write `import pennylane as qp`")
        elif isinstance(node, ast.Global):
            found.append(f"{where}: a global switch")
    return found


def test_no_faults():
    wrong = [fault for name, tree in sources().items() for fault in faults(name, tree)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    pass\nexcept Exception:\n    pass",
        "try:\n    pass\nexcept (ValueError, BaseException):\n    pass",
        "try:\n    pass\nexcept:\n    pass",
        "import pickle\npickle.load(f)",
        "import torch\ntorch.load(f)",
        "hasattr(a, 'b')",
        "from functools import cached_property",
        "assert x",
        "import pennylane as qml",
        "np.load('a')",
    ],
)
def test_the_finder_finds(text):
    assert faults("qml.example", ast.parse(text))


def test_module_names():
    wrong = [name for name in sources() if set(name.split(".")) & BAD_MODULES]
    assert not wrong, f"a module is named for its one thing: {wrong}"


def test_no_leftovers():
    wrong = []
    for path in [p for d in ("qml", "experiments", "benchmarks", "conf") for p in (ROOT / d).rglob("*")]:
        if path.suffix in (".py", ".yaml", ".css", ".js"):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if any(word in line for word in ("TODO", "FIXME", "XXX", "HACK")):
                    wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)
