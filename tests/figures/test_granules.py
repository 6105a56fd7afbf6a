import pytest

from monitor_core.figures.granules import short_label


@pytest.mark.parametrize("text", ["", "#", "spring 2026", "2026-13-99x"])
def test_what_is_no_label_is_shown_as_it_is(text):
    """An axis never fails because of a name."""
    assert short_label(text) == text
