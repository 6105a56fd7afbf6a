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

__all__ = ["BAD", "MISSING", "USUAL", "Words", "as_text", "choose_words", "read_binary"]

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


USUAL = Words("0", "1")
"""Stands for the usual words, in which earlier deliveries came."""


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
        The words of earlier deliveries: what counted as positive goes on to. `USUAL` where they were the usual ones.

    Returns
    -------
    words
        None when the usual ones (0 and 1, yes and no, true and false ...) are used. A text that is neither of the two
        may be among `found` where those are known already: its rows are bad ones.
    note
        Empty unless the choice was made here.

    Raises
    ------
    Refused
        For more than two words, for a single one when nothing tells which class it is, and for a positive word that
        counted as negative before.

    Examples
    --------
    >>> choose_words({"good", "bad"})
    (Words(negative='bad', positive='good'), "'good' counts as positive, 'bad' as negative (by the alphabet)")
    >>> choose_words({"Yes", "no"})
    (None, '')
    >>> choose_words({"good", "bad", "Good"}, before=Words("bad", "good"))
    (Words(negative='bad', positive='good'), '')
    """
    found = {text for text in found if text}
    usual = {text for text in found if text.lower() in _NEGATIVE | _POSITIVE}
    _check_same(positive, before)
    if before is not None and before != USUAL and (words := _again(found, positive, before)) is not None:
        return words, ""
    if positive is not None:
        others = sorted(found - {positive})
        if len(others) <= 1:
            return Words(others[0] if others else "", positive), ""
    elif usual == found or (usual and before == USUAL) or len({text.lower() in _POSITIVE for text in usual}) == 2:
        return None, ""
    elif len(found) == 2:
        return _two(sorted(found), usual)
    raise Refused("labels and predictions must be of two classes", reasons=[_why(sorted(found), positive)])


def _check_same(positive: str | None, before: Words | None) -> None:
    """Refuse to turn round what earlier deliveries were read by: both kinds would be counted together."""
    if positive is None or before is None:
        return
    if positive == before.negative or (before == USUAL and positive.lower() in _NEGATIVE):
        raise Refused(
            f"{positive!r} cannot count as positive",
            reasons=[f"earlier deliveries of this model counted it as negative, {before.positive!r} as positive"],
            hint="leave the positive value as it is, or deliver to a model of its own",
        )


def _again(found: set[str], positive: str | None, before: Words) -> Words | None:
    """Return the words of earlier deliveries, if these are the same ones; texts that are neither are bad rows then."""
    held = {before.negative, before.positive} - {""}
    if positive not in {None, before.positive} or (found and not found & held and positive is None):
        return None
    strangers = sorted(found - held)
    if before.negative:
        return before
    return Words(strangers[0] if strangers else "", before.positive) if len(strangers) <= 1 else None


def _two(found: list[str], usual: set[str]) -> tuple[Words, str]:
    negative, chosen = found
    why = "by the alphabet"
    if usual:  # one of them: it means what it usually does
        (known,) = usual
        other = negative if known == chosen else chosen
        negative, chosen = (other, known) if known.lower() in _POSITIVE else (known, other)
        why = f"{known!r} as usual"
    return Words(negative, chosen), f"{chosen!r} counts as positive, {negative!r} as negative ({why})"


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
