"""The source tree as data, for the tests that hold the house together."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("qml", "experiments", "benchmarks")


@cache
def sources(*packages: str) -> dict[str, ast.Module]:
    """Every module of the given packages by dotted name."""
    found = {}
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def imports(name: str, tree: ast.Module, *, lazy: bool = True) -> set[str]:
    """Dotted names that a module imports; `lazy=False` leaves out imports inside functions."""
    found = set()
    for node in ast.walk(tree) if lazy else _outer(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import; write the whole name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _outer(node: ast.AST):
    """Nodes outside function bodies and outside `if TYPE_CHECKING` blocks."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _outer(child)


def module_of(target: str, known: dict[str, ast.Module]) -> str | None:
    """The module of this project that an imported dotted name lies in, or None."""
    while target and target not in known:
        target = target.rpartition(".")[0]
    return target or None
