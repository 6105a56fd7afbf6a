"""A real installation in a temporary folder, the work of its worker done in the test, and its pages."""

import io
import itertools
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from monitor_core.jobs import commands, supervisor
from monitor_core.jobs.handlers import HANDLERS
from monitor_core.jobs.perform import perform
from monitor_core.jobs.queue import JobState
from monitor_core.runtime import open_services
from monitor_core.settings import load
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.values import ModelRef

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "**x** <img src=x onerror=alert(1)> :red[a] [a](javascript:alert(1))"


def make_table(first, days, *, shift_from=None, rows=240, seed=1, hostile=HOSTILE):
    """Days of quiet data; from `shift_from` on, `amount` has moved by a standard deviation."""
    rng = np.random.default_rng(seed)
    start = np.datetime64(first)
    day = np.repeat(np.arange(days), rows)
    moved = np.zeros(len(day)) if shift_from is None else (start + day >= np.datetime64(shift_from)).astype(float)
    return pa.table(
        {
            "id": [f"c{i}" for i in range(len(day))],
            "date": [str(one) for one in start + day],
            "amount": rng.normal(0, 1, len(day)) + moved,
            "quiet": rng.normal(5, 2, len(day)),
            "channel": rng.choice(["shop", "web", "phone"], len(day)),
            hostile: rng.normal(0, 1, len(day)),
        }
    )


def parquet(table):
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def roles_of(table, segment=None):
    special = {"id": Role.ENTITY_ID, "date": Role.TIMESTAMP}
    return Roles(tuple((name, special.get(name, Role.FEATURE)) for name in table.column_names), segment=segment)


class Installation:
    """What a test does to an installation, short."""

    hostile = HOSTILE
    table = staticmethod(make_table)
    parquet = staticmethod(parquet)

    def __init__(self, services, template=None):
        self.services = services
        self.template = template

    def work(self):
        """Do the queued jobs, as the worker would; return them as they ended."""
        queue = commands.queue(self.services)
        claims = iter(lambda: queue.claim("test"), None)
        return [perform(self.services, queue, job, HANDLERS) for job in claims]

    def model(self, model_id="shop", granularity="day"):
        self.services.models.add(model_id, title="The shop", version="1.0", granularity=granularity, actor="test")
        return ModelRef(model_id, "1.0")

    def upload(self, ref, table, purpose, *, name="data.parquet", segment=None):
        snapshots = self.services.snapshots
        staged = snapshots.stage(io.BytesIO(parquet(table)), filename=name, ref=ref, purpose=purpose, actor="test")
        commands.accept_snapshot(self.services, staged.snapshot_id, roles_of(table, segment), actor="test")
        jobs = self.work()
        assert [job.state for job in jobs] == [JobState.DONE], jobs
        return staged.snapshot_id

    def judged(self, *, segment=None):
        """A model with 30 days of baseline and 20 days of data; `amount` moves on the twelfth."""
        if self.template and not segment:
            return self.restored()
        ref = self.model()
        self.upload(ref, make_table("2026-06-01", 30), "baseline", name="june.parquet", segment=segment)
        current = make_table("2026-07-01", 20, shift_from="2026-07-12", seed=2)
        self.upload(ref, current, "current", name="july.parquet", segment=segment)
        return ref

    def restored(self):
        """The same as `judged`, from a copy made once a session."""
        folder = self.services.settings.data_dir
        self.services.engine.dispose()
        shutil.rmtree(folder)
        shutil.copytree(self.template, folder)
        return self.services.models.versions("shop")[0].ref


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Data folder of a judged installation."""
    folder = tmp_path_factory.mktemp("template") / "data"
    with open_services(load(environ={}, arguments={"data_dir": folder})) as services:
        Installation(services).judged()
    return folder


@pytest.fixture
def installation(tmp_path, monkeypatch, template):
    """An empty installation; the pages of this test see it, too."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("MONITOR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(supervisor._own, "is_supervised", True)
    st.cache_resource.clear()
    with open_services(load()) as services:
        yield Installation(services, template)
    _close_pages()


def _close_pages():
    from monitor_core.ui import access

    access.services().close()
    st.cache_resource.clear()


class Browser:
    """AppTest on one page; every run must end without an error of ours."""

    def __init__(self, page, query):
        self.test = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
        for name, value in query.items():
            self.test.query_params[name] = value
        self.test.run()
        if page:
            self.test.switch_page(page).run()
        assert not self.test.exception

    def words(self):
        """Everything that is written on the page, as Markdown."""
        kinds = ("title", "subheader", "markdown", "caption", "error", "success", "warning", "text")
        return "\n".join(str(one.value) for one in itertools.chain(*(self.test.get(kind) for kind in kinds)))

    def button(self, label):
        return next(one for one in self.test.button if one.label == label)

    def press(self, label):
        self.button(label).click().run()
        assert not self.test.exception
        return self


@pytest.fixture
def open_page(installation):
    """Open a page by its file."""
    return lambda page="", **query: Browser(page, query)
