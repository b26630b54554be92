import pytest
from django.core.management import CommandError, call_command

from marketplace.foundation import postcodes
from marketplace.foundation.models import Postcode

pytestmark = pytest.mark.django_db


def written(tmp_path, text: str, name: str = "codes.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8"))
    return path


def test_load_keeps_good_lines_and_says_what_is_wrong_with_the_others(tmp_path):
    path = written(
        tmp_path,
        "\ufeffpostcode,lat,lon,town\nh2y 1b5,45.504,-73.554,Montréal\nH2Y 1B6,45.506,-73.556,Montréal\n"
        "H2Y1B5,1,2,Twice\n?,1,2,x\nG1K 4A1,146.8,-71.2,Québec\nG1K 4A2,,,\n",
    )
    report = postcodes.load(path, country="CA")
    assert (report.stored, report.refused) == (2, 4)
    assert [reason.partition(":")[0] for reason in report.reasons] == ["Line 4", "Line 5", "Line 6", "Line 7"]
    assert list(Postcode.objects.order_by("code").values_list("country", "code", "latitude", "town")) == [
        ("CA", "H2Y1B5", 45.504, "Montréal"),
        ("CA", "H2Y1B6", 45.506, "Montréal"),
    ]


def test_load_replaces_the_country_and_leaves_the_others(tmp_path):
    Postcode.objects.create(country="CA", code="A1A1A1", latitude=1, longitude=2)
    Postcode.objects.create(country="BE", code="1000", latitude=50.8, longitude=4.3)
    postcodes.load(written(tmp_path, "postcode,lat,lon\nH2Y 1B5,45.504,-73.554\n"), country="CA")
    assert set(Postcode.objects.values_list("code", flat=True)) == {"H2Y1B5", "1000"}


def test_a_code_is_found_whole_then_by_its_first_three_characters():
    for code, latitude, town in (
        ("H2Y1B5", 45.0, "Montréal"),
        ("H2Y9Z9", 46.0, "Montréal"),
        ("H3A1A1", 50.0, "Ailleurs"),
    ):
        Postcode.objects.create(country="CA", code=code, latitude=latitude, longitude=-73.0, town=town)
    assert postcodes.at("CA", "h2y 1b5") == ((45.0, -73.0), "Montréal")
    assert postcodes.at("CA", "H2Y 5X5") == ((45.5, -73.0), "Montréal")
    assert postcodes.at("CA", "H3") is None
    assert postcodes.at("CA", "J1A 1A1") is None
    assert postcodes.at("BE", "H2Y1B5") is None


@pytest.mark.parametrize("text", ["", "code;lat;lon\nH2Y;1;2\n", "postcode,lat,lon,town\n?,1,2,x\n"])
def test_command_refuses_a_file_of_nothing_and_keeps_what_was(tmp_path, text):
    Postcode.objects.create(country="CA", code="A1A1A1", latitude=1, longitude=2)
    with pytest.raises(CommandError, match=r"codes\.csv"):
        call_command("import_postcodes", written(tmp_path, text))
    assert Postcode.objects.count() == 1


def test_command_says_what_it_stored(tmp_path, capsys):
    call_command(
        "import_postcodes", written(tmp_path, "postcode,lat,lon,town\nH2Y 1B5,45.5,-73.5,Montréal\n"), json=True
    )
    assert capsys.readouterr().out == '{"stored": 1, "refused": 0}\n'
    with pytest.raises(CommandError, match="two letters"):
        call_command("import_postcodes", "x.csv", country="Canada")
