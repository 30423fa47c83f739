"""How fast documents are indexed, and what a second run of the same folder costs.

python -m benchmarks.ingest PATH… [--name NAME]
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import (
    PINCITE,
    ProcessRun,
    existing,
    json_output,
    markdown_table,
    run_process,
    write_result,
)

SOME_FAILED = 1
"""Exit code of `pincite ingest` where it could not read every document."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="folders or files")
    parser.add_argument("--name", default="ingest", help="of the file in benchmarks/results")
    arguments = parser.parse_args()
    result = measure(existing(arguments.paths))
    print(report(result))
    print(f"\nWritten to {write_result(arguments.name, result)}.")


def measure(paths: list[Path]) -> dict[str, Any]:
    """Ingest into a new index, then once more with nothing changed; each a whole process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first, report = _ingest(paths, folder)
        second, again = _ingest(paths, folder)
        status = json_output(
            run_process([*PINCITE, "--index", "index", "status", "--json"], folder=folder)
        )
    if again["added"] or again["changed"]:
        raise SystemExit("The second run found changed documents: the folder changed meanwhile.")
    return {
        "paths": [path.name for path in paths],
        "documents": len(report["added"]),
        "failed": report["failed"],
        "words": status["words"],
        "chunks": report["chunks"],
        "index_mb": status["size_mb"],
        "wall_s": first.wall_s,
        "cpu_s": first.cpu_s,
        "words_per_s": status["words"] / first.wall_s,
        "chunks_per_s": report["chunks"] / first.wall_s,
        "peak_memory_mb": first.peak_memory_mb,
        "second_run_wall_s": second.wall_s,
        "second_run_share": second.wall_s / first.wall_s,
        "second_run_peak_memory_mb": second.peak_memory_mb,
    }


def _ingest(paths: list[Path], folder: Path) -> tuple[ProcessRun, dict[str, Any]]:
    command = [*PINCITE, "--index", "index", "ingest", "--json", *map(str, paths)]
    run = run_process(command, folder=folder, allowed_exit_codes=(0, SOME_FAILED))
    return run, json_output(run)


def report(result: dict[str, Any]) -> str:
    """The result as a Markdown table, and a line for each document that could not be read."""
    rows = [(key.replace("_", " "), value) for key, value in result.items() if key not in _LISTS]
    rows.append(("failed", len(result["failed"])))
    failed = [f"- {name} {reason}" for name, reason in result["failed"].items()]
    return "\n".join([markdown_table(("what", "value"), rows), "", *failed]).rstrip()


_LISTS = ("paths", "failed")

if __name__ == "__main__":
    main()
