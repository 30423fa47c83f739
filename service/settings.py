"""Every setting of Pincite, composed of the packages' sections."""

from pydantic import Field

from ingest.settings import Section


class RetrievalSettings(Section):
    top_k: int = Field(8, ge=1, le=50, description="Passages that go into the prompt")
    candidates: int = Field(50, ge=1, le=1000, description="Passages each search contributes")
    bm25_weight: float = Field(
        0.5, ge=0, le=1, description="Share of BM25 in the fused ranking, the rest is dense"
    )
