"""Whole processes, measured from outside, and where results are kept."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO

RESULTS = Path(__file__).parent / "results"
PINCITE = (sys.executable, "-m", "pincite")
_RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024
_PACKAGES = (
    "pincite",
    "torch",
    "transformers",
    "sentence-transformers",
    "qdrant-edge-py",
    "llama-index-core",
    "llama-index-embeddings-huggingface",
)


@dataclass(frozen=True, slots=True)
class ProcessRun:
    """A finished process. `wall_s` runs from before its start to after its end, imports included;
    `cpu_s` is the time of all its threads, `peak_memory_mb` its largest resident set."""

    wall_s: float
    cpu_s: float
    peak_memory_mb: float
    output: str
    errors: str


def run_process(
    command: Sequence[str], *, folder: Path, allowed_exit_codes: tuple[int, ...] = (0,)
) -> ProcessRun:
    """Run a command in `folder`, offline and without PINCITE_* settings.

    The caller has to be small: Linux counts the memory of a process before its exec as its own.
    Raises SystemExit with the end of stderr on another exit code.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=clean_environment(), stdout=stdout, stderr=stderr
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output, errors = (_text(stream) for stream in (stdout, stderr))
    if process.returncode not in allowed_exit_codes:
        raise SystemExit(f"{' '.join(command)} exited with {process.returncode}:\n{errors[-2000:]}")
    return ProcessRun(
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_memory_mb=usage.ru_maxrss * _RSS_UNIT_BYTES / 1e6,
        output=output,
        errors=errors,
    )


def json_output(run: ProcessRun) -> Any:
    """What the process printed. Raises SystemExit with its errors where that is no JSON."""
    try:
        return json.loads(run.output)
    except json.JSONDecodeError as error:
        raise SystemExit(f"The process printed no JSON:\n{run.errors[-2000:]}") from error


def clean_environment() -> dict[str, str]:
    """The environment without settings of Pincite, so that the defaults are measured."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PINCITE_")}
    return kept | {"HF_HUB_OFFLINE": "1"}


def existing(paths: Sequence[Path]) -> list[Path]:
    """The paths, absolute. Raises SystemExit naming those where there is nothing."""
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise SystemExit(f"There is no file or folder {', '.join(missing)}.")
    return [path.resolve() for path in paths]


def write_result(name: str, result: dict[str, Any]) -> Path:
    """Write benchmarks/results/`name`.json, with the machine and the versions that were measured."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    whole = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), **_setup(), **result}
    path.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; floats below 100 get three significant digits, larger ones no decimals."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(_cell(value) for value in line)} |" for line in lines)


def _text(stream: BinaryIO) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _setup() -> dict[str, Any]:
    cpu = _cpu()
    return {
        "machine": {
            "cpu": cpu.get("model name", platform.processor()),
            "cores": os.cpu_count(),
            # Where the CPU has it, Pincite encodes in bfloat16 (ingest/embed.py).
            "amx_bf16": "amx_bf16" in cpu.get("flags", "").split(),
            "python": platform.python_version(),
        },
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
    }


def _cpu() -> dict[str, str]:
    """The first core's fields of /proc/cpuinfo; empty on a system without it."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first = path.read_text().split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): text.strip() for name, _, text in pairs}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
