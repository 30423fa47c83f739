"""ingest <- generator <- service <- eval <- pincite.py: an arrow points at what is imported."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("ingest", "generator", "service", "eval", "pincite")
HEAVY = (
    "torch transformers llama_index unstructured spacy sentence_transformers pdfplumber nltk"
).split()


def modules() -> list[Path]:
    files = [file for layer in LAYERS[:-1] for file in sorted((ROOT / layer).rglob("*.py"))]
    return [*files, ROOT / "pincite.py"]


def violations(path: Path, source: str) -> list[str]:
    """The imports of a module that its layer forbids; those inside functions count."""
    own = LAYERS.index(path.with_suffix("").parts[0])
    found = []
    for line, module, is_from in _imports(ast.parse(source)):
        layer = module.split(".")[0]
        if layer not in LAYERS:
            continue
        if LAYERS.index(layer) > own:
            found.append(f"{path}:{line} {LAYERS[own]} must not import {module}")
        if layer == "eval" and (not is_from or module == "eval"):
            found.append(f"{path}:{line} hides the builtin: write 'from eval.x import y'")
    return found


def _imports(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module, True


def test_no_module_imports_from_a_layer_above_its_own() -> None:
    found = [
        violation
        for file in modules()
        for violation in violations(file.relative_to(ROOT), file.read_text("utf-8"))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        (
            "ingest/chunk.py",
            "def f():\n    from service.app import x",
            ["ingest/chunk.py:2 ingest must not import service.app"],
        ),
        ("generator/model.py", "import ingest.embed, json", []),
        (
            "service/app.py",
            "from eval.run import x",
            ["service/app.py:1 service must not import eval.run"],
        ),
        (
            "eval/run.py",
            "import eval.report",
            ["eval/run.py:1 hides the builtin: write 'from eval.x import y'"],
        ),
        (
            "pincite.py",
            "from eval import cli",
            ["pincite.py:1 hides the builtin: write 'from eval.x import y'"],
        ),
        ("pincite.py", "from eval.cli import app\nfrom service.cli import app", []),
    ],
)
def test_the_check_sees_what_it_is_for(path: str, source: str, expected: list[str]) -> None:
    assert violations(Path(path), source) == expected


def test_importing_pincite_loads_nothing_heavy() -> None:
    program = "import json, sys, pincite; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )

    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert "typer" in loaded
    assert loaded.isdisjoint(HEAVY)
