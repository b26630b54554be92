"""Tite Live's daily file of the trade."""

from catalog_sync.conformance import AdapterConformance
from tests.catalog_sync.feeds import FIXTURES


class TestTiteLive(AdapterConformance):
    kind = "tite_live"
    fixture = FIXTURES / "Quotidien05.tit"
    expected = {
        "9782895026310": {
            "title": "nouvelles du Chili",
            "price": 1899,
            "currency": "EUR",
            "price_kind": "fixed",
            "availability": "orderable",
            "contributors": (("Collectif", "author"),),
            "publisher": "LES EDITIONS DE L'INSTANT MEME",
            "subjects": (("sender", "0203", "Littérature Hispano-Portugaise"), ("dewey", "860", "")),
            "form": "book",
            "pages": 212,
            "publication_date": "2011-05-11",
            "tax_code": "5.5",
        },
        "9782070368228": {
            "subtitle": "édition anniversaire",
            "series": "Folio",
            "series_number": "2",
            "form": "pocket",
            "availability": "temporarily_unavailable",
        },
        "9780439023481": {
            "title": "",
            "contributors": (("Guillaume Fournier", "translator"),),
            "availability": "preorder",
            "available_from": "",
            "publication_date": "",
            "pages": None,
        },
        "9780804429573": {
            "price": None,
            "availability": "unknown",
            "contributors": (("Ana Silva", "author"), ("Bo Li", "author")),
        },
        "3760000000017": {"price_kind": "recommended", "form": "goods", "availability": "unavailable"},
    }
    unknown_quantities = ("9782895026310", "9782070368228", "3760000000017")
    expected_refused = ("gtin_check_digit", "line_ragged")
    ends_may_be_open = True
    long_feed = ("", "9782895026310~~NUMBER~~~1~~~~1,00" + "~" * 36 + "\r\n", "")

    def test_only_the_last_chunk_is_complete(self, reading):
        """New and changed titles of a day: its silence means nothing, ever."""
        assert [chunk.complete for chunk in reading.chunks] == [False]
        assert reading.chunks[-1].notes[-1].code == "delta_only"

    def test_cut_file_says_so(self, tmp_path):
        content = self.fixture.read_bytes()
        cut = self.broken(tmp_path, content[: content.index(b"\r\n") + 40])
        assert [each.reason.code for each in cut.chunks[-1].refused] == ["line_ragged"]
        assert cut.chunks[-1].notes[-1].code == "file_cut"
