"""Places in documents, and when two of them are the same place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Character offsets [start, end) into the text of a document."""

    document_id: str
    start: int
    end: int

    def covers(self, gold: "Span") -> bool:
        """Whether at least half of `gold` lies inside."""
        if self.document_id != gold.document_id:
            return False
        shared = min(self.end, gold.end) - max(self.start, gold.start)
        return 2 * shared >= gold.end - gold.start

    def touches(self, gold: "Span") -> bool:
        """Whether they share a character."""
        return self.document_id == gold.document_id and (
            max(self.start, gold.start) < min(self.end, gold.end)
        )
