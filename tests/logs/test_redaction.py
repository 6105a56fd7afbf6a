"""What must not stand in a log."""

import json
import time

import pytest

from monitor_core.logs import JSONFormatter, Redaction
from monitor_core.logs.redaction import HIDDEN, is_card

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
KIND = "RSA PRIVATE" + " KEY"  # in two parts, as the one above: this file holds no key
PEM = f"-----BEGIN {KIND}-----\nMIIEow\nIBAAK\n-----END {KIND}-----"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"got {JWT}, refused", f"got {HIDDEN}, refused"),
        ("Authorization: Bearer abcdef123456", f"Authorization: Bearer {HIDDEN}"),
        ("header 'Basic dXNlcjpwYXNz'", f"header 'Basic {HIDDEN}'"),
        ("redis://:pa55@cache:6379/0", f"redis://{HIDDEN}@cache:6379/0"),
        ("https://ann:s3cr3t@host/x?y=1", f"https://{HIDDEN}@host/x?y=1"),
        ("https://host:8080/a@b", "https://host:8080/a@b"),
        ("password=hunter2&x=1", f"password={HIDDEN}&x=1"),
        ('{"api_key": "k v", "n": 1}', f'{{"api_key": {HIDDEN}, "n": 1}}'),
        ("PASSWORD: 'a b'", f"PASSWORD: {HIDDEN}"),
        ("access_token=ya29.a0Af", f"access_token={HIDDEN}"),
        ("max_tokens=512, tokens: 17", "max_tokens=512, tokens: 17"),
        ("the secret of success", "the secret of success"),
        ("a monkey: banana", "a monkey: banana"),
        (f"-{PEM}-", f"-{HIDDEN}-"),
        (AWS, HIDDEN),
        ("ghp_" + "a" * 36, HIDDEN),
        ("sk-" + "a1" * 12, HIDDEN),
        ("xoxb-1234567890-abc", HIDDEN),
        ("write to ann.b+c@mail.example.org!", f"write to {HIDDEN}!"),
        ("user@host", "user@host"),
        ("card 4111-1111-1111-1111.", f"card {HIDDEN}."),
        ("amex 378282246310005", f"amex {HIDDEN}"),
        ("order 4111111111111112", "order 4111111111111112"),
        ("at 1763116200123456789 ns", "at 1763116200123456789 ns"),
        ("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace 4bf92f3577b34da6a3ce929d0e0e4736"),
    ],
)
def test_patterns(text, expected):
    """Each kind is found, and what only looks like it stays."""
    redaction = Redaction()
    assert redaction.scrub(text) == expected
    assert redaction.suspects(text) or text == expected


@pytest.mark.parametrize(
    ("key", "value", "is_hidden"),
    [
        ("password", "x", True),
        ("DB_PASSWORD", 5, True),
        ("X-Api-Key", "x", True),
        ("Set-Cookie", "a=b", True),
        ("client secret", {"a": 1}, True),
        ("refreshToken", "x", True),
        ("max_tokens", 512, False),
        ("token_counts", [1, 2], False),
        ("password", None, False),
        ("key", "x", False),
        ("monkey", "x", False),
    ],
)
def test_keys(key, value, is_hidden):
    """A key's name hides its value; numbers of tokens are counts."""
    assert (Redaction().secret(key, value) == HIDDEN) is is_hidden


def test_keys_and_patterns_of_ones_own():
    """Further key names; e-mail and cards can stay."""
    redaction = Redaction(keys=["patient_id"], emails=False, cards=False)
    assert redaction.secret("PatientID", "7") == HIDDEN
    assert redaction.scrub("a@b.org 4111111111111111") == "a@b.org 4111111111111111"


@pytest.mark.parametrize("name", ["native", "ecs", "otel", "datadog", "splunk"])
def test_a_line_hides_them_everywhere(make_record, name):
    """Message, arguments, context at any depth, extras, exception: in every format."""
    error = ValueError("password=hunter2")
    info = (ValueError, error, None)
    record = make_record(
        "login with %s", ("token=hunter2",), exc_info=info, url="x://a:hunter2@h",
        context={"deep": [{"password": "hunter2"}], "text": "secret: hunter2"},
        exc_text="hunter2", stack_info="pwd=hunter2",
    )  # fmt: skip
    line = JSONFormatter(name).format(record)
    assert "hunter2" not in line
    assert json.loads(line)


def test_the_caller_keeps_his_objects(make_record):
    """Redaction changes the line, not what was logged."""
    context = {"password": "hunter2"}
    JSONFormatter().format(make_record(context=context))
    assert context == {"password": "hunter2"}


def test_switched_off(make_record):
    """`redaction=False` hides nothing."""
    assert "hunter2" in JSONFormatter(redaction=False).format(make_record(context={"password": "hunter2"}))


@pytest.mark.parametrize(
    "text",
    ["a" * 33_000, "a." * 16_000, "a@" * 16_000, "://a:" * 6_000, "password=" * 3_600, "eyJ" * 11_000,
     "eyJaaaaa." * 3_600, "4 1" * 11_000, f"-----BEGIN {KIND}-----" * 1_100, "bearer " * 4_600, "sk-" * 11_000,
     "'\"" * 16_000 + "token",
     "a@" + "a-" * 16_000, "a@" + "a." * 16_000, "token" + " " * 32_000, "token='" * 4_600],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_patterns_are_linear(text):
    """32 KB of what a pattern likes to try: some milliseconds."""
    started = time.process_time()
    Redaction().scrub(text)
    assert time.process_time() - started < 0.25


@pytest.mark.parametrize("digits", ["30569309025904", "6011111111111117", "5555555555554444", "2223003122003222"])
def test_cards_of_known_issuers(digits):
    """Published test numbers."""
    assert is_card(digits)
