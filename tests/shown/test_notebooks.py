"""Every notebook runs from its first cell to its last, and its stored outputs name no place of one machine."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SLOW = {"02_fair_comparison": pytest.mark.slow}  # a minute of training


@pytest.mark.parametrize(
    "path", [pytest.param(path, marks=SLOW.get(path.stem, ()), id=path.stem) for path in NOTEBOOKS]
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_notebook_runs(path):
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_name_no_machine(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = json.dumps([cell.get("outputs", []) for cell in cells])
    assert not re.search(r'"[^"]*(/home/|/root/|/work/|/tmp/|/Users/)', text)
