"""The database follows the schema."""

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from monitor_core.errors import Conflict
from monitor_core.storage.engine import open_engine
from monitor_core.storage.migrations import current, head, upgrade
from monitor_core.storage.schema import metadata


class TestUpgrade:
    """`upgrade` brings any earlier database to the present schema."""

    def test_the_outcome_equals_the_schema(self, engine):
        """Nothing that Alembic can see differs between the migrated database and `schema.metadata`."""
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []

    def test_an_empty_database_reaches_the_head(self, empty_url):
        """From nothing to the newest revision."""
        engine = open_engine(empty_url)
        assert current(engine) is None
        assert upgrade(engine) == (None, head())
        assert current(engine) == head()
        engine.dispose()

    def test_a_second_call_changes_nothing(self, engine):
        """At the head there is nothing to do."""
        assert upgrade(engine) == (head(), head())

    def test_a_database_of_a_newer_release_is_refused(self, engine):
        """An unknown revision is named and nothing is touched."""
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(Conflict, match=r"'9999'.*newer release"):
            upgrade(engine)

    def test_several_processes_may_start_at_once(self, empty_url):
        """All of them come up, and the schema is made once."""
        program = (
            "import sys; from monitor_core.storage.engine import open_engine;"
            "from monitor_core.storage.migrations import upgrade; upgrade(open_engine(sys.argv[1]))"
        )
        started = [subprocess.Popen([sys.executable, "-c", program, empty_url]) for _ in range(4)]
        assert [process.wait(timeout=60) for process in started] == [0, 0, 0, 0]
        engine = open_engine(empty_url)
        assert set(inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}
        engine.dispose()

    def test_one_transaction_holds_it_all(self, empty_url):
        """A failure half-way leaves the database as it was."""
        engine = open_engine(empty_url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE lease (name TEXT)"))  # in the way of the first revision
        with pytest.raises(Exception, match="lease"):
            upgrade(engine)
        assert inspect(engine).get_table_names() == ["lease"]
        engine.dispose()
