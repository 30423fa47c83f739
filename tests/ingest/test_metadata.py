from contextlib import suppress
from datetime import date, datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.metadata import (
    KEYS,
    NOTHING_SAID,
    Metadata,
    MetadataError,
    from_fields,
    merged,
    read_sidecar,
    sidecar_of,
    sidecars_for,
)


def test_front_matter_in_any_spelling_is_read() -> None:
    given_fields = yaml.safe_load(
        """
        Title: Travel
        author: [Ada, Grace]
        version: 2.1
        Effective Date: 2026-03-01
        valid-until: "2027-03-01"
        supersedes: Travel Policy, 2024
        keywords: travel, expenses
        access: [hr, finance]
        """
    )

    assert from_fields(given_fields) == Metadata(
        title="Travel",
        owner="Ada, Grace",
        version="2.1",
        effective_from=date(2026, 3, 1),
        effective_until=date(2027, 3, 1),
        supersedes=("Travel Policy, 2024",),
        tags=("travel", "expenses"),
        groups=("hr", "finance"),
    )


def test_what_front_matter_holds_besides_is_passed_over() -> None:
    front_matter = yaml.safe_load("{versions: {fpt: '*'}, last_updated: 2026-01-12, 7: seven}")

    assert from_fields(front_matter) == NOTHING_SAID


@pytest.mark.parametrize("empty", [None, "", "  ", [], ()])
@pytest.mark.parametrize("field", KEYS)
def test_an_empty_value_says_nothing(field: str, empty: object) -> None:
    assert from_fields({field: empty}, strict=True) == NOTHING_SAID


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (date(2026, 3, 1), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 23, 59), date(2026, 3, 1)),
        ("2026-03-01", date(2026, 3, 1)),
        (" 2026-03-01T08:00:00Z ", date(2026, 3, 1)),
    ],
)
def test_a_day_is_a_date_a_time_or_iso_text(value: object, day: date) -> None:
    assert from_fields({"effective": value}).effective_from == day


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"effective": "TBD"}, "effective_from cannot be 'TBD': a date like 2026-03-01 is allowed"),
        ({"expires": 2026}, "effective_until cannot be '2026': a date like 2026-03-01 is allowed"),
        ({"version": {"a": 1}}, "version cannot be a dict: text is allowed"),
        ({"title": True}, "title cannot be 'True': text is allowed"),
        ({"tags": [["a"]]}, "tags cannot be a list: text is allowed"),
        ({"groups": ["x"] * 201}, "groups has more than 200 entries: give fewer"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named_with_what_is_allowed(
    fields: dict[str, object], message: str
) -> None:
    with pytest.raises(MetadataError) as refused:
        from_fields(fields)

    assert str(refused.value) == message


def test_a_text_beyond_its_length_is_refused_and_shown_short() -> None:
    with pytest.raises(MetadataError) as refused:
        from_fields({"title": "x" * 10_000_000})

    assert (
        str(refused.value) == f"title cannot be '{'x' * 59}…': at most 500 characters are allowed"
    )


@pytest.mark.parametrize("until", ["2026-03-01", "2026-02-28"])
def test_a_document_must_apply_on_one_day_at_least(until: str) -> None:
    with pytest.raises(MetadataError, match="must be after effective_from"):
        from_fields({"effective": "2026-03-01", "expires": until})


def test_control_and_direction_characters_are_removed() -> None:
    assert (
        from_fields({"title": "Leave\x1b[31m\n\u202eycilop\u202c\x00"}).title == "Leave[31m ycilop"
    )


def test_a_form_or_sidecar_may_not_name_unknown_fields() -> None:
    with pytest.raises(MetadataError) as refused:
        from_fields({"titel": "Leave"}, strict=True)

    assert str(refused.value) == (
        "unknown key 'titel': known are title, owner, version, effective_from, effective_until, "
        "supersedes, tags, groups"
    )


def test_a_form_or_sidecar_may_not_give_one_field_in_two_ways() -> None:
    with pytest.raises(MetadataError, match="owner and author mean the same field"):
        from_fields({"author": "Ada", "owner": "Grace"}, strict=True)

    assert from_fields({"author": "Ada", "owner": "Grace"}).owner == "Grace"


def test_a_sidecar_is_toml() -> None:
    content = b'version = "3"\neffective_from = 2026-03-01\nsupersedes = ["travel-2024.pdf"]\n'

    assert read_sidecar(content) == Metadata(
        version="3", effective_from=date(2026, 3, 1), supersedes=("travel-2024.pdf",)
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version = \n", "is not TOML: Invalid value (at line 1, column 11)"),
        (b"\xff", "is not UTF-8 (byte 0): save it as UTF-8"),
        (b"a = " + b"[" * 20_000, "is nested too deep: every field is a line of its own"),
        (
            b"#" * 70_000,
            "is 70,000 bytes long, of which 65,536 are read: a file of metadata has a few lines",
        ),
    ],
)
def test_what_is_no_sidecar_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(MetadataError) as refused:
        read_sidecar(content)

    assert str(refused.value) == message


@given(
    texts=st.lists(st.text(max_size=20), max_size=3),
    owner=st.text(max_size=50),
    day=st.none() | st.dates(),
)
def test_a_sidecar_that_was_written_says_what_it_was_written_for(
    texts: list[str], owner: str, day: date | None
) -> None:
    lists = dict.fromkeys(("tags", "groups", "supersedes"), texts)
    metadata = from_fields({"title": owner, "owner": owner, "effective_until": day, **lists})

    written = sidecar_of(metadata)

    assert (written is None) is (metadata == NOTHING_SAID)
    assert read_sidecar(written or b"") == metadata


def test_a_sidecar_lies_beside_its_document() -> None:
    assert sidecars_for("leave/policy.v2.pdf") == (
        "leave/policy.v2.pdf.meta.toml",
        "leave/policy.v2.meta.toml",
    )


def test_the_later_layer_wins_where_it_says_something() -> None:
    file = Metadata(title="File", version="1", tags=("a",))
    sidecar = Metadata(version="2", owner="Ada")
    form = Metadata(owner="Grace", tags=("b", "c"))

    assert merged(file, sidecar, form) == Metadata(
        title="File", version="2", owner="Grace", tags=("b", "c")
    )


def test_dates_of_a_lower_layer_that_contradict_a_higher_one_are_dropped() -> None:
    file = Metadata(effective_from=date(2020, 1, 1), effective_until=date(2021, 1, 1))
    form = Metadata(effective_from=date(2026, 1, 1))

    assert merged(file, form) == form


_DAYS = st.none() | st.dates()
_METADATA = st.builds(
    Metadata,
    title=st.none() | st.text(min_size=1),
    effective_from=_DAYS,
    effective_until=_DAYS,
    tags=st.lists(st.text(min_size=1), max_size=2).map(tuple),
).filter(
    lambda said: (
        said.effective_from is None
        or said.effective_until is None
        or said.effective_from < said.effective_until
    )
)


@given(st.lists(_METADATA, max_size=4))
def test_layers_in_one_never_contradict_and_keep_what_the_highest_says(
    layers: list[Metadata],
) -> None:
    both = merged(*layers)

    assert not (both.effective_from and both.effective_until) or (
        both.effective_from < both.effective_until
    )
    assert not layers or merged(both, layers[-1]) == both


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([key for keys in KEYS.values() for key in keys]), _VALUES))
def test_whatever_the_values_there_is_metadata_or_a_metadata_error(
    fields: dict[str, object],
) -> None:
    try:
        said = from_fields(fields)
    except MetadataError:
        return

    assert said.title is None or (said.title.strip() == said.title != "")
    assert from_fields({"title": said.title, "tags": list(said.tags)}).title == said.title


@given(st.binary(max_size=200))
def test_whatever_the_bytes_a_sidecar_is_metadata_or_a_metadata_error(content: bytes) -> None:
    with suppress(MetadataError):
        assert isinstance(read_sidecar(content), Metadata)
