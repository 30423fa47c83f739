"""How deep a heading's number is."""

import pytest

from ingest.formats.numbering import numbering_depth


@pytest.mark.parametrize(
    ("heading", "depth"),
    [
        ("Part 2 - Price promise", 0),
        ("Appendix A Forms", 1),
        ("3 Scope", 1),
        ("3. Scope", 1),
        ("3.1 Where", 2),
        ("A.1. Delegations", 2),
        ("A day out", None),
        ("2024 in review", None),
    ],
)
def test_numbering_depth(heading: str, depth: int | None) -> None:
    assert numbering_depth(heading) == depth
