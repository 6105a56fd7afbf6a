"""The kind of a column, in the words that drift uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ColumnKind", "kind_of"]

ColumnKind = Literal["numeric", "categorical", "boolean", "datetime", "empty", "unsupported"]


def kind_of(kind: pa.DataType) -> ColumnKind:
    """Return how a column of this Arrow type is treated.

    Examples
    --------
    >>> kind_of(pa.int8()), kind_of(pa.dictionary(pa.int8(), pa.string())), kind_of(pa.list_(pa.int8()))
    ('numeric', 'categorical', 'unsupported')
    """
    if pa.types.is_dictionary(kind):
        return kind_of(kind.value_type)
    for fits, word in _WORDS:
        if fits(kind):
            return word
    return "unsupported"


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


_WORDS: tuple[tuple[Callable[[pa.DataType], bool], ColumnKind], ...] = (
    (_is_number, "numeric"),
    (_is_text, "categorical"),
    (pa.types.is_boolean, "boolean"),
    (_is_moment, "datetime"),
    (pa.types.is_null, "empty"),
)
