"""Kills a worker again and again, and checks that its index comes out as if nothing had been.

python -m benchmarks.faults PATH… [--kills 50] [--seed 1] [--name faults]

A copy of the documents is indexed, changed, rebuilt, rolled back, deleted from in turn, by a worker in a
process of its own. SIGKILL reaches it at random moments, half of them by the clock, half at a random
step of its work (benchmarks/killed_worker.py). After each kill a copy of the index is opened and
inspected; after each round the index is compared with one that was made undisturbed.
"""

import argparse
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.inspection import Found, Inspector, differences
from benchmarks.killed_worker import Life, Order, encoders, live, random_stop
from benchmarks.measure import existing, markdown_table, write_result

_WRITING = (
    "note leftovers, encode, change points, change points, write, write, commit, commit, commit, "
    "clear leftovers"
).split(", ")
STEPS = {
    "ingest": [*"plan,parse,divide,describe,close job,add generation".split(","), *_WRITING],
    "change": [*"plan,parse,divide,describe,close job,delete".split(","), *_WRITING],
    "rebuild": [*"plan,add generation,build,optimize,switch,close job".split(","), *_WRITING],
    "return": "plan,optimize,switch,close job".split(","),
    "delete": "delete,clear leftovers,change points,close job".split(","),
    "drop": "drop,delete files,forget generation,plan,close job".split(","),
}
"""What may be interrupted in each kind of round; the short moments around a commit more often."""

SHARES = {"ingest": 15, "change": 10, "rebuild": 9, "return": 4, "delete": 7, "drop": 5}
"""Kills in each kind of round, of 50."""

TARGET_TOKENS = 160
REBUILT_TARGET_TOKENS = 80
ROUNDS_AT_ONCE = {"delete": 2, "change": 2}
"""A worker may be done before it was killed as often as it should be."""
READING = ("ingest", "change", "rebuild")
PARSER_ENDS_WITHIN_S = 5.0
_SUFFIXES = (".md", ".txt", ".html", ".docx", ".pdf")


@dataclass(frozen=True, slots=True)
class Kill:
    """`at` is the step where the worker stood or, with `by_clock`, how long it had lived."""

    round: str
    at: str
    by_clock: bool
    indexed: int
    stale_points: int
    parser_outlived_s: float
    faults: tuple[str, ...]


@dataclass(slots=True)
class Run:
    """The folders of one run, and what it has found so far. `rebuilt` says that the serving generation
    is one of `REBUILT_TARGET_TOKENS`; `life_s` is how long a round takes that nothing interrupts."""

    paths: tuple[Path, ...]
    work: Path
    chance: random.Random
    inspector: Inspector
    show: Callable[[str], None]
    kills: list[Kill] = field(default_factory=list)
    rounds: Counter[str] = field(default_factory=Counter)
    round_faults: list[str] = field(default_factory=list)
    life_s: dict[str, float] = field(default_factory=dict)
    rebuilt: bool = False
    undisturbed: dict[tuple[object, ...], Path] = field(default_factory=dict)
    """Indexes to compare with, by what they were made of."""
    orders: int = 0

    @property
    def folder(self) -> Path:
        return self.work / "documents"

    @property
    def index(self) -> Path:
        return self.work / "index"

    @property
    def faults(self) -> list[str]:
        return [fault for kill in self.kills for fault in kill.faults] + self.round_faults

    def order(self, kind: str) -> Order:
        self.orders += 1
        return Order(f"{kind} {self.orders}", self.folder, self.index, self.work / "vectors.npz")

    def names(self) -> list[str]:
        files = (file for file in self.folder.rglob("*") if file.suffix in _SUFFIXES)
        return sorted(str(file.relative_to(self.folder)) for file in files)


def run(
    paths: Sequence[Path],
    work: Path,
    *,
    kills: int,
    seed: int,
    show: Callable[[str], None] = lambda line: None,
) -> Run:
    """Kill the worker so many times, in all kinds of rounds; what was found."""
    work.mkdir(exist_ok=True)
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
    made = Run(tuple(paths), work, chance, Inspector(encoders(work / "vectors.npz")), show)
    _copy_documents(made)
    # It works out the vectors, which the measured lives only remember.
    live(replace(made.order("first"), index=work / "first"))
    began = time.monotonic()
    _undisturbed(made)
    made.life_s["ingest"] = time.monotonic() - began
    while len(made.kills) < kills:
        for kind, share in SHARES.items():
            quota = max(1, round(kills * share / sum(SHARES.values())))
            wanted = min(kills, len(made.kills) + quota)
            for _ in range(ROUNDS_AT_ONCE.get(kind, 1)):
                if len(made.kills) < wanted:
                    play_round(made, kind, wanted - len(made.kills))
    return made


def play_round(made: Run, kind: str, quota: int) -> None:
    """Give the worker something to do, and kill it up to `quota` times until it has done it."""
    order = _prepare(made, kind)
    made.inspector.learn(made.folder)
    before = Found()
    if kind != "ingest":
        before = made.inspector.inspect(made.index, at_rest=True)
    life = _one_life(made, kind, order, kill=quota > 0)
    while not life.finished:
        found = _inspect_copy(made)
        kill = _kill(made, kind, life, order, before, found)
        made.kills.append(kill)
        made.show(
            f"{len(made.kills):3} {kind:8} {kill.at:26} {kill.indexed:3} indexed "
            f"{'; '.join(kill.faults)}"
        )
        before = found
        quota -= 1
        life = _one_life(made, kind, order, kill=quota > 0)
    made.life_s.setdefault(kind, life.lived_s)
    made.rounds[kind] += 1
    made.round_faults += [f"after {kind}: {fault}" for fault in _settled_faults(made, order)]


def _one_life(made: Run, kind: str, order: Order, *, kill: bool) -> Life:
    if not kill:
        return live(order)
    # What takes a moment is hardly ever met by the clock.
    if made.chance.random() < (0.5 if kind in READING else 0.2):
        longest_s = made.life_s.get(kind, made.life_s["ingest"])
        return live(order, kill_after_s=made.chance.uniform(0, longest_s))
    return live(order, stop=random_stop(made.chance, STEPS[kind], most=5))


def _inspect_copy(made: Run) -> Found:
    """What the index holds. It is a copy that is opened: what a crash left is for the next worker."""
    if not made.index.exists():
        return Found()
    copy = made.work / "copy"
    # `cp` leaves holes in files as they are, and these files are nearly all holes.
    subprocess.run(["cp", "-a", str(made.index), str(copy)], check=True)
    try:
        return made.inspector.inspect(copy, at_rest=False)
    finally:
        shutil.rmtree(copy)


def _kill(made: Run, kind: str, life: Life, order: Order, before: Found, found: Found) -> Kill:
    faults = list(found.faults)
    staying = set(made.names()) - set(order.delete)
    lost = (before.indexed - found.indexed) & staying
    faults += [f"{name} is indexed no more" for name in sorted(lost)]
    returned = (found.indexed - before.indexed) & set(order.delete)
    faults += [f"{name} was deleted and came back" for name in sorted(returned)]
    if life.parser_outlived_s > PARSER_ENDS_WITHIN_S:
        faults.append("the parser's process outlived its worker")
    return Kill(
        kind,
        life.stopped_at or f"{life.lived_s:.2f} s",
        life.stopped_at is None,
        len(found.indexed),
        found.stale_points,
        round(life.parser_outlived_s, 3),
        tuple(faults),
    )


def _settled_faults(made: Run, order: Order) -> list[str]:
    """What is wrong with the index now that its work is done."""
    settled = made.inspector.inspect(made.index, at_rest=True)
    faults = list(settled.faults)
    for name in order.delete:
        # It lay there all the time, and was kept out.
        (made.folder / name).unlink()
    if settled.indexed != set(made.names()):
        faults.append(f"other documents are indexed: {sorted(settled.indexed ^ {*made.names()})}")
    return faults + differences(made.index, _undisturbed(made))


def _undisturbed(made: Run) -> Path:
    """An index of the same documents, made without an interruption."""
    texts = [(name, (made.folder / name).read_bytes()) for name in made.names()]
    made_of = (made.rebuilt, *texts)
    if made_of not in made.undisturbed:
        index = made.work / f"undisturbed-{len(made.undisturbed)}"
        plain = Order("first", made.folder, index, made.work / "vectors.npz")
        live(plain)
        if made.rebuilt:
            live(replace(plain, name="second", target_tokens=REBUILT_TARGET_TOKENS))
        made.undisturbed[made_of] = index
    return made.undisturbed[made_of]


# ---- What there is to do in each kind of round ------------------------------------------------------


def _prepare(made: Run, kind: str) -> Order:
    order = made.order(kind)
    if kind == "ingest":
        shutil.rmtree(made.index, ignore_errors=True)
        _copy_documents(made)
        made.rebuilt = False
    elif kind == "change":
        _change_files(made)
    elif kind == "rebuild":
        made.rebuilt = True
        return replace(order, target_tokens=REBUILT_TARGET_TOKENS)
    elif kind == "return":
        made.rebuilt = False
        return replace(order, use=True)
    elif kind == "delete":
        names = made.names()
        return replace(order, delete=tuple(made.chance.sample(names, max(2, len(names) // 5))))
    return replace(order, drop=kind == "drop")


def _copy_documents(made: Run) -> None:
    shutil.rmtree(made.folder, ignore_errors=True)
    made.folder.mkdir()
    for path in made.paths:
        place = made.folder / path.name
        shutil.copytree(path, place) if path.is_dir() else shutil.copy(path, place)


def _change_files(made: Run) -> None:
    """Rewrite some texts, move one, take one away and put a copy of another beside it."""
    texts = [made.folder / name for name in made.names() if name.endswith((".md", ".txt"))]
    made.chance.shuffle(texts)
    moved, copied, gone, *rest = texts
    for file in rest[: max(1, len(rest) // 2)]:
        body = file.read_text("utf-8")
        file.write_text(f"{body}\n\nRevised for the {made.orders}th time.\n", "utf-8")
    moved.rename(moved.with_name(f"moved-{made.orders}-{moved.name}"))
    shutil.copy(copied, copied.with_name(f"copy-{made.orders}-{copied.name}"))
    gone.unlink()


# ---- The report -------------------------------------------------------------------------------------


def report(made: Run) -> str:
    """Kills by round and by step, and every fault."""
    rows: list[tuple[str, int, int, int, int]] = []
    for kind in SHARES:
        kills = [kill for kill in made.kills if kill.round == kind]
        by_clock = sum(kill.by_clock for kill in kills)
        faults = sum(len(kill.faults) for kill in kills)
        faults += sum(fault.startswith(f"after {kind}:") for fault in made.round_faults)
        rows.append((kind, made.rounds[kind], by_clock, len(kills) - by_clock, faults))
    total = ("all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True)))
    table = markdown_table(("round", "rounds", "by clock", "at a step", "faults"), [*rows, total])
    stale = sum(kill.stale_points > 0 for kill in made.kills)
    outlived_s = max((kill.parser_outlived_s for kill in made.kills), default=0.0)
    lines = [
        f"{stale} kills left points that did not count. The parser's process was gone after at most "
        f"{outlived_s:.2f} s."
    ]
    return "\n".join([table, "", *lines, *(f"- {fault}" for fault in made.faults)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="folders or files")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="faults", help="of the file in benchmarks/results")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        made = run(
            existing(arguments.paths),
            Path(work),
            kills=arguments.kills,
            seed=arguments.seed,
            show=print,
        )
    result: dict[str, Any] = {
        "paths": [path.name for path in arguments.paths],
        "seed": arguments.seed,
        "wall_s": time.monotonic() - began,
        "rounds": dict(made.rounds),
        "undisturbed_life_s": made.life_s,
        "faults": made.faults,
        "kills": [asdict(kill) for kill in made.kills],
    }
    print(f"\n{report(made)}\n\nWritten to {write_result(arguments.name, result)}.")
    if made.faults:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
