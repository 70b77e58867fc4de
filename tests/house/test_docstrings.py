"""Public things say what they are, arrays carry their shapes, and examples run."""

import ast
import doctest
import importlib
import re

import pytest

from tests.house.tree import sources

SHAPE = re.compile(r"`?\(\s*(\.\.\.|\*?[A-Z]\w*|2 ?\*\*|n_|1)[^)]*\)|_[A-Z]{1,3}`|scalar|shape", re.ASCII)


def public(tree: ast.Module):
    """Public classes, functions and methods of a module with their docstrings; overloads of a protocol count."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node.name, node, ast.get_docstring(node)
            if isinstance(node, ast.ClassDef):
                inherits = bool(node.bases)
                for item in node.body:
                    if isinstance(item, ast.FunctionDef) and not item.name.startswith("_"):
                        doc = ast.get_docstring(item)
                        if doc or not inherits:  # an override speaks through its base
                            yield f"{node.name}.{item.name}", item, doc


def takes_array(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef):
        return False
    arguments = [*node.args.args, *node.args.kwonlyargs]
    hints = [ast.unparse(a.annotation) for a in arguments if a.annotation is not None]
    return any(re.search(r"ndarray|Tensor|jax\.Array", hint) for hint in hints)


def faults(name: str, tree: ast.Module) -> list[str]:
    found = [] if ast.get_docstring(tree) else [f"{name}: says nothing about why it exists"]
    for label, node, doc in public(tree):
        if not doc:
            found.append(f"{name}.{label}: no docstring")
        elif takes_array(node) and not SHAPE.search(doc) and not re.search(r"_[A-Z]{1,3}\b", ast.unparse(node.args)):
            found.append(f"{name}.{label}: takes an array and gives no shape")
    return found


def test_public_names_are_explained():
    wrong = [fault for name, tree in sources("qml", "experiments").items() for fault in faults(name, tree)]
    assert not wrong, "\n".join(wrong)


def test_the_finder_finds():
    text = '"""Why."""\nimport numpy as np\ndef f(a: np.ndarray):\n    """Do it."""\ndef g():\n    pass\n'
    assert len(faults("m", ast.parse(text))) == 2


WITH_EXAMPLES = sorted(name for name, tree in sources("qml").items() if ">>>" in ast.unparse(tree))


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_run(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples fail"
    assert result.attempted > 0
