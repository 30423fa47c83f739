"""An index goes into another, such as from this process's folder to a server, with its vectors."""

from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby

import numpy as np

from ingest.index import Index, IndexMismatch, Point

OnProgress = Callable[[int, int], None]
"""Called with the number of chunks copied so far, and of all."""


class IncompleteCopy(IndexMismatch):
    """The target holds another number of chunks than the source."""


def copy_index(
    source: Index, target: Index, *, on_progress: OnProgress = lambda _, __: None
) -> int:
    """Write every chunk of the source, with its vector, into the target; the number of chunks.

    Nothing is embedded again. Can be repeated after an interruption. Nothing may be written into the
    source meanwhile. Raises `IndexMismatch` where the two were built differently, `IncompleteCopy`
    where their counts differ afterwards: the target then held chunks that the source has not.
    """
    target.manifest.check(**asdict(source.manifest))
    total, copied = source.count(), 0
    for document_id in sorted({point.document.id for point in source.points()}):
        of_document = sorted(source.points(document_id), key=_version_and_position)
        for _, points in groupby(of_document, key=lambda point: point.document.version):
            copied += _write(target, list(points))
            on_progress(copied, total)
    if target.count() != copied:
        raise IncompleteCopy(
            f"The target holds {target.count()} passages after {copied} were copied into it. Copy into "
            "a new, empty index."
        )
    return copied


def _version_and_position(point: Point) -> tuple[str, int]:
    return point.document.version, point.position


def _write(target: Index, points: list[Point]) -> int:
    vectors = np.stack([point.vector for point in points])
    target.write(points[0].document, [point.chunk for point in points], vectors)
    return len(points)
