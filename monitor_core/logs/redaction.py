"""What must not stand in a log: hidden by the name of its key, or by how it looks (pure, standard library only).

Patterns are bounded: no quantifier without an upper limit, each anchored to a literal or to a boundary, so that the
time is linear in the text whatever the text is. What they find is a safety net, not a promise: a secret that looks
like a word stays.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HIDDEN", "Redaction", "is_card"]

HIDDEN = "[hidden]"
"""What stands where something was hidden."""

_ALWAYS = (
    "password", "passwd", "passphrase", "pwd", "secret", "apikey", "authorization", "cookie", "credential",
    "privatekey", "accesskey", "signingkey", "sessionid", "cvv", "cvc", "ssn", "cardnumber", "creditcard",
)  # fmt: skip
_UNLESS_NUMBER = ("token",)  # max_tokens=512 is no secret
_SEPARATORS = str.maketrans("", "", "-_. ")
_MOST_KNOWN = 4_096

_NAMES = (
    r"passwords?|passwd|passphrase|pwd|secrets?|(?:(?:access|auth|refresh|id|api|bearer)[_-]?)?tokens?"
    r"|(?:api|access)[_-]?keys?"
)
_PATTERNS = (
    # PEM blocks, of one line or many
    (
        ("private key",),
        re.compile(
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.{0,16384}?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        HIDDEN,
    ),
    # JSON Web Tokens
    (
        ("eyj",),
        re.compile(
            r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,4096}\.[A-Za-z0-9_-]{2,8192}(?:\.[A-Za-z0-9_-]{0,4096})?"
        ),
        HIDDEN,
    ),
    # Authorization: Bearer ...
    (
        ("bearer ", "basic ", "digest "),
        re.compile(r"(?i)\b(bearer|basic|digest)[ ]{1,3}[A-Za-z0-9._~+/=-]{8,8192}"),
        rf"\1 {HIDDEN}",
    ),
    # user:password@ in addresses
    (("://",), re.compile(r"://[^\s/:@\"']{0,256}:[^\s/@\"']{1,256}@"), f"://{HIDDEN}@"),
    # password=..., "api_key": "..."; a short number is a count, not a secret
    (
        ("passw", "passphrase", "pwd", "secret", "token", "key"),
        re.compile(
            rf"(?i)(?<![a-z0-9])({_NAMES})([\"']?[ ]{{0,3}}[=:][ ]{{0,3}})(?!\[hidden\])"
            r"(?!\d{1,6}(?![A-Za-z0-9]))(?:\"[^\"\n]{1,8192}\"|'[^'\n]{1,8192}'|[^\s\"',;&}]{1,8192})"
        ),
        rf"\1\2{HIDDEN}",
    ),
    # keys in the form that known services give them
    (
        ("akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "_pat_", "glpat-", "sk-", "k_live", "k_test", "xox",
         "aiza", "hf_", "npm_"),
        re.compile(
            r"(?<![A-Za-z0-9])(?:A(?:KI|SI)A[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}"
            r"|glpat-[A-Za-z0-9_-]{20,64}|sk-[A-Za-z0-9_-]{20,256}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,256}"
            r"|xox[abeoprs]-[A-Za-z0-9-]{10,256}|AIza[0-9A-Za-z_-]{35}|hf_[A-Za-z0-9]{30,64}|npm_[A-Za-z0-9]{36})"
        ),
        HIDDEN,
    ),
)  # fmt: skip
_CLUES = tuple(clue for clues, _, _ in _PATTERNS for clue in clues)
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
_CARD_CLUE = re.compile(r"[2-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{2}")  # a quarter of the time of the whole pattern
_DIGITS = re.compile(r"(?<![\d.])\d(?:[ -]?\d){13,18}(?!\d|\.\d)")


def is_card(digits: str) -> bool:
    """Return whether digits can be a payment card: a known issuer's first digits and length, and Luhn's check digit.

    Examples
    --------
    >>> is_card("4111111111111111"), is_card("4111111111111112"), is_card("1763886345123")
    (True, False, False)
    """
    if not _is_issued(digits):
        return False
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(value - 9 if value > 9 else value for value in doubled)) % 10 == 0


def _is_issued(digits: str) -> bool:
    match len(digits):
        case 14:
            return digits[:2] in {"30", "36", "38", "39"}
        case 15:
            return digits[:2] in {"34", "37"}
        case 16:
            return digits[0] in "456" or digits[:2] == "35" or "2221" <= digits[:4] <= "2720"
        case 18 | 19:
            return digits[0] in "456"
    return False


class Redaction:
    """Hide secrets by key name and by pattern.

    Parameters
    ----------
    keys
        Further key names whose values are hidden, whatever they are; case, ``-``, ``_``, ``.`` and spaces do not
        matter, and a name is found within a longer one.
    emails, cards
        Whether e-mail addresses and payment cards are hidden in texts.

    Examples
    --------
    >>> redaction = Redaction(keys=["patient"])
    >>> redaction.secret("X-Api-Key", "abc"), redaction.secret("max_tokens", 512), redaction.secret("patient_id", 7)
    ('[hidden]', None, '[hidden]')
    >>> redaction.scrub("mail ann@example.org, card 4111 1111 1111 1111, order 4111 1111 1111 1112")
    'mail [hidden], card [hidden], order 4111 1111 1111 1112'
    >>> redaction.scrub("postgresql://app:pa55@db/models password=hunter2 n=3")
    'postgresql://[hidden]@db/models password=[hidden] n=3'
    """

    __slots__ = ("_always", "_cards", "_emails", "_known")

    def __init__(self, keys: Iterable[str] = (), *, emails: bool = True, cards: bool = True) -> None:
        self._always = (*_ALWAYS, *(name for name in map(_folded, keys) if name))
        self._emails = emails
        self._cards = cards
        self._known: dict[str, int] = {}

    def secret(self, key: str, value: object) -> str | None:
        """Return what stands instead of the value of a key, or None where the key hides nothing."""
        kind = self._known.get(key)
        if kind is None:
            kind = self._judge(key)
        if kind == 0 or value is None or value == "":
            return None
        if kind == 1 and isinstance(value, (bool, int, float, list, tuple)):
            return None
        return HIDDEN

    def scrub(self, text: str) -> str:
        """Return the text without what looks like a secret, an e-mail address or a payment card."""
        low = text.lower()
        for clues, pattern, replacement in _PATTERNS:
            for clue in clues:
                if clue in low:
                    text = pattern.sub(replacement, text)
                    break
        if self._emails and "@" in text:
            text = _EMAIL.sub(HIDDEN, text)
        if self._cards and _CARD_CLUE.search(text) is not None:
            text = _DIGITS.sub(_card, text)
        return text

    def suspects(self, text: str) -> bool:
        """Return whether `scrub` could find anything: cheap enough for a whole line at once.

        JSON's escapes change none of the characters that are looked for, so a written line may be asked, too.
        """
        low = text.lower()
        for clue in _CLUES:
            if clue in low:
                return True
        return (self._emails and "@" in text) or (self._cards and _CARD_CLUE.search(text) is not None)

    def _judge(self, key: str) -> int:
        name = _folded(key)
        kind = 2 if any(word in name for word in self._always) else int(any(word in name for word in _UNLESS_NUMBER))
        if len(self._known) >= _MOST_KNOWN:  # keys made of data: never more than a bounded memory
            self._known.clear()
        self._known[key] = kind
        return kind


def _folded(key: str) -> str:
    return key.lower().translate(_SEPARATORS)


def _card(found: re.Match[str]) -> str:
    return HIDDEN if is_card(re.sub(r"[ -]", "", found[0])) else found[0]
