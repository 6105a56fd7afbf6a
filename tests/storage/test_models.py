"""Models and versions on both databases."""

import pytest
from sqlalchemy import func, insert, select

from monitor_core.errors import Conflict, InvalidInput, InvalidSetting, NotFound
from monitor_core.settings import DriftSettings, PerformanceSettings
from monitor_core.storage import schema
from monitor_core.storage.models import ModelStore
from monitor_core.storage.trail import Trail
from monitor_core.values import Granularity, ModelRef

REF = ModelRef("churn", "1.0")


@pytest.fixture
def trail(engine, clock):
    return Trail(engine, clock)


@pytest.fixture
def models(engine, trail, clock):
    return ModelStore(engine, trail, clock)


@pytest.fixture
def churn(models):
    return models.add("churn", title="Churn", version="1.0", granularity="week", actor="ann")


def a_snapshot(engine, clock, **values):
    row = {
        "snapshot_id": "s1",
        "model_id": "churn",
        "version": "1.0",
        "purpose": "current",
        "state": "ready",
        "filename": "a.csv",
        "sha256": "0" * 64,
        "size_bytes": 20 * 2**30,
        "format": "csv",
        "uploaded_at": clock(),
    }
    with engine.begin() as connection:
        connection.execute(insert(schema.snapshot), {**row, **values})


class TestModels:
    """What there is to know about a model."""

    def test_a_model_is_kept_as_given(self, models, clock):
        """Everything comes back; the title is the id unless given."""
        added = models.add("churn", kind="binary classifier", owner="Ann", granularity="rows:500", actor="ann")
        assert added == models.get("churn")
        assert (added.title, added.kind, added.owner, added.created_at) == (
            "churn",
            "binary classifier",
            "Ann",
            clock(),
        )
        assert added.granularity == Granularity.parse("rows:500")
        assert (added.roles, added.thresholds, added.is_example, added.is_archived) == (None, {}, False, False)

    @pytest.mark.usefixtures("churn")
    def test_an_id_is_taken_once(self, models):
        """The second one is refused and the first stays."""
        with pytest.raises(Conflict, match="'churn' exists already"):
            models.add("churn", title="Other", actor="bob")
        assert models.get("churn").title == "Churn"

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"granularity": "decade"}, "'decade'"),
            ({"title": "x" * 201}, "title of 201 characters"),
            ({"version": "a b"}, "version 'a b'"),
        ],
    )
    def test_bad_values_are_refused(self, models, values, message):
        """Nothing is stored."""
        with pytest.raises(InvalidInput, match=message):
            models.add("churn", actor="ann", **values)
        assert models.list() == ()

    def test_an_unknown_model_is_named(self, models):
        """With what to do."""
        with pytest.raises(NotFound, match="no model 'chrun'"):
            models.get("chrun")

    @pytest.mark.usefixtures("churn")
    def test_an_update_changes_what_is_given(self, models, trail):
        """The rest stays, and the trail tells from what to what."""
        updated = models.update("churn", owner="Bob", actor="ann")
        assert (updated.owner, updated.title) == ("Bob", "Churn")
        record = trail.list(action="model.update")[0]
        assert (record.actor, record.detail) == ("ann", {"owner": {"from": "", "to": "Bob"}})

    @pytest.mark.usefixtures("churn")
    def test_an_update_without_change_is_not_recorded(self, models, trail):
        """Pressing save twice is no action."""
        models.update("churn", title="Churn", granularity="week", actor="ann")
        assert trail.list(action="model.update") == ()

    @pytest.mark.usefixtures("churn")
    def test_the_granularity_changes_only_without_data(self, models, engine, clock):
        """Stored summaries are labelled by it."""
        assert models.update("churn", granularity="day", actor="ann").granularity == Granularity.parse("day")
        a_snapshot(engine, clock)
        with pytest.raises(Conflict, match="holds data by day; it cannot change to month"):
            models.update("churn", granularity="month", actor="ann")

    @pytest.mark.usefixtures("churn")
    def test_archived_models_are_listed_on_request(self, models, clock):
        """Archiving is undone by restoring; doing it twice is no error."""
        assert models.archive("churn", actor="ann").archived_at == clock()
        models.archive("churn", actor="ann")
        assert models.list() == ()
        assert [model.model_id for model in models.list(archived=True)] == ["churn"]
        assert not models.restore("churn", actor="ann").is_archived
        assert len(models.list()) == 1

    @pytest.mark.usefixtures("churn")
    def test_roles_are_remembered(self, models, engine):
        """In the transaction of the upload."""
        roles = {"columns": [["age", "feature"]], "fixed_date": None, "segment": None}
        with engine.begin() as connection:
            models.remember_roles("churn", roles, connection=connection)
        assert models.get("churn").roles == roles


@pytest.mark.usefixtures("churn")
class TestThresholds:
    """A model's own thresholds."""

    def test_they_win_over_the_general_ones(self, models):
        """Only the named ones."""
        model = models.set_thresholds("churn", {"psi_high": 0.3, "min_rows": 10}, actor="ann")
        assert model.drift_settings(DriftSettings(fdr=0.05)) == DriftSettings(fdr=0.05, psi_high=0.3, min_rows=10)

    def test_bad_ones_are_refused(self, models):
        """With the name and the range."""
        with pytest.raises(InvalidSetting, match=r"'drift.fdr': 7 is not allowed"):
            models.set_thresholds("churn", {"fdr": 7}, actor="ann")
        assert models.get("churn").thresholds == {}

    def test_setting_none_returns_to_the_general_ones(self, models, trail):
        """And each edit is recorded."""
        models.set_thresholds("churn", {"psi_high": 0.3}, actor="ann")
        assert models.set_thresholds("churn", {}, actor="bob").thresholds == {}
        edits = trail.list(action="model.thresholds")
        assert [edit.detail["thresholds"]["to"] for edit in edits] == [{}, {"psi_high": 0.3}]


@pytest.mark.usefixtures("churn")
class TestVersions:
    """Versions of a model."""

    def test_versions_come_newest_first(self, models, clock):
        """By the time they were added."""
        clock.advance(days=1)
        models.add_version(ModelRef("churn", "2.0"), training_date="2026-10-01", note="more data", actor="ann")
        versions = models.versions("churn")
        assert [version.ref.version for version in versions] == ["2.0", "1.0"]
        assert (versions[0].training_date, versions[0].note) == ("2026-10-01", "more data")

    def test_importance_is_kept(self, models):
        """And can be changed later."""
        version = models.update_version(REF, importance={"age": 3, "income": 0.5}, actor="ann")
        assert version.importance == {"age": 3.0, "income": 0.5}
        assert models.version(REF) == version

    @pytest.mark.parametrize("share", [-1, float("nan"), True, "much"])
    def test_importance_is_a_number(self, models, share):
        """At least 0."""
        with pytest.raises(InvalidInput, match="importance of feature 'age'"):
            models.update_version(REF, importance={"age": share}, actor="ann")

    def test_a_bad_training_date_is_refused(self, models):
        """Dates are ISO dates."""
        with pytest.raises(InvalidInput, match="'last week'"):
            models.add_version(ModelRef("churn", "3"), training_date="last week", actor="ann")

    def test_a_version_is_added_once_and_to_a_model(self, models):
        """Twice is a conflict, to nothing is not found."""
        with pytest.raises(Conflict, match=r"version '1.0' already"):
            models.add_version(REF, actor="ann")
        with pytest.raises(NotFound, match="no model 'fraud'"):
            models.add_version(ModelRef("fraud", "1"), actor="ann")

    def test_an_unknown_version_names_the_known_ones(self, models):
        """So that a typing mistake is seen at once."""
        with pytest.raises(NotFound, match=r"no version '9' \(it has '1.0'\)"):
            models.version(ModelRef("churn", "9"))

    def test_versions_of_an_unknown_model(self, models):
        """Not an empty list."""
        with pytest.raises(NotFound, match="no model 'fraud'"):
            models.versions("fraud")


@pytest.mark.usefixtures("churn")
class TestDelete:
    """Deleting takes everything along but the trail."""

    def test_nothing_of_the_model_stays(self, models, engine, clock):
        """Snapshots, grids, baselines, runs and what hangs on them; the snapshots' ids are given back."""
        a_snapshot(engine, clock)
        key = {"model_id": "churn", "version": "1.0", "created_at": clock()}
        baseline = {
            "baseline_id": "b",
            "number": 1,
            "kind": "fixed",
            "origin": {},
            "grid_id": "g",
            "sha256": "",
            "n_rows": 1,
            "n_features": 1,
            "n_granules": 0,
        }
        with engine.begin() as connection:
            connection.execute(insert(schema.drift_grid), {**key, "grid_id": "g", "payload": b""})
            connection.execute(insert(schema.baseline), {**key, **baseline})
            connection.execute(
                insert(schema.drift_summary),
                {
                    "grid_id": "g",
                    "snapshot_id": "s1",
                    "granule": "2026",
                    "segment": "",
                    "block": 0,
                    "n_rows": 1,
                    "payload": b"",
                },
            )
        assert models.delete("churn", actor="ann") == ("s1",)
        with engine.connect() as connection:
            for table in set(schema.metadata.sorted_tables) - {schema.audit_event}:
                assert connection.scalar(select(func.count()).select_from(table)) == 0, table.name

    def test_the_trail_tells(self, models, trail):
        """Who deleted what."""
        models.delete("churn", actor="ann")
        newest = trail.list(limit=1)[0]
        assert (newest.action, newest.subject, newest.actor) == ("model.delete", "churn", "ann")
        assert trail.verify() is None

    def test_other_models_stay(self, models):
        """Only the named one goes."""
        models.add("fraud", actor="ann")
        models.delete("churn", actor="ann")
        assert [model.model_id for model in models.list(archived=True)] == ["fraud"]


@pytest.mark.usefixtures("churn")
class TestThresholdsOfTwoGroups:
    """Drift and performance are judged by thresholds of one mapping."""

    def test_each_group_reads_its_own(self, models):
        """Names of the other group do not disturb."""
        model = models.set_thresholds("churn", {"psi_high": 0.3, "horizon": 14}, actor="ann")
        assert model.drift_settings(DriftSettings()) == DriftSettings(psi_high=0.3)
        assert model.performance_settings(PerformanceSettings()) == PerformanceSettings(horizon=14)

    def test_one_group_is_replaced_alone(self, models):
        """A page that shows one group keeps the other."""
        models.set_thresholds("churn", {"psi_high": 0.3, "horizon": 14}, actor="ann")
        model = models.set_thresholds("churn", {"min_rows": 10}, group="drift", actor="ann")
        assert model.thresholds == {"horizon": 14, "min_rows": 10}
        assert models.set_thresholds("churn", {}, group="performance", actor="ann").thresholds == {"min_rows": 10}

    @pytest.mark.parametrize(
        ("thresholds", "group", "message"),
        [
            ({"horizon": -7}, None, "'performance.horizon': -7"),
            ({"f1_drop_minor": 0.2}, None, "0.2 is more than"),
            ({"horizons": 7}, None, "'horizons' is not a threshold"),
            ({"psi_high": 0.3}, "performance", "'psi_high' is not a threshold"),
            ({"horizon": 3}, "drift", "'horizon' is not a threshold"),
        ],
    )
    def test_bad_ones_are_refused(self, models, thresholds, group, message):
        """Each by the rules of its group."""
        with pytest.raises(InvalidSetting, match=message):
            models.set_thresholds("churn", thresholds, group=group, actor="ann")

    def test_no_name_is_in_both_groups(self):
        """Else a model's own could not be told apart."""
        assert not {*DriftSettings.__dataclass_fields__} & {*PerformanceSettings.__dataclass_fields__}
