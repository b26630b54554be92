import contextlib
import gzip
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import responses

from marketplace.foundation import http


class Pages(BaseHTTPRequestHandler):
    hits: list[str] = []
    dripped = 0  # bytes; a server that is listened to gets to 100

    def do_GET(self):
        self.hits.append(self.path)
        getattr(self, "page_" + self.path.strip("/").split("?")[0])()

    do_POST = do_GET

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def page_file(self):
        self.answer(200, b"abc", Last_Modified="Wed, 25 Nov 2026 00:00:00 GMT")

    def page_bomb(self):
        self.answer(200, gzip.compress(b"0" * 5_000_000), Content_Encoding="gzip")

    def page_moved(self):
        self.answer(302, Location="/file")

    def page_elsewhere(self):
        self.answer(302, Location=f"http://localhost:{self.server.server_address[1]}/echo")

    def page_echo(self):
        self.answer(200, json.dumps({name.lower(): value for name, value in self.headers.items()}).encode())

    def page_loop(self):
        self.answer(302, Location="/loop")

    def page_inside(self):
        self.answer(302, Location="http://inside.example/file")

    def page_broken(self):
        self.answer(503, b"later")

    def page_gone(self):
        self.answer(404, b"no such page")

    def page_away(self):
        self.answer(302, Location="ftp://example.org/file")

    def page_cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only this")

    def page_refused(self):
        """Its body is not what it says, breaks off, or never ends."""
        how = self.path.partition("?")[2]
        self.send_response(503)
        self.send_header("Retry-After", "20")
        self.send_header("Content-Length", "100")
        if how == "garbled":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if how == "dripping":
            self.drip(b"x")
        self.wfile.write(b"x" * 100 if how == "garbled" else b"only this")

    def page_dripping(self):
        """A byte now and then, each well within the time-out of a read, and no length."""
        self.send_response(200)
        self.end_headers()
        self.drip(b"x")

    def page_headless(self):
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
        self.drip(b"y")

    def drip(self, byte):
        with contextlib.suppress(OSError):
            for _ in range(100):
                Pages.dripped += 1
                self.wfile.write(byte)
                self.wfile.flush()
                time.sleep(0.1)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    Pages.hits.clear()
    Pages.dripped = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def open_loopback(settings):
    settings.HTTP_ALLOW_PRIVATE = True


def test_private_address_is_never_called(server, tmp_path):
    with pytest.raises(http.HttpError, match="private address") as caught:
        http.fetch_to_file(f"{server}/file", tmp_path / "f")
    assert (caught.value.permanent, Pages.hits) == (True, [])


def test_private_address_is_called_without_the_guard(server, tmp_path, open_loopback):
    http.fetch_to_file(f"{server}/file", tmp_path / "f")
    assert Pages.hits == ["/file"]


def test_fetch_to_file_keeps_the_senders_stamp(server, tmp_path, open_loopback):
    fetched = http.fetch_to_file(f"{server}/file", tmp_path / "f")
    assert (fetched.path.read_bytes(), fetched.headers["Last-Modified"]) == (b"abc", "Wed, 25 Nov 2026 00:00:00 GMT")


def test_fetch_follows_redirects_but_not_for_ever(server, tmp_path, open_loopback):
    assert http.fetch_to_file(f"{server}/moved", tmp_path / "f").size == 3
    with pytest.raises(http.HttpError, match="redirects"):
        http.fetch_to_file(f"{server}/loop", tmp_path / "f")


def test_no_header_that_may_be_a_login_goes_to_another_host(server, open_loopback):
    headers = {"Accept": "application/json", "Authorization": "Bearer 1", "DOLAPIKEY": "2", "X-Api-Key": "3"}
    assert {"authorization", "dolapikey", "x-api-key"} <= set(http.get_json(f"{server}/echo", headers=headers))
    told = http.get_json(f"{server}/elsewhere", headers=headers)
    assert not {"authorization", "dolapikey", "x-api-key"} & set(told)
    assert told["accept"] == "application/json"


def test_redirect_to_another_host_is_the_answer_where_nothing_may_go_there(server, open_loopback):
    answer = http.call("GET", f"{server}/elsewhere", stays=True)
    assert (answer.status, answer.headers["Location"].endswith("/echo")) == (302, True)
    assert http.call("GET", f"{server}/moved", stays=True).body == b"abc"


def test_redirect_to_another_scheme_is_refused(server, tmp_path, open_loopback):
    with pytest.raises(http.HttpError, match="only http"):
        http.fetch_to_file(f"{server}/away", tmp_path / "f")


def test_size_is_counted_after_decompression(server, tmp_path, open_loopback):
    with pytest.raises(http.HttpError, match="more than 1 MB"):
        http.fetch_to_file(f"{server}/bomb", tmp_path / "f", max_bytes=2**20)


def test_cut_body_is_an_error(server, tmp_path, open_loopback):
    with pytest.raises(http.HttpError):
        http.fetch_to_file(f"{server}/cut", tmp_path / "f")


def test_server_error_is_retried_and_not_permanent(server, tmp_path, open_loopback):
    with pytest.raises(http.HttpError, match="503: later") as caught:
        http.fetch_to_file(f"{server}/broken", tmp_path / "f")
    assert (caught.value.permanent, Pages.hits) == (False, ["/broken"] * http.TRIES)


def test_missing_page_is_permanent(server, tmp_path, open_loopback):
    with pytest.raises(http.HttpError, match="404: no such page") as caught:
        http.fetch_to_file(f"{server}/gone", tmp_path / "f")
    assert (caught.value.permanent, Pages.hits) == (True, ["/gone"])


def test_post_is_sent_once_and_its_outcome_may_be_unknown(server, open_loopback):
    with pytest.raises(http.HttpError) as caught:
        http.post(f"{server}/broken", b"{}")
    assert (caught.value.unknown_outcome, Pages.hits) == (True, ["/broken"])


@pytest.mark.parametrize("how", ["garbled", "cut", "dripping"])
def test_refusal_counts_whatever_its_body_is(how, server, open_loopback):
    with pytest.raises(http.HttpError, match="answered 503") as caught:
        http.post(f"{server}/refused?{how}", b"{}", seconds=0.3 if how == "dripping" else None)
    assert (caught.value.status, caught.value.later_seconds) == (503, 20)


def test_post_that_never_connected_has_a_known_outcome(open_loopback):
    with socket.socket() as probe:  # bound and not listening
        probe.bind(("127.0.0.1", 0))
        with pytest.raises(http.HttpError, match="did not answer") as caught:
            http.post(f"http://127.0.0.1:{probe.getsockname()[1]}/", b"{}")
    assert (caught.value.permanent, caught.value.unknown_outcome) == (False, False)


def test_post_takes_as_long_and_reads_as_much_as_it_is_told(server, open_loopback):
    with pytest.raises(http.HttpError, match="too slow"):
        http.post(f"{server}/dripping", b"{}", seconds=0.3)
    with pytest.raises(http.HttpError, match="not read further"):
        http.post(f"{server}/file", b"{}", max_bytes=2)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://user:word@example.org/", "http:///nothing", "gopher://x/"]
)
def test_strange_addresses_are_refused(url, tmp_path):
    with pytest.raises(http.HttpError) as caught:
        http.fetch_to_file(url, tmp_path / "f")
    assert caught.value.permanent


@pytest.mark.parametrize("page", ["dripping", "headless"])
def test_server_that_drips_is_given_up(page, server, tmp_path, open_loopback, monkeypatch):
    monkeypatch.setattr(http, "WHOLE_SECONDS", 0.3)
    with pytest.raises(http.HttpError, match="too slow") as caught:
        http.fetch_to_file(f"{server}/{page}", tmp_path / "f")
    assert (caught.value.permanent, Pages.hits, Pages.dripped < 100) == (False, [f"/{page}"], True)


def test_answer_that_drips_is_given_up(server, open_loopback, monkeypatch):
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.3)
    with pytest.raises(http.HttpError, match="too slow") as caught:
        http.post(f"{server}/dripping", b"{}")
    assert (caught.value.unknown_outcome, Pages.dripped < 100) == (True, True)


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """The names' addresses, one after the other, the last for ever; returns what was asked for, as it is filled."""
    asked: list[str] = []

    def answer(host, port, *_, **__):
        asked.append(host)
        address = addresses[min(len(asked), len(addresses)) - 1]
        found = host if host[0].isdigit() else address  # an address is its own
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


def connections(monkeypatch: pytest.MonkeyPatch, to: str) -> list[tuple]:
    """The addresses that are connected to; all of them lead to a server of ours."""
    met: list[tuple] = []
    host, port = to.removeprefix("http://").split(":")
    connect = socket.socket.connect

    def noted(self, address):
        met.append(address)
        return connect(self, (host, int(port)))

    monkeypatch.setattr(socket.socket, "connect", noted)
    return met


def test_name_that_changes_after_the_check_is_called_where_it_was_checked(server, tmp_path, monkeypatch):
    """DNS rebinding: the name says a public address when it is checked, and a private one ever after."""
    names(monkeypatch, "93.184.215.14", "127.0.0.1")
    met = connections(monkeypatch, to=server)
    assert http.fetch_to_file("http://shop.example/file", tmp_path / "f").size == 3
    assert met == [("93.184.215.14", 80)]


def test_redirect_to_a_private_address_is_not_followed(server, tmp_path, monkeypatch):
    names(monkeypatch, "93.184.215.14", "10.0.0.1")
    met = connections(monkeypatch, to=server)
    with pytest.raises(http.HttpError, match="private address"):
        http.fetch_to_file("http://shop.example/inside", tmp_path / "f")
    assert (met, Pages.hits) == ([("93.184.215.14", 80)], ["/inside"])


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120), ("999999999", 86_400), ("", 0), ("soon", 0), ("-5", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
@responses.activate
def test_server_that_asks_to_wait_is_heard(asked, seconds):
    responses.get("https://shop.example/list", status=429, headers={"Retry-After": asked})
    with pytest.raises(http.HttpError) as caught:
        http.get_json("https://shop.example/list")
    assert (caught.value.later_seconds, caught.value.permanent) == (seconds, False)


@responses.activate
def test_moment_until_which_to_wait_is_by_the_clock_of_whoever_answers():
    headers = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT", "Date": "Wed, 21 Oct 2015 07:26:00 GMT"}
    responses.get("https://shop.example/list", status=429, headers=headers)
    with pytest.raises(http.HttpError) as caught:
        http.get_json("https://shop.example/list")
    assert (caught.value.later_seconds, caught.value.told_at.isoformat()) == (120, "2015-10-21T07:26:00+00:00")
