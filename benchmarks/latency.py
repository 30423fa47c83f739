"""How long an answer takes, and how long the commands take to start.

python -m benchmarks.latency --index FOLDER | PATH… [--questions FILE]
"""

import argparse
import json
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from benchmarks.measure import (
    PINCITE,
    clean_environment,
    existing,
    markdown_table,
    run_process,
    write_result,
)

if TYPE_CHECKING:
    from service.pipeline import Trace

HELP_RUNS = 5
SERVE_RUNS = 3
SERVE_TIMEOUT_S = 180
POLL_S = 0.02
SOME_FAILED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="documents to index")
    parser.add_argument("--index", type=Path, help="an existing index instead")
    parser.add_argument("--questions", type=Path, default=Path("examples/questions.jsonl"))
    parser.add_argument("--name", default="latency", help="of the file in benchmarks/results")
    arguments = parser.parse_args()
    if bool(arguments.paths) == bool(arguments.index):
        parser.error("name either documents to index or --index")
    questions = read_questions(arguments.questions)
    with tempfile.TemporaryDirectory() as name:
        if arguments.index:
            index = existing([arguments.index])[0]
        else:
            index = Path(name) / "index"
            command = [*PINCITE, "--index", str(index), "ingest", "--json"]
            command += map(str, existing(arguments.paths))
            run_process(command, folder=Path(name), allowed_exit_codes=(0, SOME_FAILED))
        # Processes come first: this one is still small then.
        result = measure_starts(index, Path(name)) | measure_answers(index, questions)
    result["questions_file"] = arguments.questions.name
    print(report(result))
    print(f"\nWritten to {write_result(arguments.name, result)}.")


def read_questions(path: Path) -> list[str]:
    """The field `question` of every line. Raises SystemExit naming a line without one."""
    questions = []
    for number, line in enumerate(existing([path])[0].read_text("utf-8").splitlines(), start=1):
        try:
            questions.append(json.loads(line)["question"])
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise SystemExit(f"{path}, line {number}: has no field 'question'.") from error
    if len(questions) < 2:
        raise SystemExit(f"{path}: at least two questions are needed.")
    return questions


def measure_starts(index: Path, folder: Path) -> dict[str, Any]:
    """Seconds of `pincite --help`, and from starting `pincite serve` to its first 200 on /readyz."""
    helps = [run_process([*PINCITE, "--help"], folder=folder).wall_s for _ in range(HELP_RUNS)]
    serves = [_until_ready(index, folder) for _ in range(SERVE_RUNS)]
    return {"help_s": median(helps), "serve_ready_s": median(serves)}


def _until_ready(index: Path, folder: Path) -> float:
    port = _free_port()
    command = [*PINCITE, "--index", str(index), "serve", "--port", str(port)]
    with tempfile.TemporaryFile() as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
        try:
            while not _is_ready(port):
                if process.poll() is not None or time.perf_counter() - start > SERVE_TIMEOUT_S:
                    stderr.seek(0)
                    end = stderr.read().decode(errors="replace")[-2000:]
                    raise SystemExit(f"pincite serve was not ready:\n{end}")
                time.sleep(POLL_S)
            return time.perf_counter() - start
        finally:
            process.terminate()
            process.wait()


def _is_ready(port: int) -> bool:
    url = f"http://127.0.0.1:{port}/readyz"
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def measure_answers(index: Path, questions: list[str]) -> dict[str, Any]:
    """Milliseconds by question, models loaded and warm: of the search, the first time and when the
    question is asked again, of choosing the passages for the prompt with the reranker, of both, and
    until the extractive answer is verified."""
    from service.access import LOCAL_READER
    from service.assemble import assemble
    from service.settings import Settings

    questions = list(dict.fromkeys(questions))
    settings = {
        "index": {"path": index},
        "generator": {"name": "extractive"},
        "retrieval": {"cached_questions": len(questions) + 1},
    }
    service = assemble(Settings.model_validate(settings))
    try:
        service.pipeline.answer("warm-up", (), LOCAL_READER)
        traces = [service.pipeline.answer(question, (), LOCAL_READER) for question in questions]
        again = [service.pipeline.answer(question, (), LOCAL_READER) for question in questions]
        with service.store.generations.serving() as generation:
            passages = generation.index.count()
    finally:
        service.store.close()
    return {
        "passages": passages,
        "questions": len(questions),
        "answered": sum(trace.answer.refusal is None for trace in traces),
        "retrieve_ms": _percentiles([trace.timings["retrieve"] * 1000 for trace in traces]),
        "rerank_ms": _percentiles([trace.timings["rerank"] * 1000 for trace in traces]),
        "retrieval_ms": _percentiles([_retrieval_s(trace) * 1000 for trace in traces]),
        "retrieve_again_ms": _percentiles([trace.timings["retrieve"] * 1000 for trace in again]),
        "answer_ms": _percentiles([trace.timings["total"] * 1000 for trace in traces]),
    }


def _retrieval_s(trace: "Trace") -> float:
    return trace.timings["retrieve"] + trace.timings["rerank"]


def _percentiles(times: list[float]) -> dict[str, float]:
    """The median and the 95th percentile, the latter between the two nearest values."""
    return {"p50": median(times), "p95": quantiles(times, n=20, method="inclusive")[-1]}


def report(result: dict[str, Any]) -> str:
    """The result as a Markdown table."""
    rows = [
        ("search", *_ms(result["retrieve_ms"])),
        ("the same question again", *_ms(result["retrieve_again_ms"], digits=2)),
        ("reranking and choice of passages", *_ms(result["rerank_ms"])),
        ("retrieval, both together", *_ms(result["retrieval_ms"])),
        ("extractive answer", *_ms(result["answer_ms"])),
        ("`pincite --help`", f"{result['help_s']:.2f} s", ""),
        ("`pincite serve` until ready", f"{result['serve_ready_s']:.2f} s", ""),
    ]
    return (
        f"{result['passages']:,} passages, {result['questions']:,} questions, "
        f"{result['answered']:,} answered.\n\n" + markdown_table(("what", "median", "p95"), rows)
    )


def _ms(times: dict[str, float], *, digits: int = 1) -> list[str]:
    return [f"{times[key]:.{digits}f} ms" for key in ("p50", "p95")]


if __name__ == "__main__":
    main()
