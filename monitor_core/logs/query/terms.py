"""Read single terms: text, a value of a field, a comparison, a regular expression."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import re2

from monitor_core.logs.query.evaluate import compiled, number
from monitor_core.logs.query.fields import CONTEXT, LEVELS, ORDERED, TEXTS, level_number
from monitor_core.logs.query.moments import span
from monitor_core.logs.query.reading import is_plain_value, is_plain_word
from monitor_core.logs.query.tree import Compare, Is, Like, Node, Operator, Words
from monitor_core.logs.query.words import MAX_WORD_BYTES, is_glob, words

if TYPE_CHECKING:
    from monitor_core.logs.query.reading import Reader

__all__ = ["comparison", "equality", "pattern", "text_term"]

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_LEVELS = ", ".join(LEVELS)
_TIMES = "2026-11-21, 2026-11-21T10:30, now-2h, today"


def text_term(read: Reader, start: int, text: str, *, is_quoted: bool) -> Node:
    """Return what a word or a text in quotes searches for."""
    _check_words(read, start, text, is_quoted=is_quoted)
    return Words(text, is_quoted=is_quoted and (not is_plain_word(text) or is_glob(text)))


def equality(read: Reader, field: str) -> Node:
    """Read the value after ``field:``."""
    read.skip()
    start = read.position
    value, is_quoted = read.value()
    if field == "ts" and span(value, _ANY_TIME) is None:
        raise read.error(f"{value!r} is no time", _TIMES, at=start)
    if field == "level" and level_number(value) is None:
        raise read.error(f"{value!r} is no level", _LEVELS, at=start)
    if field in TEXTS:
        _check_words(read, start, value, is_quoted=is_quoted)
    matters = field.startswith(CONTEXT) or is_glob(value) or not is_plain_value(value)
    return Is(field, value, is_quoted=is_quoted and matters)


def comparison(read: Reader, field: str, operator: str) -> Node:
    """Read the value after ``field>``."""
    read.skip()
    start = read.position
    if field not in ORDERED and not field.startswith(CONTEXT):
        raise read.error(
            f"{field} has no order to compare by", f"{field}:value; only ts, level and context.* are compared", at=start
        )
    value, _ = read.value()
    if field == "ts" and span(value, _ANY_TIME) is None:
        raise read.error(f"{value!r} is no time", _TIMES, at=start)
    if field == "level" and level_number(value) is None:
        raise read.error(f"{value!r} is no level", _LEVELS, at=start)
    if field.startswith(CONTEXT) and number(value) is None:
        raise read.error(f"{value!r} is no number", f"{field}{operator}500, or {field}:{value}", at=start)
    return Compare(field, cast(Operator, operator), value)


def pattern(read: Reader, field: str) -> Node:
    """Read the regular expression after ``field:~``."""
    read.skip()
    start = read.position
    if field in ORDERED:
        raise read.error(f"{field} is not text", f"{field}>=value", at=start)
    if read.peek() != '"':
        raise read.error("a regular expression stands in quotes", f'{field}:~"conf.* 0\\.9"', at=start)
    text = read.quoted()
    try:
        compiled(text)
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise read.error(
            f"the regular expression cannot be read: {reason}", "RE2 syntax: no look-around, no \\1", at=start
        ) from None
    return Like(field, text)


def _check_words(read: Reader, start: int, text: str, *, is_quoted: bool) -> None:
    found = words(text)
    if any(len(word.encode("utf-8", "replace")) > MAX_WORD_BYTES for word in found):
        raise read.error(f"a word of more than {MAX_WORD_BYTES} bytes", 'message:~"its beginning"', at=start)
    if not is_quoted and is_glob(text):
        if words(text.replace("*", "")) != ["".join(map(str.lower, text.replace("*", "")))]:
            raise read.error(
                f"{text!r}: a star completes single words of letters and digits",
                'time*, logger:api_* or message:~"api_.*"',
                at=start,
            )
    elif not found:
        raise read.error(f"{text!r} has no letter or digit to search for", 'message:~"..." finds signs', at=start)
