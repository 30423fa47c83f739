"""LlamaIndex's metadata filters in the words of Qdrant Edge."""

import re
from collections.abc import Sequence
from typing import Any

import qdrant_edge as qdrant
from llama_index.core.vector_stores import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
)

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


def to_qdrant(filters: MetadataFilters) -> qdrant.Filter:
    """Raises `NotImplementedError` for operators that the engine has no means for, and `ValueError` for
    keys with double quotes."""
    conditions = [_condition(each) for each in filters.filters if not _is_empty(each)]
    if not conditions:
        return qdrant.Filter()
    if filters.condition == FilterCondition.OR:
        return qdrant.Filter(should=conditions)
    if filters.condition == FilterCondition.NOT:
        return qdrant.Filter(must_not=conditions)
    return qdrant.Filter(must=conditions)


def _is_empty(each: MetadataFilter | MetadataFilters) -> bool:
    return isinstance(each, MetadataFilters) and not each.filters


def _condition(each: MetadataFilter | MetadataFilters) -> "qdrant.ConditionType":
    if isinstance(each, MetadataFilters):
        return to_qdrant(each)
    key, value = _path(each.key), each.value
    match each.operator:
        case FilterOperator.EQ | FilterOperator.CONTAINS:
            return _equals(key, value)
        case FilterOperator.NE:
            return qdrant.Filter(must_not=[_equals(key, value)])
        case FilterOperator.GT:
            return qdrant.FieldCondition(key, range=qdrant.RangeFloat(gt=value))
        case FilterOperator.GTE:
            return qdrant.FieldCondition(key, range=qdrant.RangeFloat(gte=value))
        case FilterOperator.LT:
            return qdrant.FieldCondition(key, range=qdrant.RangeFloat(lt=value))
        case FilterOperator.LTE:
            return qdrant.FieldCondition(key, range=qdrant.RangeFloat(lte=value))
        case FilterOperator.IN | FilterOperator.ANY:
            return _any_of(key, value)
        case FilterOperator.NIN:
            return qdrant.Filter(must_not=[_any_of(key, value)])
        case FilterOperator.ALL:
            return qdrant.Filter(must=[_equals(key, one) for one in value])
        case FilterOperator.TEXT_MATCH:
            return qdrant.FieldCondition(key, match=qdrant.MatchSubstring(value))
        case FilterOperator.IS_EMPTY:
            return qdrant.Filter(should=[qdrant.IsEmptyCondition(key), _equals(key, "")])
    raise NotImplementedError(
        f"Qdrant Edge has no filter {each.operator.value!r}; it has ==, !=, >, >=, <, <=, in, nin, any, "
        "all, contains, text_match and is_empty."
    )


def _path(key: str) -> str:
    """The key as one step of Qdrant's JSON path: dots and spaces in it mean themselves."""
    if _PLAIN_KEY.fullmatch(key):
        return key
    if '"' in key:
        raise ValueError(f"Metadata cannot be filtered by {key!r}: the key holds a double quote.")
    return f'"{key}"'


def _equals(key: str, value: Any) -> qdrant.FieldCondition:
    if isinstance(value, int | float):
        # A range finds 3 and 3.0 alike.
        return qdrant.FieldCondition(key, range=qdrant.RangeFloat(gte=value, lte=value))
    return qdrant.FieldCondition(key, match=qdrant.MatchValue(value))


def _any_of(key: str, values: Sequence[Any]) -> "qdrant.ConditionType":
    if not values:
        # An empty `should` would match everything.
        return qdrant.FieldCondition(key, match=qdrant.MatchAny(list[str]()))
    return qdrant.Filter(should=[_equals(key, one) for one in values])
