import pytest

from marketplace.catalogue.sanitising import LONGEST, render, sanitise

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "<svg onload=alert(1)><p>x</p></svg>",
    "<style>p{background:url(javascript:1)}</style>",
    "<p style='x' onclick='alert(1)'>x</p>",
    "<iframe src='//evil'></iframe>",
    "<math><mtext></p><script>alert(1)</script>",
    "<<script>script>alert(1)<</script>/script>",
    "<!--><script>alert(1)</script>-->",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("clean", [sanitise, render])
def test_nothing_hostile_survives(text, clean):
    cleaned = clean(f"<p>before</p>{text}").lower()
    for word in ("<script", "onerror", "onload", "onclick", "href", "<svg", "<style", "<iframe", "style="):
        assert word not in cleaned


def test_plain_elements_survive_without_attributes():
    assert sanitise('<p class="x">Un <em>été</em><br/>à Paris</p>') == "<p>Un <em>été</em><br>à Paris</p>"


def test_plain_text_gets_its_paragraphs():
    assert sanitise("A < B & C\n\nSecond") == "<p>A &lt; B &amp; C</p><p>Second</p>"
    assert sanitise("  \n ") == ""


def test_render_changes_nothing_that_is_clean():
    clean = sanitise("<p>Un <strong>mot</strong></p>\n\n<ul><li>x</li></ul>")
    assert render(clean) == clean


def test_long_text_is_cut():
    assert len(sanitise("x" * (LONGEST * 2))) <= LONGEST + len("<p></p>")
