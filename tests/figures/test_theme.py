from pathlib import Path

import pytest

from monitor_core.figures.config import streamlit_config
from monitor_core.figures.theme import DARK, LIGHT, contrast

ROOT = Path(__file__).parents[2]


def test_the_committed_configuration_is_the_generated_one():
    """A colour changed by hand in config.toml would leave the charts behind."""
    assert (ROOT / ".streamlit" / "config.toml").read_text() == streamlit_config()


def test_every_font_of_the_configuration_lies_in_the_repository():
    """Fonts come from this server only; a licence lies beside them."""
    names = {f'"app/{path.relative_to(ROOT)}"' for path in (ROOT / "static" / "fonts").glob("*.woff2")}
    assert len(names) == 4
    assert all(name in streamlit_config() for name in names)
    assert len(list((ROOT / "static" / "fonts").glob("LICENSE-*.txt"))) == 2


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda tokens: tokens.name)
@pytest.mark.parametrize("ink", ["text", "muted", "link", "primary", "red", "green"])
@pytest.mark.parametrize("ground", ["background", "panel", "sidebar"])
def test_words_are_readable_on_every_surface(tokens, ink, ground):
    """WCAG AA asks for 4.5:1."""
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= 4.5


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda tokens: tokens.name)
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("red", "red_soft"),
        ("orange_text", "orange_soft"),
        ("green", "green_soft"),
        ("muted", "gray_soft"),
        ("link", "blue_soft"),
        ("on_primary", "primary"),
        ("orange", "background"),
    ],
)
def test_badges_and_buttons_are_readable(tokens, ink, ground):
    """The tint behind a state keeps its words at 4.5:1."""
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= 4.5
