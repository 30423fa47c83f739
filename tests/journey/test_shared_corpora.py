"""Real policy documents: 18F, GitHub, Datica, Tailscale and Debian (see ../shared)."""

import os
from pathlib import Path

import pytest

from ingest.chunk import chunk_document
from ingest.embed import SentenceTransformerEncoder
from ingest.formats.errors import ParseError
from ingest.parse import parse
from ingest.source import FolderSource

ROOT = Path(__file__).parents[2]
CORPORA = Path(os.environ.get("PINCITE_SHARED", ROOT.parent / "shared")) / "corpora"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CORPORA.is_dir(), reason=f"no corpora at {CORPORA}: set PINCITE_SHARED to their folder"
    ),
]

WITHOUT_TEXT = {
    "18f_handbook/pages/about-us/org-chart.md",
    "18f_handbook/pages/general-information-and-resources/business-and-ops-policies/billing_policy.md",
    "18f_handbook/pages/general-information-and-resources/tech-policies/open-source.md",
    "18f_handbook/pages/office-of-solutions/org-chart.md",
    "18f_handbook/pages/redirects/buddy-handbook.md",
    "18f_handbook/pages/redirects/employee-assistance-program.md",
    "18f_handbook/pages/tools/vmware-fusion.md",
    "18f_handbook/pages/tools/vmware-horizon.md",
}
"""Pages that hold front matter and template tags only."""


def test_every_document_is_read_and_its_passages_are_where_they_say(
    encoder: SentenceTransformerEncoder,
) -> None:
    refused = {}
    passages = 0
    for file in FolderSource(CORPORA, max_file_mb=25).items().items:
        path = Path(file.path)
        try:
            document = parse(path.read_bytes(), name=path.name)
        except ParseError as error:
            refused[file.name] = str(error)
            continue
        chunks = chunk_document(
            document, count_tokens=encoder.count_tokens, target_tokens=160, max_tokens=256
        )
        for chunk in chunks:
            assert document.text[chunk.start : chunk.end] == chunk.text, file.name
        passages += len(chunks)

    assert refused == dict.fromkeys(WITHOUT_TEXT, "has no text")
    assert passages > 8000
