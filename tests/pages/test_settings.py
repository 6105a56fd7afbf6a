PAGE = "pages/settings/settings.py"


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
    editor = next(one for one in page.test.data_editor if "Threshold" in one.value.columns)
    row = list(editor.value["Threshold"]).index("psi_high")
    page.test.session_state["thresholds-shop-0"] = {
        "edited_rows": {row: {"This model": "0.3"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    page.press("Save thresholds")
    assert installation.services.models.get("shop").thresholds == {"psi_high": 0.3}
    page.press("Reset to the installation's")
    assert installation.services.models.get("shop").thresholds == {}


def test_a_threshold_out_of_range_is_refused_in_words(open_page, installation):
    """The message names key, value and what is allowed."""
    installation.model()
    page = open_page(PAGE)
    page.test.session_state["thresholds-shop-0"] = {
        "edited_rows": {0: {"This model": "7"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    page.press("Save thresholds")
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
