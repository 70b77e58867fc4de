"""Every module that a document starts has a help text, and those of the entries teach."""

import json
import re
import subprocess
import sys

from qml.data.quality import CHECKS
from tests.shown.test_documents import DOCUMENTS, ROOT

TAUGHT = {
    **{f"experiments.{entry}": ["Examples", "digits"] for entry in ("benchmark", "train", "report", "hardware")},
    "experiments.audit": ["Examples", "preset=bowles"],
    "experiments.inspect": [*CHECKS],
}


def started_modules():
    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    return set(re.findall(r"python -m ([\w.]+)", text)) - {"pip", "pytest", "build"}


def test_modules_that_are_shown_explain_themselves():
    modules = sorted(started_modules() | set(TAUGHT))
    command = [sys.executable, "-m", "tests.shown.helps", *modules]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    found = json.loads(done.stdout)
    assert {module: errors for module, (status, _, errors) in found.items() if status} == {}
    assert [module for module, (_, text, _) in found.items() if len(text) <= 200] == []
    assert [(module, word) for module, words in TAUGHT.items() for word in words if word not in found[module][1]] == []
