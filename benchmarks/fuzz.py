"""Whether the parser and the chunker hold up against damaged files of every format.

python -m benchmarks.fuzz [--inputs N] [--seconds S] [--processes P] [--first N] [--name NAME]
python -m benchmarks.fuzz --show N > FILE

Input N is made from the number N alone: a small real file, with one to eight changes (bytes flipped,
cut, doubled, spliced from another file, or words of the format put in), mostly inside the members of an
archive. Each is parsed and divided, and what must hold of every document is checked.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from random import Random
from typing import Any

from benchmarks.measure import markdown_table, write_result
from tests.fuzz.invariants import check
from tests.fuzz.mutation import mutated
from tests.fuzz.seeds import seeds

HANGS_FROM_S = 5.0
"""Processor time of one input that counts as a hang."""

GIVEN_UP_AFTER_S = 120.0
STARTED_WITHIN_S = 600.0
MEMORY_BYTES = 3 * 2**30
LOOKED_AT_EVERY_S = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--name", default="fuzz", help="of the file in benchmarks/results")
    parser.add_argument("--show", type=int, metavar="N", help="write input N to standard output")
    arguments = parser.parse_args()
    if arguments.show is not None:
        sys.stdout.buffer.write(next(_inputs(arguments.show, 1))[2])
        return
    numbers = range(arguments.first, arguments.first + arguments.inputs)
    result = measure(numbers, arguments.seconds, arguments.processes)
    rows = [(key.replace("_", " "), value) for key, value in result.items() if key != "outcomes"]
    print(markdown_table(("what", "value"), rows))
    print(f"\nWritten to {write_result(arguments.name, result)}.")


def measure(numbers: range, seconds: float, processes: int) -> dict[str, Any]:
    """Every input of `numbers`, as far as the time allows; each process takes every n-th."""
    start = time.monotonic()
    runs = [_Run(numbers[place::processes]) for place in range(processes)]
    while time.monotonic() - start < seconds and any(run.is_going() for run in runs):
        for run in runs:
            run.look()
        wait([run.connection for run in runs if run.is_going()], LOOKED_AT_EVERY_S)
    for run in runs:
        run.process.kill()
    outcomes = sum((run.outcomes for run in runs), Counter[str]())
    slowest = max((run.slowest for run in runs), default=(0.0, -1, ""))
    findings = [finding for run in runs for finding in run.findings]
    return {
        "inputs": outcomes.total(),
        "seconds": round(time.monotonic() - start, 1),
        "processes": processes,
        "documents": sum(n for name, n in outcomes.items() if name.endswith(" document")),
        "findings": findings,
        "slowest_cpu_s": round(slowest[0], 2),
        "slowest": f"{slowest[1]} ({slowest[2]})",
        "outcomes": dict(sorted(outcomes.items())),
    }


class _Run:
    """A process that goes through its numbers, and is replaced when it dies or hangs."""

    def __init__(self, numbers: range) -> None:
        self.outcomes: Counter[str] = Counter()
        self.findings: list[str] = []
        self.slowest = (0.0, -1, "")
        self._left = numbers
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=_work, args=(self._left, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self._killed_at = time.monotonic() + STARTED_WITHIN_S

    def is_going(self) -> bool:
        return len(self._left) > 0

    def look(self) -> None:
        """Take in what it has done; after a death or a hang go on behind that input."""
        try:
            while self.connection.poll():
                self._take(*self.connection.recv())
        except EOFError:
            if self.is_going():
                self._replace(f"ended the process with {self._exit_code()}")
            return
        if self.is_going() and time.monotonic() > self._killed_at:
            self._replace("hangs")

    def _take(self, number: int, suffix: str, outcome: str, cpu_s: float, trace: str) -> None:
        self._killed_at = time.monotonic() + GIVEN_UP_AFTER_S
        self._left = self._left[1:]
        self.outcomes[f"{suffix} {outcome}"] += 1
        self.slowest = max(self.slowest, (cpu_s, number, suffix))
        if trace:
            self.findings.append(f"{number} ({suffix}): {trace}")
        elif cpu_s > HANGS_FROM_S:
            self.findings.append(f"{number} ({suffix}): takes {cpu_s:.1f} s")

    def _replace(self, what: str) -> None:
        self.process.kill()
        number, suffix, _ = next(_inputs(self._left[0], 1))
        self._take(number, suffix, "death", 0.0, what)
        self._start()

    def _exit_code(self) -> int | None:
        self.process.join(10)
        return self.process.exitcode


def _inputs(first: int, count: int, step: int = 1) -> Iterator[tuple[int, str, bytes]]:
    """Number, ending and content of each input."""
    files = seeds()
    every = [content for contents in files.values() for content in contents]
    for number in range(first, first + count * step, step):
        random = Random(number)  # noqa: S311
        suffix = random.choice(sorted(files))
        chosen = random.choice(files[suffix])
        yield number, suffix, mutated(chosen, suffix, random, random.choice(every))


def _work(numbers: range, connection: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    warnings.simplefilter("ignore")
    for suffix, contents in seeds().items():
        # Imports what the format needs, so that no input's time has it.
        check(contents[0], f"document{suffix}")
    for number, suffix, content in _inputs(numbers.start, len(numbers), numbers.step):
        start = time.process_time()
        trace = ""
        try:
            outcome = check(content, f"document{suffix}")
        # Whatever escapes is what is looked for.
        except Exception as error:  # noqa: BLE001
            outcome = "finding"
            place = traceback.extract_tb(error.__traceback__)[-1]
            trace = f"{type(error).__name__} in {place.name}: {str(error)[:300]}"
        connection.send((number, suffix, outcome, time.process_time() - start, trace))


if __name__ == "__main__":
    main()
