"""Pincite and LlamaIndex index the same files with the same encoder, turn by turn.

python -m benchmarks.against_llamaindex PATH… [--rounds N]
"""

import argparse
import re
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from statistics import median
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

LLAMAINDEX = (sys.executable, "-P", str(Path(__file__).with_name("llamaindex_pipeline.py")))
PIPELINES: dict[str, tuple[str, ...]] = {
    "Pincite": (*PINCITE, "--index", "{index}", "ingest", "--json", "{files}"),
    "LlamaIndex, 256 tokens, its overlap (200)": (
        *LLAMAINDEX,
        *("{files}", "{index}", "--chunk-size", "256"),
    ),
    "LlamaIndex, 256 tokens of the encoder, no overlap": (
        *LLAMAINDEX,
        *("{files}", "{index}", "--chunk-size", "256", "--chunk-overlap", "0"),
        "--encoder-tokens",
    ),
    "LlamaIndex, its defaults (1024, overlap 200)": (*LLAMAINDEX, "{files}", "{index}"),
}
"""The first is what the others are compared with. Chunks of 1024 tokens are embedded by their first
256 only, which is all that the encoder reads."""

SUFFIXES = (".md", ".markdown", ".html", ".htm", ".txt")
"""What both read without further packages. LlamaIndex takes HTML as text, tags included."""

_HTML_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->|<[^>]+>", re.DOTALL | re.IGNORECASE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="folders or files")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each pipeline")
    parser.add_argument("--suffix", action="append", choices=SUFFIXES, help="only these files")
    parser.add_argument("--name", default="against_llamaindex", help="of the file in results/")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    try:
        distribution("llama-index-embeddings-huggingface")
    except PackageNotFoundError as error:
        raise SystemExit(
            "LlamaIndex's encoder is missing: pip install 'pincite[bundled,bench]'."
        ) from error
    suffixes = tuple(arguments.suffix or SUFFIXES)
    result = compare(existing(arguments.paths), arguments.rounds, suffixes)
    print(report(result))
    print(f"\nWritten to {write_result(arguments.name, result)}.")


def compare(paths: list[Path], rounds: int, suffixes: tuple[str, ...]) -> dict[str, Any]:
    """Copy the files into one folder, and run every pipeline on it once each round."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _copy(paths, folder / "files", suffixes)
        words = sum(map(_count_words, files))
        runs: dict[str, list[dict[str, float]]] = {pipeline: [] for pipeline in PIPELINES}
        for number in range(rounds):
            for pipeline in PIPELINES:
                run = _run(pipeline, folder, words)
                runs[pipeline].append(run)
                print(f"round {number + 1}, {pipeline}: {run['wall_s']:.1f} s", file=sys.stderr)
    medians = {pipeline: _medians(found) for pipeline, found in runs.items()}
    return {
        "paths": [path.name for path in paths],
        "files": len(files),
        "words": words,
        "rounds": rounds,
        "medians": medians,
        "runs": runs,
    }


def _copy(paths: list[Path], target: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Copies of the readable files; both pipelines get the same list."""
    copies = []
    for number, path in enumerate(paths):
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in found:
            inside = file.relative_to(path) if path.is_dir() else Path(path.name)
            hidden = any(part.startswith(".") for part in inside.parts)
            if not file.is_file() or file.suffix.lower() not in suffixes or hidden:
                continue
            copy = target / str(number) / inside
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            copies.append(copy)
    if not copies:
        raise SystemExit(f"There is no file with the ending {', '.join(suffixes)}.")
    return copies


def _count_words(file: Path) -> int:
    text = file.read_text("utf-8", errors="replace")
    return len((_HTML_TAGS.sub(" ", text) if "htm" in file.suffix.lower() else text).split())


def _run(pipeline: str, folder: Path, words: int) -> dict[str, float]:
    index = folder / "index"
    shutil.rmtree(index, ignore_errors=True)
    command = [part.format(files="files", index="index") for part in PIPELINES[pipeline]]
    # 1: Pincite refused a file without text.
    run = run_process(command, folder=folder, allowed_exit_codes=(0, 1))
    return {
        "wall_s": run.wall_s,
        "cpu_s": run.cpu_s,
        "words_per_s": words / run.wall_s,
        "peak_memory_mb": run.peak_memory_mb,
        "chunks": _chunks(run),
    }


def _chunks(run: ProcessRun) -> int:
    chunks = json_output(run)["chunks"]
    if not isinstance(chunks, int) or not chunks:
        raise SystemExit(f"Nothing was indexed:\n{run.errors[-2000:]}")
    return chunks


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: median(run[key] for run in runs) for key in runs[0]}


def report(result: dict[str, Any]) -> str:
    """Medians, and how many times Pincite's speed and memory the others have."""
    medians = result["medians"]
    base = medians[next(iter(PIPELINES))]
    rows = [
        (
            name,
            round(found["words_per_s"]),
            found["words_per_s"] / base["words_per_s"],
            found["wall_s"],
            found["cpu_s"],
            round(found["peak_memory_mb"]),
            found["peak_memory_mb"] / base["peak_memory_mb"],
            int(found["chunks"]),
        )
        for name, found in medians.items()
    ]
    header = ("pipeline", "words/s", "ratio", "wall s", "CPU s", "peak MB", "ratio", "chunks")
    return (
        f"{result['files']:,} files, {result['words']:,} words, medians of {result['rounds']}.\n\n"
        + markdown_table(header, rows)
    )


if __name__ == "__main__":
    main()
