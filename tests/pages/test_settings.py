from datetime import date

PAGE = "pages/settings/settings.py"


def thresholds(page, name):
    tables = (one for one in page.test.data_editor if "Threshold" in one.value.columns)
    return next(one for one in tables if name in list(one.value["Threshold"]))


def press(page, key):
    page.test.button(key=key).click().run()
    assert not page.test.exception


def change(page, group, name, value):
    row = list(thresholds(page, name).value["Threshold"]).index(name)
    edit = {"edited_rows": {row: {"This model": value}}, "added_rows": [], "deleted_rows": []}
    page.test.session_state[f"thresholds-{group}-shop-0"] = edit
    press(page, f"save-thresholds-{group}")


def test_an_empty_installation_shows_its_configuration(open_page):
    """With where each value came from."""
    page = open_page(PAGE)
    table = next(one.value for one in page.test.dataframe if "Setting" in one.value.columns)
    row = table.set_index("Setting").loc["data_dir"]
    assert row["From"] == "MONITOR_DATA_DIR"


def test_thresholds_of_a_model_can_be_changed_and_reset(open_page, installation):
    """Only what differs is kept."""
    installation.model()
    page = open_page(PAGE)
    editor = thresholds(page, "psi_high")
    row = list(editor.value["Threshold"]).index("psi_high")
    page.test.session_state["thresholds-drift-shop-0"] = {
        "edited_rows": {row: {"This model": "0.3"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    press(page, "save-thresholds-drift")
    assert installation.services.models.get("shop").thresholds == {"psi_high": 0.3}
    press(page, "reset-thresholds-drift")
    assert installation.services.models.get("shop").thresholds == {}


def test_a_threshold_out_of_range_is_refused_in_words(open_page, installation):
    """The message names key, value and what is allowed."""
    installation.model()
    page = open_page(PAGE)
    page.test.session_state["thresholds-drift-shop-0"] = {
        "edited_rows": {0: {"This model": "7"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    press(page, "save-thresholds-drift")
    assert "0" in page.test.error[0].value
    assert installation.services.models.get("shop").thresholds == {}


def test_a_model_is_deleted_only_when_its_name_is_typed(open_page, installation):
    """And everything of it goes."""
    installation.judged()
    page = open_page(PAGE)
    assert page.button("Delete for good").disabled
    page.test.text_input(key="delete-name").input("shop").run()
    page.press("Delete for good")
    assert not installation.services.models.list(archived=True)


def test_an_archived_model_can_come_back(open_page, installation):
    """Archiving deletes nothing."""
    installation.model()
    page = open_page(PAGE).press("Archive")
    assert "In the archive" in page.words()
    page.press("Restore")
    assert [model.model_id for model in installation.services.models.list()] == ["shop"]


def test_the_trail_can_be_verified(open_page, installation):
    """What operators did, and that nobody changed the record."""
    installation.model()
    page = open_page(PAGE).press("Verify the chain")
    assert "The chain holds" in page.test.success[0].value


def test_the_description_of_a_model_is_saved(open_page, installation):
    """By a form, in one action."""
    installation.model()
    page = open_page(PAGE)
    next(one for one in page.test.text_input if one.label == "Owner").input("Team Blue")
    page.test.form_submit_button[0].click().run()
    assert installation.services.models.get("shop").owner == "Team Blue"


def test_thresholds_of_performance_stand_beside_those_of_drift(open_page, installation):
    """Saving one kind leaves the other as it is."""
    ref = installation.model()
    page = open_page(PAGE)
    change(page, "performance", "switching_cost", "0.02")
    change(page, "drift", "psi_high", "0.3")
    assert installation.services.models.get("shop").thresholds == {"switching_cost": 0.02, "psi_high": 0.3}
    assert installation.services.performance.settings_of(ref).switching_cost == 0.02
    press(page, "reset-thresholds-performance")
    assert installation.services.models.get("shop").thresholds == {"psi_high": 0.3}


def test_the_version_in_service_is_written_down(open_page, installation):
    """It is shown as live, can be taken out again, and the trail knows both."""
    ref = installation.model()
    page = open_page(PAGE)
    assert "No version is written down as serving" in page.words()
    page.press("Write it down")
    assert ":green-badge[Live] **1\\.0**" in page.words()
    assert installation.services.deployments.live("shop").ref == ref
    page.press("Take out of service")
    assert installation.services.deployments.live("shop") is None
    assert {one.action for one in installation.services.trail.list()} >= {"version.deploy", "version.withdraw"}


def test_a_deployment_before_the_last_change_is_refused_in_words(open_page, installation):
    """What is told afterwards may not rewrite what was told before."""
    ref = installation.model()
    installation.services.deployments.start(ref, actor="test")
    installation.services.models.add_version(type(ref)("shop", "2.0"), actor="test")
    page = open_page(PAGE)
    next(one for one in page.test.selectbox if one.label == "Version").select("2.0")
    next(one for one in page.test.date_input if one.label == "Since").set_value(date(2026, 1, 1))
    page.press("Write it down")
    assert "which is after" in page.test.error[0].value
    assert installation.services.deployments.live("shop").ref == ref
