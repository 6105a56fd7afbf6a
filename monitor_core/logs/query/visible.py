"""Make signs visible that act on whoever shows a line: control signs, direction marks, invisible ones."""

from __future__ import annotations

import unicodedata

__all__ = ["visible"]


def visible(text: str, *, keep: str = "") -> str:
    r"""Return text in which control, direction and invisible signs are written out.

    Parameters
    ----------
    keep
        Signs that stay as they are, for example line ends.

    Examples
    --------
    >>> visible("a\x1b[31mred"), visible("abc\u202egpj.exe"), visible("tab\there")
    ('a\\x1b[31mred', 'abc\\u202egpj.exe', 'tab\\there')
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in keep else _written(sign) for sign in text)


def _written(sign: str) -> str:
    # A blank that is not the ASCII one is not printable for Python, but harmless.
    if unicodedata.category(sign) == "Zs":
        return " "
    return sign.encode("unicode_escape").decode("ascii")
