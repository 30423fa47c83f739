"""Clause numbers that a passage sends its reader to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.references import is_headed, references


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Refunds are made as defined in 2.1 and 3.4.", ("2.1",)),
        ("See section 4 for exceptions; see also §7.2.", ("4", "7.2")),
        ("As described in Section 4.3(b), within 30 days.", ("4.3(b)",)),
        ("Leave is granted subject to clause 5 and to clause 5.", ("5",)),
        ("as set out in\nAppendix A.1", ("A.1",)),
        ("See 4 people about it.", ()),
        ("You pay 2.5 percent.", ()),
        ("Section 4 is about Gold.", ()),
        ("", ()),
    ],
)
def test_the_references_of_a_text(text: str, numbers: tuple[str, ...]) -> None:
    assert references(text) == numbers


@pytest.mark.parametrize(
    ("heading", "number", "bears"),
    [
        ("4.3 Gold tier", "4.3", True),
        ("Section 4.3: Gold", "4.3", True),
        ("§7 Leave", "7", True),
        ("4.3. Gold tier", "4.3", True),
        ("Appendix A.1", "a.1", True),
        ("4.3.1 Exceptions", "4.3", False),
        ("14.3 Tents", "4.3", False),
        ("Gold 4.3", "4.3", False),
        ("", "4", False),
    ],
)
def test_a_heading_bears_its_number(heading: str, number: str, bears: bool) -> None:
    assert is_headed(heading, number) is bears


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert len(set(references(text))) == len(references(text))
