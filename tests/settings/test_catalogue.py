"""Every setting is described; secrets are not shown."""

import pytest

from monitor_core.settings import Settings, describe, known_settings, load, redacted


def test_every_setting_accepts_its_own_default():
    """A default out of its own range would be a trap."""
    for setting in known_settings().values():
        assert setting.bound is None or setting.bound.accepts(setting.default), setting.key


def test_the_environment_can_give_every_setting(tmp_path, monkeypatch):
    """No two settings share a variable, and each default survives the way through text."""
    monkeypatch.chdir(tmp_path)
    environ = {setting.variable: str(setting.default) for setting in known_settings().values()}
    assert len(environ) == len(known_settings())
    assert load(environ=environ) == Settings()


def test_description_names_value_and_origin(tmp_path, monkeypatch):
    """File lines, variables and arguments are told apart."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "monitor.toml").write_text("# first\nport = 9000\n", encoding="utf-8")
    loaded = load(environ={"MONITOR_DRIFT_FDR": "0.05"}, arguments={"host": "::1"})
    told = {value.setting.key: (value.text, value.origin) for value in describe(loaded)}
    assert told["port"] == ("9000", "monitor.toml, line 2")
    assert told["drift.fdr"] == ("0.05", "MONITOR_DRIFT_FDR")
    assert told["host"] == ("::1", "argument")
    assert told["drift.min_rows"] == ("50", "default")
    assert told["snapshots.keep_rows"] == ("false", "default")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u:p@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p@ss:w/rd@h/d", "postgresql://u:***@h/d"),
        ("postgresql://h/d?user=u&password=p", "postgresql://h/d?user=u&password=***"),
        ("postgresql://h/d?sslpassword=p&sslmode=require", "postgresql://h/d?sslpassword=***&sslmode=require"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("sqlite:////data/monitor.db", "sqlite:////data/monitor.db"),
        ("", ""),
    ],
)
def test_passwords_are_starred_out(address, shown):
    """Wherever an address may hold one."""
    assert redacted(address) == shown


def test_the_default_database_lies_in_the_data_folder(tmp_path):
    """Unless an address is given."""
    assert Settings(data_dir=tmp_path).database == f"sqlite:///{tmp_path}/monitor.db"
    assert Settings(database_url="postgresql://h/d").database == "postgresql://h/d"
