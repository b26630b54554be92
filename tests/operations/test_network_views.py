"""The network's settings: checked, saved, audited, seen at once."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from marketplace.foundation import network
from marketplace.foundation.models import AuditEntry, Network
from marketplace.operations.forms import GROUPS, NetworkForm

PAGE = "/board/network/"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def filled(board, **changes) -> dict[str, object]:
    """The form as the page shows it, with changes."""
    form = board.get(PAGE).context["form"]
    shown = {name: form[name].value() for name in form.fields if name != "logo"}
    return {name: value for name, value in (shown | changes).items() if value is not None and value is not False}


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 32), name: str = "logo.png") -> SimpleUploadedFile:
    buffer = BytesIO()
    Image.new("RGB", size).save(buffer, kind)
    return SimpleUploadedFile(name, buffer.getvalue())


def test_form_has_every_column_of_the_network():
    named = [name for _heading, names in GROUPS for name in names]
    named.append("shop_agreement_changed_at")  # written when its words are others
    assert sorted(named) == sorted(field.name for field in Network._meta.fields if not field.primary_key)


def test_saved_unchanged_writes_no_entry(board):
    assert board.post(PAGE, filled(board)).status_code == 302
    assert not AuditEntry.objects.exists()


def test_change_is_saved_audited_and_seen_at_once(board, operator):
    assert network.current().name == "Halles"
    board.post(PAGE, filled(board, name="Les Halles du livre", commission_basis_points="7.25", languages=["fr"]))
    now = network.current()
    assert (now.name, now.commission_basis_points, now.languages) == ("Les Halles du livre", 725, ["fr"])
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("network.change", operator)
    assert entry.facts == {
        "name": ["Halles", "Les Halles du livre"],
        "commission_basis_points": ["800", "725"],
        "languages": ["[]", "['fr']"],
    }


def test_long_text_is_audited_by_its_beginning(board):
    board.post(PAGE, filled(board, terms_fr="x" * 5000))
    assert AuditEntry.objects.get().facts["terms_fr"] == ["", "x" * 200 + "… (5000)"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("tile_address", "http://tiles.example.org/{z}/{x}/{y}.png"),
        ("tile_address", "https://tiles.example.org/{z}/{x}.png"),
        ("tile_address", "https://tiles.example.org; script-src */{z}/{x}/{y}"),
        ("colour", "green"),
        ("colour_dark", "#12345"),
        ("country", "Canada"),
        ("currency", "C1D"),
        ("sender_email", "nobody"),
        ("commission_basis_points", "50.01"),
        ("commission_basis_points", "-1"),
        ("tax_number", "123456782RC0001"),
        ("qst_number", "1234"),
        ("languages", ["de"]),
        ("default_language", "de"),
        ("answer_within_hours", "soon"),
    ],
)
def test_wrong_value_is_said_at_its_field_and_nothing_saved(field, value, board):
    response = board.post(PAGE, filled(board, tagline_fr="Changé", **{field: value}))
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])
    assert network.current().tagline_fr == ""


def test_logo_is_kept_and_can_be_taken_away(board):
    board.post(PAGE, filled(board) | {"logo": picture()})
    assert network.current().logo.name.startswith("network/logo")
    assert 'width="64" height="32">' in board.get("/place/").content.decode()
    board.post(PAGE, filled(board) | {"logo-clear": "on"})
    assert not network.current().logo


@pytest.mark.parametrize(
    "logo",
    [
        SimpleUploadedFile("logo.png", b"not a picture"),
        SimpleUploadedFile("logo.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'),
        picture("GIF", name="logo.png"),
        picture("BMP", name="logo.png"),
        picture(size=(4001, 2)),
        SimpleUploadedFile("logo.png", picture().read() + b"\0" * 2 * 1024 * 1024),
    ],
    ids=["no picture", "svg", "gif", "bmp", "too wide", "too large"],
)
def test_logo_that_is_no_small_picture_is_refused(logo, board):
    logo.seek(0)
    response = board.post(PAGE, filled(board) | {"logo": logo})
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["logo"])


@pytest.mark.parametrize(("basis_points", "shown"), [(0, "0"), (5, "0.05"), (1498, "14.98"), (800, "8")])
@pytest.mark.django_db
def test_percent_is_exact_both_ways(basis_points, shown):
    form = NetworkForm(instance=Network(pk=1, commission_basis_points=basis_points))
    assert form["commission_basis_points"].value() == Decimal(shown)
    assert form.fields["commission_basis_points"].clean(shown) == basis_points
