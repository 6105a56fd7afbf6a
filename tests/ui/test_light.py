from markupsafe import Markup

from monitor_core.ui.light import Meter, Numeric, markup_table, spark, spark_markdown

HOSTILE = '<img src=x onerror=alert(1)>"&'


def test_what_people_typed_is_escaped_everywhere():
    """Names of features stand in titles, cells and descriptions."""
    found = spark([1.0, 2.0], dark=False, alt=HOSTILE)
    table = markup_table([HOSTILE], [[HOSTILE, HOSTILE, Numeric(HOSTILE)]], alt=HOSTILE)
    assert "<img src=x" not in found + table
    assert "&lt;img src=x onerror=alert(1)&gt;&#34;&amp;" in table


def test_the_first_cell_names_its_row():
    """A reader hears the feature with every number."""
    table = markup_table(["Feature", "Rows"], [["amount", Numeric("240")]], alt="Features")
    assert '<th scope="row" title="amount">amount</th><td class="number">240</td>' in table
    assert '<th scope="col">Feature</th>' in table


def test_a_meter_never_leaves_its_box():
    """Its bar is cut at full width; the number is not."""
    table = markup_table(["Feature", "PSI"], [["amount", Meter(3.21)]], alt="Features", top=0.4)
    assert 'style="width:100%"></u></b>3.21' in table


def test_markup_of_our_own_stays_markup():
    """A picture in a cell."""
    picture = spark([1.0, 2.0], dark=False, alt="PSI over time")
    assert isinstance(picture, Markup)
    assert picture in markup_table(["Feature", "Over time"], [["amount", picture]], alt="Features")


def test_a_description_does_not_end_the_picture():
    """Markdown reads the description too."""
    assert spark_markdown([1.0, 2.0], dark=False, alt="a](b)").startswith("![a\\]\\(b\\)](data:image/svg+xml;base64,")
