"""The services come up on any database, and say clearly when they cannot."""

import subprocess
import sys

import pytest
from sqlalchemy import text

from monitor_core.errors import Conflict, InvalidSetting, Unavailable
from monitor_core.runtime import open_services
from monitor_core.settings import Settings
from monitor_core.storage import migrations


def test_an_empty_database_is_made_ready(empty_url, tmp_path):
    """The schema is made, every service answers."""
    with open_services(Settings(data_dir=tmp_path / "deep" / "data", database_url=empty_url)) as services:
        assert migrations.current(services.engine) == migrations.head()
        assert services.models.list() == ()
        assert services.snapshots.list() == ()
        assert services.trail.verify() is None


def test_without_an_address_the_database_lies_in_the_data_folder(tmp_path):
    """One folder holds everything."""
    with open_services(Settings(data_dir=tmp_path / "data")):
        assert (tmp_path / "data" / "monitor.db").is_file()


def test_several_processes_may_start_at_once(empty_url, tmp_path):
    """Web process, worker and a command on an empty installation."""
    program = (
        "import sys; from pathlib import Path; from monitor_core.runtime import open_services;"
        "from monitor_core.settings import Settings;"
        "open_services(Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2])).close()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "data"), empty_url]
    started = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(timeout=120) for process in started] == [0, 0, 0]


def test_a_database_out_of_reach_is_named_without_its_password(tmp_path):
    """What, why, and where to look."""
    address = f"postgresql://ann:s3cret@/none?host={tmp_path}"
    with pytest.raises(Unavailable, match=r"ann:\*\*\*@.*cannot be used") as caught:
        open_services(Settings(data_dir=tmp_path, database_url=address))
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path):
    """A mistyped path must not be overwritten."""
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, not a database " * 100, encoding="utf-8")
    with pytest.raises(Unavailable, match="not a database"):
        open_services(Settings(data_dir=tmp_path, database_url=f"sqlite:///{path}"))
    assert path.read_text(encoding="utf-8").startswith("these are my notes")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """A file is in the way."""
    (tmp_path / "data").write_text("", encoding="utf-8")
    with pytest.raises(InvalidSetting, match="cannot be made"):
        open_services(Settings(data_dir=tmp_path / "data" / "inner"))


def test_a_newer_database_is_refused(engine, database_url, tmp_path):
    """Before anything is read from it."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="newer release"):
        open_services(Settings(data_dir=tmp_path, database_url=database_url))
