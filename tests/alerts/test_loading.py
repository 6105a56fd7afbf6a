"""Rules from files beside our own."""

import pytest

from monitor_core.alerts.loading import load_rules
from monitor_core.errors import InvalidInput

ONE = "groups: [{name: service, rules: [{alert: A, expr: up}]}]"


def test_a_files_groups_carry_its_name(tmp_path):
    """So a group may be called as ours are."""
    (tmp_path / "mine.yml").write_text(ONE)
    names = [group.name for group in load_rules([tmp_path / "mine.yml"])]
    assert names[-1] == "mine.yml;service"
    assert "service" in names


def test_our_own_may_be_left_out(tmp_path):
    """Then only files count."""
    (tmp_path / "mine.yml").write_text(ONE)
    assert len(load_rules([tmp_path / "mine.yml"], has_defaults=False)) == 1


@pytest.mark.parametrize(("text", "words"), [(None, "cannot be read"), (b"\xff", "cannot be read"), (b"5", "mine.yml")])
def test_a_bad_file_is_named(tmp_path, text, words):
    """Before anything is evaluated."""
    path = tmp_path / "mine.yml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(InvalidInput, match=words):
        load_rules([path])


def test_two_files_of_one_name_are_refused(tmp_path):
    """Their alerts could not be told apart."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.yml").write_text(ONE)
    with pytest.raises(InvalidInput, match="two rule files"):
        load_rules([tmp_path / "a" / "mine.yml", tmp_path / "b" / "mine.yml"])
