import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.ui.text import plain

HOSTILE = (
    "**x** <img src=x onerror=alert(1)>",
    ":red[a]",
    "[a](javascript:alert(1))",
    "# head",
    "$x^2$",
    "`code`",
    "![a](http://evil/x.png)",
    "| a | b |",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_every_punctuation_mark_is_escaped(text):
    """What Markdown could read stands behind a backslash."""
    shown = plain(text)
    for index, letter in enumerate(shown):
        if letter in "*<>[]()#$`!|:_":
            assert shown[index - 1] == "\\"


@pytest.mark.parametrize(
    "text", ["https://evil.example", "www.evil.example", "a@evil.example", ":smile:", "mailto:a@b"]
)
def test_what_is_linked_without_markup_is_split(text):
    """Links and emoji codes are found in finished text, where a backslash does not help."""
    assert "\u2060" in plain(text)


def test_control_and_bidirectional_characters_become_spaces():
    """A name cannot break a line or turn the reading direction."""
    assert plain("a\nb\u202ec\x00") == "a b c "


def test_long_names_are_shortened():
    """A name of a thousand letters does not push the page away."""
    assert plain("x" * 1000, limit=20) == "x" * 19 + "…"


@given(st.text(max_size=80))
def test_nothing_but_escapes_and_joiners_is_added(text):
    """Read without escapes, the text is still the text."""
    letters = [letter for letter in plain(text, limit=1000) if letter not in "\\\u2060 "]
    wanted = [letter for letter in text if letter not in "\\\u2060 "]
    kept = iter(wanted)
    assert all(letter in kept for letter in letters)
