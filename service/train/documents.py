"""A folder of documents as passages, for training data made of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.chunk import Chunk, chunk_document
from ingest.embed import Encoder
from ingest.formats.errors import ParseError
from ingest.parse import SUFFIXES, parse
from ingest.settings import ChunkingSettings


def read_passages(
    folder: Path,
    encoder: Encoder,
    settings: ChunkingSettings,
    *,
    passed_over: Callable[[str], None] = lambda line: None,
) -> Iterator[tuple[str, list[Chunk]]]:
    """Name and passages of every document in the folder and below, in the order of their names. What
    cannot be read is told and passed over."""
    largest = min(settings.max_tokens, encoder.max_tokens)
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        name = path.relative_to(folder).as_posix()
        try:
            document = parse(path.read_bytes(), name=path.name)
        except (OSError, ParseError) as error:
            passed_over(f"{name}: {error}")
            continue
        chunks = chunk_document(
            document,
            count_tokens=encoder.count_tokens,
            target_tokens=settings.target_tokens,
            max_tokens=largest,
        )
        yield name, list(chunks)
