"""Settings come from defaults, file, environment and arguments, in that order."""

from pathlib import Path

import pytest

from monitor_core.errors import InvalidSetting
from monitor_core.settings import DriftSettings, Settings, load, override


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    """Each test runs in a folder of its own, where `monitor.toml` is looked for."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def toml(text: str, name: str = "monitor.toml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


class TestOrder:
    """The later place wins."""

    def test_nothing_given_is_the_default(self):
        """An empty environment and no file give the defaults."""
        assert load(environ={}) == Settings()

    def test_the_file_beats_the_default(self):
        """`monitor.toml` of the working folder is read, nested tables too."""
        toml("port = 9000\n[drift]\nfdr = 0.05\n")
        loaded = load(environ={})
        assert (loaded.port, loaded.drift.fdr, loaded.host) == (9000, 0.05, "127.0.0.1")

    def test_the_environment_beats_the_file(self):
        """Names are upper-case, groups joined by an underscore."""
        toml("port = 9000\n[snapshots]\nkeep_rows = true\n")
        loaded = load(environ={"MONITOR_PORT": "9001", "MONITOR_SNAPSHOTS_KEEP_ROWS": "no"})
        assert (loaded.port, loaded.snapshots.keep_rows) == (9001, False)

    def test_arguments_beat_the_environment(self):
        """Arguments that were not given (None) do not count."""
        loaded = load(environ={"MONITOR_PORT": "9001"}, arguments={"port": 9002, "host": None})
        assert (loaded.port, loaded.host) == (9002, "127.0.0.1")

    def test_a_named_file_replaces_the_usual_one(self):
        """`MONITOR_CONFIG` names another file, an argument yet another."""
        toml("port = 1")
        toml("port = 2", "two.toml")
        three = toml("port = 3", "three.toml")
        assert load(environ={"MONITOR_CONFIG": "two.toml"}).port == 2
        assert load(file=three, environ={"MONITOR_CONFIG": "two.toml"}).port == 3

    def test_variables_of_the_test_suite_are_passed_over(self):
        """The suite's own variables begin alike."""
        assert load(environ={"MONITOR_REQUIRE": "postgres", "MONITOR_SHARED": "/x"}) == Settings()


class TestAliases:
    """LOG_LEVEL and LOG_FORMAT are what other programs use as well."""

    def test_they_work_below_our_own_name(self):
        """Our own name is more particular and wins."""
        assert load(environ={"LOG_LEVEL": "debug"}).log_level == "DEBUG"
        assert load(environ={"LOG_LEVEL": "debug", "MONITOR_LOG_LEVEL": "error"}).log_level == "ERROR"

    def test_a_bad_value_warns_and_counts_for_nothing(self):
        """A program must not fail to start for a variable that was meant for another."""
        with pytest.warns(RuntimeWarning, match="'chatty' is not allowed"):
            assert load(environ={"LOG_LEVEL": "chatty"}).log_level == "INFO"

    def test_a_bad_value_under_our_name_is_an_error(self):
        """That one was meant for us."""
        with pytest.raises(InvalidSetting, match="MONITOR_LOG_LEVEL"):
            load(environ={"MONITOR_LOG_LEVEL": "chatty"})


class TestErrors:
    """A mistake is named with its place and the way out."""

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("prot = 1", r"'prot' is not a setting \(monitor.toml, line 1\) \(did you mean port\?\)"),
            ("\n[drift]\nfrd = 0.1", r"'drift.frd' is not a setting \(monitor.toml, line 3\) \(did you mean drift.fdr"),
            ("[drfit]\nfdr = 0.1", r"'drfit' is not a setting \(monitor.toml, line 1\)"),
            (
                "[drift]\n\nfdr = 2.0",
                r"'drift.fdr': 2.0 is not allowed \(monitor.toml, line 3\) \(allowed: a number, 1e-06 to 0.5",
            ),
            ("port = 'many'", r"'port': 'many' is not allowed \(monitor.toml, line 1\) \(allowed: a whole number"),
            ("port = '80'", "'80' is not allowed"),
            ("port = true", "True is not allowed"),
            ("port = 80.5", "80.5 is not allowed"),
            ("drift.multivariate = 1", "'drift.multivariate': 1 is not allowed .*true or false"),
            ("drift.fdr = nan", "nan is not allowed"),
            ("drift.dependence = 'some'", "allowed: independent or any"),
            ("drift = 5", "'drift' is not a setting"),
            ("host = 5", "'host': 5 is not allowed .*text"),
            ("data_dir = ''", "'data_dir': '' is not allowed"),
            ("port = ", "monitor.toml cannot be read"),
        ],
    )
    def test_in_the_file(self, text, message):
        """Key, value, line and what is allowed."""
        toml(text)
        with pytest.raises(InvalidSetting, match=message):
            load(environ={})

    def test_in_the_environment(self):
        """Unknown variables of ours and bad values name the variable."""
        with pytest.raises(
            InvalidSetting, match=r"MONITOR_DRIFT_FRD is not a setting \(did you mean MONITOR_DRIFT_FDR"
        ):
            load(environ={"MONITOR_DRIFT_FRD": "0.1"})
        with pytest.raises(InvalidSetting, match=r"'port': '8o' is not allowed \(MONITOR_PORT\)"):
            load(environ={"MONITOR_PORT": "8o"})

    def test_in_an_argument(self):
        """Unknown keys name the nearest one."""
        with pytest.raises(InvalidSetting, match=r"'hots' is not a setting \(argument\) \(did you mean host"):
            load(environ={}, arguments={"hots": "x"})

    def test_a_named_file_must_exist(self):
        """A typing mistake in the name must not mean the defaults."""
        with pytest.raises(InvalidSetting, match=r"'absent.toml' does not exist"):
            load(environ={"MONITOR_CONFIG": "absent.toml"})

    def test_settings_that_contradict_each_other(self):
        """The larger threshold may not be below the smaller one."""
        with pytest.raises(InvalidSetting, match=r"'drift.psi_moderate': 0.3 is more than 'drift.psi_high', 0.25"):
            load(environ={"MONITOR_DRIFT_PSI_MODERATE": "0.3"})

    def test_a_password_is_never_repeated(self):
        """Not in the error either."""
        with pytest.raises(InvalidSetting) as caught:
            load(environ={}, arguments={"database_url": 5})
        assert "the value is not allowed" in str(caught.value)
        assert "s3cret" not in repr(Settings(database_url="postgresql://a:s3cret@h/d"))


class TestOverride:
    """A model's own thresholds."""

    def test_named_thresholds_replace_the_rest_stays(self):
        """Only what is named changes."""
        made = override(DriftSettings(min_rows=10), {"psi_high": 0.3, "confirm_hits": 1})
        assert (made.psi_high, made.confirm_hits, made.min_rows) == (0.3, 1, 10)

    def test_an_unknown_threshold_is_refused(self):
        """With the nearest name."""
        with pytest.raises(InvalidSetting, match=r"'psi_hi' is not a threshold \(did you mean psi_high"):
            override(DriftSettings(), {"psi_hi": 0.3})

    def test_a_value_out_of_range_is_refused(self):
        """With where it stands."""
        with pytest.raises(InvalidSetting, match=r"'drift.fdr': 3 is not allowed \(model 'churn'\)"):
            override(DriftSettings(), {"fdr": 3}, source="model 'churn'")
