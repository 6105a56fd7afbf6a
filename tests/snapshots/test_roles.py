import pytest

from monitor_core.errors import InvalidInput
from monitor_core.snapshots.roles import Role, Roles


def test_the_monitored_columns_come_in_file_order_with_their_kind():
    """Features, predictions and scores are monitored; ids, dates, labels and ignored columns are not."""
    roles = Roles(tuple((role.value, role) for role in Role))
    assert roles.monitored == (("prediction", "prediction"), ("score", "score"), ("feature", "feature"))


def test_several_scores_are_allowed():
    """A model with many classes has many probabilities."""
    roles = Roles((("p1", Role.SCORE), ("p2", Role.SCORE)))
    assert roles.named(Role.SCORE) == ("p1", "p2")
    assert roles.one(Role.SCORE) == "p1"


@pytest.mark.parametrize("role", [Role.ENTITY_ID, Role.TIMESTAMP, Role.PREDICTION, Role.LABEL])
def test_two_columns_of_a_single_role_are_refused(role):
    """The message names both columns."""
    with pytest.raises(InvalidInput, match="'a', 'b'"):
        Roles((("a", role), ("b", role)))


def test_a_column_named_twice_is_refused():
    """A column has one role."""
    with pytest.raises(InvalidInput, match="'a' has two roles"):
        Roles((("a", Role.FEATURE), ("a", Role.LABEL)))


def test_a_segment_must_be_a_column():
    """A segment that is not there is named."""
    with pytest.raises(InvalidInput, match="segment column 'city'"):
        Roles((("a", Role.FEATURE),), segment="city")


def test_a_fixed_date_must_be_a_date():
    """The message shows how to write it."""
    with pytest.raises(InvalidInput, match="YYYY-MM-DD"):
        Roles((("a", Role.FEATURE),), fixed_date="23.11.2026")


def test_a_fixed_date_excludes_a_date_column():
    """Two answers to the same question are one too many."""
    with pytest.raises(InvalidInput, match="choose one"):
        Roles((("day", Role.TIMESTAMP), ("a", Role.FEATURE)), fixed_date="2026-11-23")


def test_roles_survive_json():
    """What is stored is what was chosen."""
    roles = Roles((("a", Role.FEATURE), ("ts", Role.TIMESTAMP)), segment="a")
    assert Roles.from_json(roles.to_json()) == roles


@pytest.mark.parametrize("data", [{}, {"columns": [["a", "hero"]]}, {"columns": 3}])
def test_unreadable_json_names_the_known_roles(data):
    """A damaged or newer row is an error in words."""
    with pytest.raises(InvalidInput, match="known roles: entity_id"):
        Roles.from_json(data)


def test_the_positive_value_is_kept():
    """Only where somebody chose it."""
    columns = (("label", Role.LABEL), ("known", Role.LABEL_DATE), ("v", Role.VERSION))
    assert Roles.from_json(Roles(columns, positive="spam").to_json()) == Roles(columns, positive="spam")
    assert "positive" not in Roles(columns).to_json()


@pytest.mark.parametrize("role", [Role.LABEL_DATE, Role.VERSION])
def test_one_column_tells_when_a_label_was_known_and_which_version_predicted(role):
    """Two would contradict each other."""
    with pytest.raises(InvalidInput, match="all have the role"):
        Roles((("a", role), ("b", role)))
