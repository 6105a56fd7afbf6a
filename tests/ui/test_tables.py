from hypothesis import given
from hypothesis import strategies as st

from monitor_core.ui.tables import as_csv


@given(st.text(min_size=1, max_size=20))
def test_no_cell_of_text_begins_a_formula(text):
    """A spreadsheet runs what begins with =, +, - or @."""
    import csv
    import io

    cell = list(csv.reader(io.StringIO(as_csv({"a": [text]}).decode("utf-8-sig"), newline="")))[1:]
    assert not cell or not cell[0][0].startswith(("=", "+", "-", "@"))


def test_numbers_stay_numbers():
    """Also negative ones."""
    assert as_csv({"psi": [-0.5, 1]}).decode("utf-8-sig") == "psi\r\n-0.5\r\n1\r\n"
