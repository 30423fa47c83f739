"""What one changed document costs, how far parsing hides behind encoding, and what more passages cost.

python -m benchmarks.scale change|overlap|size [PATH…]
"""

import argparse
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks.measure import existing, markdown_table, write_result
from ingest.admin import Admin
from ingest.assemble import worker_for
from ingest.catalog.jobs import Job
from ingest.embed import Encoder, Encoders
from ingest.index import EVERYONE, Scope
from ingest.settings import IndexSettings
from ingest.store import Store, open_store
from ingest.worker import Worker
from service.settings import Settings

CHANGES = 7
ROUNDS = 3
DOCUMENTS = (250, 1_000)
SIZES = (1_000, 10_000, 100_000)
QUERIES = 200
CHUNKS_PER_DOCUMENT = 20
WORDS_PER_CHUNK = 24
"""Few, so that a hundred thousand are encoded in a quarter of an hour."""
SENTENCE_WORDS = 12
MIN_WORDS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=("change", "overlap", "size"))
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="Markdown for overlap")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="passages, for size")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.what == "change":
            rows = [measure_change(folder / str(count), count) for count in DOCUMENTS]
        elif arguments.what == "overlap":
            pages = markdown_pages(existing(arguments.paths))
            rows = [measure_overlap(folder / str(number), pages) for number in range(ROUNDS)]
        else:
            rows = [measure_size(folder / str(size), size) for size in arguments.sizes]
    result = {arguments.what: rows}
    print(markdown_table(list(rows[0]), [list(row.values()) for row in rows]))
    print(f"\nWritten to {write_result(f'scale_{arguments.what}', result)}.")


def measure_change(folder: Path, documents: int) -> dict[str, Any]:
    """A full ingest of so many documents, then one of them rewritten, again and again, in a running
    worker: named as the watcher names it, found by reading the folder, and under another title, for
    which all documents are looked at for what replaces what."""
    policies = folder / "policies"
    chance = random.Random(documents)  # noqa: S311
    write_policies(policies, documents, chunks_each=3, chance=chance)
    with running(folder) as works:
        start = time.perf_counter()
        works.ingest(policies)
        whole_s = time.perf_counter() - start
        named: list[float] = []
        found: list[float] = []
        retitled: list[float] = []
        for number in range(CHANGES):
            for times, only, title in (
                (named, True, ""),
                (found, False, ""),
                (retitled, True, "New "),
            ):
                page = policies / f"policy-{chance.randrange(documents):05}.md"
                heading = page.read_text("utf-8").split("\n", 1)[0].removeprefix("# ")
                page.write_text(policy(chance, 3, title + heading), "utf-8")
                start = time.perf_counter()
                job = works.sync([str(page)] if only else ())
                times.append(time.perf_counter() - start)
                if job.done != 1:
                    raise SystemExit(f"Change {number} led to {job.done} documents, not one.")
    return {
        "documents": documents,
        "full_ingest_s": whole_s,
        "named_s": median(named),
        "named_share": median(named) / whole_s,
        "found_s": median(found),
        "found_share": median(found) / whole_s,
        "retitled_s": median(retitled),
        "retitled_share": median(retitled) / whole_s,
    }


def measure_overlap(folder: Path, pages: list[Path]) -> dict[str, Any]:
    """Ingesting Markdown pages, against encoding the same chunks with nothing else going on."""
    policies = folder / "policies"
    policies.mkdir(parents=True)
    for number, page in enumerate(pages):
        shutil.copyfile(page, policies / f"{number:04}-{page.name}")
    with running(folder) as works:
        start = time.perf_counter()
        job = works.ingest(policies)
        ingest_s = time.perf_counter() - start
        texts = works.embedded_texts()
        start = time.perf_counter()
        works.encoder.encode(texts)
        encode_s = time.perf_counter() - start
    return {
        "documents": job.done,
        "chunks": job.chunks,
        "ingest_s": ingest_s,
        "encode_alone_s": encode_s,
        "ratio": ingest_s / encode_s,
    }


def measure_size(folder: Path, chunks: int) -> dict[str, Any]:
    """Synthetic policies of so many chunks: the rate of their ingest, the memory, and how long a hybrid
    search takes afterwards."""
    policies = folder / "policies"
    chance = random.Random(chunks)  # noqa: S311
    write_policies(policies, chunks // CHUNKS_PER_DOCUMENT, CHUNKS_PER_DOCUMENT, chance)
    with running(folder) as works:
        start = time.perf_counter()
        job = works.ingest(policies)
        ingest_s = time.perf_counter() - start
        times = works.search_times(chance)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        parser_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
        size_mb = works.admin.index().size_bytes / 1e6
    return {
        "chunks": job.chunks,
        "ingest_s": ingest_s,
        "chunks_per_s": job.chunks / ingest_s,
        "peak_memory_mb": peak_mb,
        "parser_peak_memory_mb": parser_mb,
        "disk_mb": size_mb,
        "search_p50_ms": 1000 * median(each.search_s for each in times),
        "search_p95_ms": 1000 * quantiles([each.search_s for each in times], n=20)[-1],
        "retrieval_p50_ms": 1000 * median(each.encode_s + each.search_s for each in times),
    }


@dataclass(frozen=True, slots=True)
class SearchTime:
    """Seconds of a question's encoding, and of its dense and sparse search together."""

    encode_s: float
    search_s: float


@dataclass(frozen=True, slots=True)
class Works:
    """A store with a worker that has everything loaded."""

    store: Store
    admin: Admin
    worker: Worker
    encoder: Encoder

    def ingest(self, folder: Path) -> Job:
        return self._done(self.admin.add_folders([folder], asked_by="benchmark"))

    def sync(self, only: Sequence[str]) -> Job:
        return self._done(self.admin.sync(asked_by="benchmark", only=only))

    def embedded_texts(self) -> list[str]:
        with self.store.generations.serving() as generation:
            return [point.chunk.embedded_text for point in generation.index.points()]

    def search_times(self, chance: random.Random) -> list["SearchTime"]:
        scope = Scope(frozenset({EVERYONE}), date(2026, 1, 1))
        times = []
        with self.store.generations.serving() as generation:
            for _ in range(QUERIES):
                question = sentence(chance)
                start = time.perf_counter()
                vector = self.encoder.encode([question])[0]
                encoded = time.perf_counter()
                generation.index.search(vector, question, top_k=50, scope=scope)
                times.append(SearchTime(encoded - start, time.perf_counter() - encoded))
        return times

    def _done(self, job_id: str) -> Job:
        job = self.worker.work_off(job_id)
        if job.failed or job.error or job.notes:
            raise SystemExit(f"The job failed: {job.error} {job.failed} {job.notes}")
        return job


@contextmanager
def running(folder: Path) -> Iterator[Works]:
    """A new store in the folder, with a worker whose encoder and parser have been used once."""
    settings = Settings(index=IndexSettings(path=folder / "pincite"))
    store = open_store(settings.index, create=True)
    encoders = Encoders()
    try:
        with worker_for(store, encoders, settings) as worker:
            works = Works(
                store,
                Admin(store, encoders, settings.ingest),
                worker,
                encoders.get(settings.encoder.model),
            )
            first = folder / "warm-up.md"
            first.write_text("# Warm-up\n\nThe first document makes everything load.\n")
            job = works.ingest(first)
            works.admin.remove_source(job.target["sources"][0], asked_by="benchmark")
            yield works
    finally:
        store.close()


def markdown_pages(paths: Sequence[Path]) -> list[Path]:
    """The Markdown files at and below the paths that hold text."""
    found = [file for path in paths for file in sorted(path.rglob("*.md"))]
    return [file for file in found if len(file.read_text("utf-8").split()) > MIN_WORDS]


def write_policies(folder: Path, documents: int, chunks_each: int, chance: random.Random) -> None:
    folder.mkdir(parents=True)
    for number in range(documents):
        (folder / f"policy-{number:05}.md").write_text(policy(chance, chunks_each), "utf-8")


def policy(chance: random.Random, sections: int, title: str | None = None) -> str:
    """A Markdown page of that many sections, each as long as one chunk."""
    pages = [f"# {title or sentence(chance)[:40]}"]
    for number in range(sections):
        body = " ".join(sentence(chance) for _ in range(WORDS_PER_CHUNK // SENTENCE_WORDS))
        pages.append(f"## {number + 1} {sentence(chance)[:30]}\n\n{body}")
    return "\n\n".join(pages) + "\n"


def sentence(chance: random.Random) -> str:
    """Words as rare as words are (Zipf), so that BM25's lists have the lengths of real ones."""
    words = chance.choices(VOCABULARY, cum_weights=ZIPF, k=SENTENCE_WORDS)
    return " ".join(words).capitalize() + "."


def _vocabulary() -> list[str]:
    chance = random.Random(1)  # noqa: S311
    starts, middles, ends = "bdfglmnprst", "aeiou", ("n", "r", "l", "st", "ment", "tion", "ing")
    words = {
        "".join(
            chance.choice(starts) + chance.choice(middles) for _ in range(chance.randrange(1, 4))
        )
        + chance.choice(ends)
        for _ in range(12_000)
    }
    return sorted(words)


VOCABULARY = _vocabulary()
ZIPF = list(accumulate(1 / (rank + 10) for rank in range(len(VOCABULARY))))

if __name__ == "__main__":
    main()
