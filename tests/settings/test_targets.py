"""Addresses in settings: read, or refused without repeating a password."""

import pytest

from monitor_core.errors import InvalidSetting
from monitor_core.settings import describe, load, read_targets


def test_lines_and_commas_separate():
    """Both, with blanks around."""
    found = read_targets(" a = http://h:1 ,\n b=https://[::1]/m\n")
    assert [(target.job, target.url, target.instance) for target in found] == [
        ("a", "http://h:1/metrics", "h:1"),
        ("b", "https://[::1]/m", "[::1]:443"),
    ]


@pytest.mark.parametrize(
    "text",
    ["http://h/metrics", "a=", "a=ftp://h", "a=h:80", "a=http://", "a=http://h:99999", "=http://h", "a=http://h/#x"],
)
def test_what_is_no_target_is_refused(text):
    """With an example."""
    with pytest.raises(InvalidSetting, match="entry 1"):
        read_targets(text)


def test_two_targets_with_the_same_labels_are_refused():
    """Their series could not be told apart."""
    with pytest.raises(InvalidSetting, match="twice"):
        read_targets("a=http://h:1/x, a=http://h:1/y")


def test_a_wrong_address_is_named_by_its_setting_but_not_repeated():
    """It may hold a password."""
    with pytest.raises(InvalidSetting, match=r"metrics\.targets.*MONITOR_METRICS_TARGETS") as caught:
        load(environ={"MONITOR_METRICS_TARGETS": "a=htp://u:s3cret@h"})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("metrics.prometheus_url", "prometheus:9090"),
        ("metrics.prometheus_headers", "no colon"),
        ("metrics.prometheus_headers", "bad name: x"),
    ],
)
def test_other_addresses_are_checked_at_the_start(key, value):
    """Not at the first query."""
    with pytest.raises(InvalidSetting, match=key):
        load(environ={}, arguments={key: value})


def test_one_way_of_authentication():
    """Token or user, not both."""
    arguments = {"metrics.prometheus_bearer_token": "t", "metrics.prometheus_username": "u"}
    with pytest.raises(InvalidSetting, match="exclude"):
        load(environ={}, arguments=arguments)


def test_secrets_are_hidden():
    """Tokens wholly, addresses but for their passwords."""
    arguments = {
        "metrics.prometheus_bearer_token": "t0p",
        "metrics.targets": "a=http://u:s3cret@h:1/metrics, b=http://h:2/metrics",
    }
    told = {value.setting.key: value.text for value in describe(load(environ={}, arguments=arguments))}
    assert told["metrics.prometheus_bearer_token"] == "***"
    assert told["metrics.prometheus_password"] == ""
    assert "s3cret" not in told["metrics.targets"]
