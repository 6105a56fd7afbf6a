"""Labels and predictions of two classes, however they are written, as 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor_core.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

__all__ = ["BAD", "MISSING", "Words", "as_text", "choose_words", "read_binary"]

MISSING, BAD = -1, -2
"""What stands for no value and for a value that is neither of the two."""

_NEGATIVE = frozenset({"0", "0.0", "false", "f", "no", "n", "negative"})
_POSITIVE = frozenset({"1", "1.0", "true", "t", "yes", "y", "positive"})
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Words:
    """What a model's two classes are called in text."""

    negative: str
    positive: str


def choose_words(
    found: Collection[str], *, positive: str | None = None, before: Words | None = None
) -> tuple[Words | None, str]:
    """Return the words for the two classes, and what to tell about the choice.

    Parameters
    ----------
    found
        Different texts of the label and prediction columns.
    positive
        The word for the positive class, where somebody chose it.
    before
        The words of earlier deliveries.

    Returns
    -------
    words
        None when the usual ones (0 and 1, yes and no, true and false ...) are used.
    note
        Empty unless the choice was made here.

    Raises
    ------
    Refused
        For more than two words, and for a single one when nothing tells which class it is.

    Examples
    --------
    >>> choose_words({"good", "bad"})
    (Words(negative='bad', positive='good'), "'good' counts as positive, 'bad' as negative (by the alphabet)")
    >>> choose_words({"Yes", "no"})
    (None, '')
    """
    found = {text for text in found if text}
    if before is not None and found <= {before.negative, before.positive} and positive in (None, before.positive):
        return before, ""
    if positive is None and {text.lower() for text in found} <= _NEGATIVE | _POSITIVE:
        return None, ""
    others = sorted(found - {positive}) if positive is not None else sorted(found)
    if positive is not None and len(others) <= 1:
        return Words(others[0] if others else "", positive), ""
    if positive is None and len(others) == 2:
        negative, chosen = others
        return Words(negative, chosen), (f"{chosen!r} counts as positive, {negative!r} as negative (by the alphabet)")
    raise Refused("labels and predictions must be of two classes", reasons=[_why(sorted(found), positive)])


def _why(found: list[str], positive: str | None) -> str:
    shown = ", ".join(map(repr, found[:_SHOWN])) + (", ..." if len(found) > _SHOWN else "")
    if len(found) == 1:
        return f"only {shown} occurs; which class is it? Choose the positive value"
    chosen = "" if positive is None else f" ({positive!r} is the positive one)"
    return f"{len(found)} different values{chosen}: {shown}; allowed are two"


def as_text(column: pa.Array) -> pa.Array | None:
    """Return a column of words (also through a dictionary) as trimmed text; None for numbers and booleans."""
    if pa.types.is_dictionary(column.type):
        levels = as_text(column.dictionary)
        return None if levels is None else levels.take(column.indices)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return None
    return pc.utf8_trim_whitespace(column.cast(pa.string()))


def read_binary(column: pa.Array, words: Words | None) -> NDArray[np.int8]:
    """Return 0, 1, `MISSING` or `BAD` a row.

    Numbers and booleans are read as they are, whatever `words` says.

    Examples
    --------
    >>> read_binary(pa.array([0.0, 1.0, None, 2.0]), None).tolist()
    [0, 1, -1, -2]
    >>> read_binary(pa.array(["good", "bad", "ugly", ""]), Words("bad", "good")).tolist()
    [1, 0, -2, -1]
    """
    if pa.types.is_dictionary(column.type):
        levels = np.append(read_binary(column.dictionary, words), np.int8(MISSING))
        codes = pc.fill_null(column.indices.cast(pa.int64()), len(levels) - 1)
        return np.asarray(levels[codes.to_numpy(zero_copy_only=False)], np.int8)
    if (texts := as_text(column)) is not None:
        encoded = texts.dictionary_encode()
        levels = np.array([_class_of(text, words) for text in encoded.dictionary.to_pylist()] + [MISSING], np.int8)
        codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(levels) - 1)
        return np.asarray(levels[codes.to_numpy(zero_copy_only=False)], np.int8)
    return _from_numbers(column)


def _class_of(text: str | None, words: Words | None) -> int:
    if not text:
        return MISSING
    if words is not None:
        return 1 if text == words.positive else 0 if text == words.negative else BAD
    return 1 if text.lower() in _POSITIVE else 0 if text.lower() in _NEGATIVE else BAD


def _from_numbers(column: pa.Array) -> NDArray[np.int8]:
    if pa.types.is_null(column.type):
        return np.full(len(column), MISSING, np.int8)
    if not (pa.types.is_boolean(column.type) or pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return np.where(pc.is_null(column).to_numpy(zero_copy_only=False), MISSING, BAD).astype(np.int8)
    missing = pc.is_null(column, nan_is_null=True).to_numpy(zero_copy_only=False)
    held = column if pa.types.is_boolean(column.type) else column.cast(pa.float64(), safe=False)
    numbers = pc.fill_null(held, False if pa.types.is_boolean(column.type) else 0.0).to_numpy(zero_copy_only=False)
    read = np.where(numbers == 1, np.int8(1), np.where(numbers == 0, np.int8(0), np.int8(BAD)))
    read[missing] = MISSING
    return np.asarray(read, np.int8)
