"""The folder of a run: what was asked, and every answer as soon as it is there."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from eval.dataset import Sample, read_samples, write_samples
from eval.record import Record, RunInfo, Scores, Stored, Timing, Timings
from ingest.errors import PinciteError, WrongUse

RUN, SUITE = "run.json", "suite.jsonl"
RECORDS, TIMINGS_BY_SAMPLE = "records.jsonl", "timings.jsonl"
SCORES, TIMINGS, JUDGED = "scores.json", "timings.json", "judged.jsonl"
COMPARISON, CALIBRATION = "comparison.json", "calibration.json"
_RESULTS = (RUN, SUITE, RECORDS, TIMINGS_BY_SAMPLE, SCORES, TIMINGS, COMPARISON, CALIBRATION)
_FREE = frozenset({"versions.commit", "versions.pincite"})
"""What may differ between the two halves of a run: Pincite itself."""

StoredT = TypeVar("StoredT", bound=Stored)


class NoRun(WrongUse):
    """The folder holds no run, or not as much of it as is needed."""


class OtherRun(WrongUse):
    """The folder holds a run in which something else was asked."""


class RunUnreadable(PinciteError):
    """A file of the run is damaged; the message says which and where."""


class RunFolder:
    """Reads and writes the files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, info: RunInfo, samples: Sequence[Sample], *, fresh: bool = False) -> None:
        """Make the folder ready to record answers; those of the same run stay, unless `fresh`.

        Raises `OtherRun`, naming what differs, where the folder holds another run.
        """
        if fresh:
            for name in _RESULTS:
                (self.path / name).unlink(missing_ok=True)
        if (self.path / RUN).exists():
            differing = list(_differing(self.info(), info))
            if differing:
                raise OtherRun(
                    f"{self.path} holds a run that differs in {'; '.join(differing)}. "
                    "Replace it with --fresh, or name another folder with --out."
                )
        self.path.mkdir(parents=True, exist_ok=True)
        write_samples(self.path / SUITE, samples)
        self.write(RUN, info)

    def info(self) -> RunInfo:
        return self._read(RUN, RunInfo, "'pincite eval run'")

    def scores(self) -> Scores:
        return self._read(SCORES, Scores, f"'pincite eval score {self.path}'")

    def timings(self) -> Timings:
        return self._read(TIMINGS, Timings, f"'pincite eval score {self.path}'")

    def samples(self) -> list[Sample]:
        if not (self.path / SUITE).exists():
            raise NoRun(f"{self.path} holds no run: there is no {SUITE} in it.")
        return read_samples(self.path / SUITE)

    def records(self) -> list[Record]:
        """What was recorded so far, in the order of the file; none where nothing was."""
        return list(read_lines(self.path / RECORDS, Record))

    def timings_by_sample(self) -> list[Timing]:
        return list(read_lines(self.path / TIMINGS_BY_SAMPLE, Timing))

    def append(self, record: Record, timing: Timing | None) -> None:
        """Record an answer so that it outlives this process and the machine's power."""
        # The timing first: a record without one would have none for ever.
        if timing is not None:
            append_line(self.path / TIMINGS_BY_SAMPLE, timing)
        append_line(self.path / RECORDS, record)

    def replace(self, records: Iterable[Record], timings: Iterable[Timing]) -> None:
        """Write all that was recorded anew."""
        self._write(RECORDS, "".join(f"{record.model_dump_json()}\n" for record in records))
        self._write(
            TIMINGS_BY_SAMPLE, "".join(f"{timing.model_dump_json()}\n" for timing in timings)
        )

    def write(self, name: str, content: BaseModel) -> None:
        self._write(name, content.model_dump_json(indent=2) + "\n")

    def _read(self, name: str, kind: type[StoredT], made_by: str) -> StoredT:
        try:
            return kind.model_validate_json((self.path / name).read_bytes())
        except FileNotFoundError as error:
            raise NoRun(f"There is no {name} in {self.path}. Make it with {made_by}.") from error
        except (OSError, ValidationError) as error:
            raise RunUnreadable(f"{self.path / name} cannot be read: {error}") from error

    def _write(self, name: str, text: str) -> None:
        """Replace a file at once, so that a reader finds it as it was or as it will be."""
        scratch = self.path / f"{name}.new"
        with scratch.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(self.path / name)


def append_line(path: Path, content: Stored, *, lasting: bool = True) -> None:
    """Add a line to a file; `lasting` where it has to outlive also the machine's power."""
    with path.open("ab") as file:
        file.write(content.model_dump_json().encode("utf-8") + b"\n")
        file.flush()
        if lasting:
            os.fsync(file.fileno())


def read_lines(path: Path, kind: type[StoredT]) -> Iterator[StoredT]:
    """The lines of a file; the last one is passed over where the process was killed while writing it.

    Raises `RunUnreadable` where another line is damaged.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    written = [number for number, line in enumerate(lines) if line.strip(b"\0 ")]
    for number in written:
        try:
            yield kind.model_validate_json(lines[number])
        except ValidationError as error:
            if number == written[-1]:
                return
            raise RunUnreadable(
                f"{path}:{number + 1} is damaged. Ask again with --fresh."
            ) from error


def _differing(old: RunInfo, new: RunInfo) -> Iterator[str]:
    before, after = (_flat(info.model_dump(mode="json")) for info in (old, new))
    for key in sorted(before.keys() | after.keys()):
        if key not in _FREE and before.get(key) != after.get(key):
            yield f"{key} ({_shown(before.get(key))}, now {_shown(after.get(key))})"


def _shown(value: object) -> str:
    text = "none" if value is None else str(value)
    return f"{text[:12]}…" if len(text) > 40 else text


def _flat(tree: Mapping[str, object], above: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in tree.items():
        key = f"{above}{name}"
        flat |= _flat(value, f"{key}.") if isinstance(value, Mapping) else {key: value}
    return flat
