"""From the text of a query to its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from monitor_core.metrics.promql.errors import BadQuery
from monitor_core.metrics.promql.syntax import place

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AGGREGATORS", "KEYWORDS", "Token", "TokenKind", "duration_ms", "parse_error", "tokens", "unquoted"]

AGGREGATORS = frozenset(
    {
        *("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"),
        *("topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio"),
    }
)
WORD_OPERATORS = frozenset({"and", "or", "unless", "atan2"})
KEYWORDS = frozenset(
    {"offset", "smoothed", "anchored", "by", "without", "on", "ignoring", "group_left", "group_right", "bool"}
)


class TokenKind(StrEnum):
    """What a word of the query is."""

    NUMBER = "number"
    DURATION = "duration"
    STRING = "string"
    IDENTIFIER = "identifier"
    METRIC = "metric identifier"
    AGGREGATOR = "aggregator"
    KEYWORD = "keyword"
    OPERATOR = "operator"
    MARK = "mark"
    END = "end of input"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, as written, and where it begins."""

    kind: TokenKind
    text: str
    start: int

    def said(self) -> str:
        """Name the word the way Prometheus's messages do."""
        short = self.text if len(self.text) <= 10 else self.text[:10]
        dots = "..." if len(self.text) > 10 else ""
        forms = {
            TokenKind.END: "end of input",
            TokenKind.IDENTIFIER: f"{self.kind} {quoted(self.text)}",
            TokenKind.METRIC: f"{self.kind} {quoted(self.text)}",
            TokenKind.KEYWORD: f"<{self.text}>",
            TokenKind.OPERATOR: f"<op:{self.text}>",
            TokenKind.AGGREGATOR: f"<aggr:{self.text}>",
            TokenKind.MARK: quoted(self.text),
        }
        return forms.get(self.kind, f"{self.kind} {quoted(short)}{dots}")


def quoted(text: str) -> str:
    """Put a text in double quotes, escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def parse_error(query: str, start: int, message: str, *, hint: str = "") -> BadQuery:
    """Make the error for a text that is not a query, in Prometheus's form."""
    return BadQuery(f"{place(query, start)}: parse error: {message}", hint=hint)


# Every alternative is linear: no nested repetition over the same characters.
_WORDS = re.compile(
    r"""
    (?P<space>[ \t\r\n]+|\#[^\r\n]*)
  | (?P<number>0[xX][0-9a-fA-F]+(?![0-9A-Za-z_])
      |(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.]))
  | (?P<duration>(?:[0-9]+(?:ms|[smhdwy]))+(?![0-9A-Za-z_]))
  | (?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
  | (?P<operator>==|!=|<=|>=|=~|!~|[-+*/%^<>])
  | (?P<mark>[(){}\[\],=@])
  | (?P<quote>["'`])
    """,
    re.VERBOSE,
)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def tokens(query: str) -> list[Token]:
    """Split a query into its words.

    Raises
    ------
    BadQuery
        At the first character that belongs to no word, and at brackets that do not fit.

    Examples
    --------
    >>> [token.text for token in tokens('rate(x{a="b"}[5m])')]
    ['rate', '(', 'x', '{', 'a', '=', '"b"', '}', '[', '5m', ']', ')', '']
    """
    found = list(_words(query))
    _check_brackets(query, found)
    return found


def _words(query: str) -> Iterator[Token]:
    position, braces, brackets = 0, False, False
    while position < len(query):
        start = position
        if braces:
            token, position = _inside_braces(query, start)
        elif brackets and query[start] == ":":
            token, position = Token(TokenKind.MARK, ":", start), start + 1
        else:
            token, position = _outside_braces(query, start)
        if token is None:
            continue
        if token.kind is TokenKind.MARK:
            braces = (braces or token.text == "{") and token.text != "}"
            brackets = (brackets or token.text == "[") and token.text != "]"
        yield token
    if braces:
        raise parse_error(query, len(query), "unexpected end of input inside braces")
    yield Token(TokenKind.END, "", len(query))


def _outside_braces(query: str, start: int) -> tuple[Token | None, int]:
    match = _WORDS.match(query, start)
    if match is None:
        detail = "bad number or duration syntax" if query[start] in "0123456789." else "unexpected character"
        raise parse_error(query, start, f"{detail}: {quoted(query[start])}")
    text, kind = match.group(), match.lastgroup
    if kind == "space":
        return None, match.end()
    if kind == "quote":
        end = _end_of_string(query, start)
        return Token(TokenKind.STRING, query[start:end], start), end
    if kind == "word":
        return Token(_word_kind(text), text, start), match.end()
    if kind == "operator" and text in {"=~", "!~"}:
        raise parse_error(query, start, f"unexpected character after '{text[0]}': '~'")
    return Token(TokenKind(kind or ""), text, start), match.end()


def _word_kind(text: str) -> TokenKind:
    word = text.lower()
    if word in {"inf", "nan"}:
        return TokenKind.NUMBER
    if word in WORD_OPERATORS:
        return TokenKind.OPERATOR
    if word in AGGREGATORS:
        return TokenKind.AGGREGATOR
    if word in KEYWORDS:
        return TokenKind.KEYWORD
    return TokenKind.METRIC if ":" in text else TokenKind.IDENTIFIER


def _inside_braces(query: str, start: int) -> tuple[Token | None, int]:
    character = query[start]
    if character in " \t\r\n#":
        match = _WORDS.match(query, start)
        return None, match.end() if match else start + 1
    if character in "\"'`":
        end = _end_of_string(query, start)
        return Token(TokenKind.STRING, query[start:end], start), end
    word = _IDENTIFIER.match(query, start)
    if word:
        return Token(TokenKind.IDENTIFIER, word.group(), start), word.end()
    for operator in ("=~", "!~", "!=", "="):
        if query.startswith(operator, start):
            return Token(TokenKind.OPERATOR, operator, start), start + len(operator)
    if character in ",}":
        return Token(TokenKind.MARK, character, start), start + 1
    raise parse_error(query, start, f"unexpected character inside braces: '{character}'")


def _end_of_string(query: str, start: int) -> int:
    quote, position = query[start], start + 1
    while position < len(query):
        character = query[position]
        if character == quote:
            return position + 1
        if quote != "`" and character == "\n":
            break
        position += 2 if character == "\\" and quote != "`" else 1
    raise parse_error(query, start, "unterminated raw string" if quote == "`" else "unterminated quoted string")


def _check_brackets(query: str, found: list[Token]) -> None:
    depths = {"parenthesis": 0, "bracket": 0}
    for token in found:
        if token.kind is not TokenKind.MARK or token.text not in _SIDES:
            continue
        kind, change = _SIDES[token.text]
        depths[kind] += change
        if depths[kind] < 0 or depths["bracket"] > 1:
            side = "left" if change > 0 else "right"
            raise parse_error(query, token.start, f"unexpected {side} {kind} '{token.text}'")
    for kind, depth in depths.items():
        if depth:
            raise parse_error(query, len(query), f"unclosed left {kind}")


_SIDES = {"(": ("parenthesis", 1), ")": ("parenthesis", -1), "[": ("bracket", 1), "]": ("bracket", -1)}
_ESCAPES = {
    "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "'": 39, '"': 34,
}  # fmt: skip
_HEX_LENGTHS = {"x": 2, "u": 4, "U": 8}


def unquoted(query: str, token: Token) -> str:
    r"""Give the text between the quotes, escapes resolved.

    Examples
    --------
    >>> unquoted("", Token(TokenKind.STRING, r'"a\n\x41\u00e9"', 0))
    'a\nAé'
    """
    body, quote = token.text[1:-1], token.text[0]
    if quote == "`" or "\\" not in body:
        return body
    out, position = bytearray(), 0
    while position < len(body):
        if body[position] != "\\":
            out += body[position].encode()
            position += 1
            continue
        piece, position = _escape(query, token, body, position + 1)
        out += piece
    try:
        return out.decode()
    except UnicodeDecodeError:
        raise parse_error(query, token.start, f"invalid UTF-8 in string {token.text}") from None


def _escape(query: str, token: Token, body: str, position: int) -> tuple[bytes, int]:
    letter = body[position]
    if letter in _HEX_LENGTHS:
        digits, end = body[position + 1 : position + 1 + _HEX_LENGTHS[letter]], position + 1 + _HEX_LENGTHS[letter]
        base, wanted = 16, _HEX_LENGTHS[letter]
    elif letter in "01234567":
        digits, end, base, wanted = body[position : position + 3], position + 3, 8, 3
    elif letter in _ESCAPES and letter in {token.text[0], *"abfnrtv\\"}:
        return bytes([_ESCAPES[letter]]), position + 1
    else:
        raise parse_error(query, token.start, f"unknown escape sequence '\\{letter}'")
    allowed = "01234567" if base == 8 else "0123456789abcdefABCDEF"
    if len(digits) != wanted or any(digit not in allowed for digit in digits):
        raise parse_error(query, token.start, f"illegal character in escape sequence '\\{letter}'")
    number = int(digits, base)
    if letter in "uU":
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise parse_error(query, token.start, "escape sequence is an invalid Unicode code point")
        return chr(number).encode(), end
    if number > 255:
        raise parse_error(query, token.start, f"illegal character in escape sequence '\\{digits}'")
    return bytes([number]), end


_DURATION = re.compile(
    r"(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?"
)
_UNITS_MS = (365 * 86_400_000, 7 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000, 1)
LONGEST_MS = 9_223_372_036_854  # int64 nanoseconds: what Prometheus can hold


def duration_ms(query: str, token: Token) -> int:
    """Give the milliseconds of a duration such as ``1h30m``.

    Examples
    --------
    >>> duration_ms("", Token(TokenKind.DURATION, "1h30m", 0))
    5400000
    """
    match = _DURATION.fullmatch(token.text)
    if match is None:
        raise parse_error(query, token.start, f"not a valid duration string: {quoted(token.text)}")
    parts = zip(match.groups(), _UNITS_MS, strict=True)
    total = sum(int(number) * unit for number, unit in parts if number is not None and len(number) < 20)
    if total > LONGEST_MS or any(number is not None and len(number) >= 20 for number in match.groups()):
        raise parse_error(query, token.start, "duration out of range")
    return total
