"""Files on web servers: every lie of a server is refused, in time, and every truth is read."""

import pickle
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from spectra.errors import ModelError, ModelFormatError, SpectraError
from spectra_io import open_model
from spectra_io.storage import connections, web
from spectra_io.storage.remote import file_at
from tests.builders import copied, environment, f32, write, write_safetensors
from tests.servers import CERTIFICATE, HONEST, LIES, impatient, redirect, serving, status

W = f32(60, 50)  # 12 kB
BIG = f32(300, 200)  # more than a block


@pytest.fixture(autouse=True)
def _impatient(monkeypatch, request):
    impatient(monkeypatch, request.node.name)


@pytest.fixture
def server(tmp_path):
    write_safetensors(tmp_path / "model.safetensors", {"w": BIG})
    with serving(tmp_path) as made:
        yield made


def later(asked):
    """Tell requests for numbers from those that open the model."""
    return asked.start > 0 and "model" in asked.path


def at_first(asked):
    return asked.number < 4 and "model" in asked.path


@pytest.mark.parametrize("name", LIES)
def test_a_lie_about_the_numbers_is_refused(server, name):
    server.lie, words = LIES[name]
    server.only = later
    source = open_model(f"{server.url}/model.safetensors?token=SECRET")["w"]
    start = time.monotonic()
    with pytest.raises(ModelError, match=words) as caught:
        source.read()
    assert time.monotonic() - start < 15
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400
    assert not any(word in str(caught.value) for word in ("SECRET", "words of the server"))


@pytest.mark.parametrize("name", LIES)
def test_a_lie_at_the_opening_is_refused_or_does_no_harm(server, name):
    server.lie, _ = LIES[name]
    server.only = lambda asked: asked.start == 0
    try:
        read = copied(open_model(f"{server.url}/model.safetensors")["w"]).read()
    except SpectraError:
        return
    np.testing.assert_array_equal(read, BIG)


@pytest.mark.parametrize("name", HONEST)
def test_an_unusual_answer_is_read(server, name):
    server.lie = HONEST[name]
    read = copied(open_model(f"{server.url}/model.safetensors")["w"]).read()
    np.testing.assert_array_equal(read, BIG)


PASSING = {
    "408": status(408),
    "429": status(429),
    "429 in a second": status(429, Retry_After="1"),
    "500": status(500),
    "502": status(502),
    "503": status(503),
    "503 until yesterday": status(503, Retry_After="Mon, 05 Jan 2026 12:00:00 GMT"),
    "504": status(504),
    **{name: LIES[name][0] for name in ("a reset", "a short body", "short pieces", "silence")},
}


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("later", [False, True])
def test_what_may_pass_is_tried_again(server, name, later):
    tried: list[int] = []

    def once(asked):
        if (asked.start > 0) != later or tried or "model" not in asked.path:
            return False
        tried.append(asked.number)
        return True

    server.lie, server.only = PASSING[name], once
    read = copied(open_model(f"{server.url}/model.safetensors")["w"]).read()
    np.testing.assert_array_equal(read, BIG)
    assert len(server.log) == 4


def test_an_attempt_goes_on_where_the_last_one_ended(server):
    def short(handler, asked, content):
        handler.part(asked, content[:60_000], Content_Length=str(len(content)))
        handler.hang_up()

    server.lie, server.only = short, later
    read = copied(open_model(f"{server.url}/model.safetensors")["w"]).read()
    np.testing.assert_array_equal(read, BIG)
    starts = [asked.start for asked in server.log if asked.start]
    assert len(starts) == 4
    assert np.all(np.diff(starts) > 0)


def test_another_file_in_the_second_attempt_is_refused(server):
    server.lie, server.only = LIES["a short body"][0], later
    tensor = open_model(f"{server.url}/model.safetensors")["w"]

    def changes(handler, asked, content):
        server.etag = '"2"'
        LIES["a short body"][0](handler, asked, content)

    server.lie = changes
    with pytest.raises(ModelFormatError, match="has changed"):
        tensor.read()


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
def test_a_file_that_changes_between_header_and_numbers_is_refused(server, header):
    version = ["Mon, 05 Jan 2026 12:00:00 GMT"]

    def versioned(handler, asked, content):
        handler.part(asked, content, **{"ETag": ""} | {header: version[0]})

    server.lie = versioned
    tensor = open_model(f"{server.url}/model.safetensors")["w"]
    version[0] = "Tue, 06 Jan 2026 12:00:00 GMT"
    with pytest.raises(ModelFormatError, match="has changed on the server"):
        tensor.read()
    assert open_model(f"{server.url}/model.safetensors")["w"].read().shape == BIG.shape


def test_the_version_is_sent_along(server):
    open_model(f"{server.url}/model.safetensors")["w"].read()
    versions = [asked.headers.get("If-Match") for asked in server.log if "model" in asked.path]
    assert versions == [None, '"1"']
    assert {asked.headers["Accept-Encoding"] for asked in server.log} == {"identity"}


@pytest.mark.parametrize("etag", ['W/"1"', "1", '"a b"', '"' + "x" * 5000 + '"', '"\x80"'])
def test_a_version_that_cannot_be_sent_is_compared(server, etag):
    server.etag = etag
    tensor = copied(open_model(f"{server.url}/model.safetensors")["w"])
    np.testing.assert_array_equal(tensor.read(), BIG)
    assert not any("If-Match" in asked.headers for asked in server.log)
    server.etag = "2"
    with pytest.raises(ModelFormatError, match="has changed"):
        copied(tensor).read()


def test_a_slow_and_steady_server_is_read(server, monkeypatch):
    monkeypatch.setattr(connections, "_GRACE", 0.8)

    def slow(handler, asked, content):
        handler.part(asked, b"", Content_Length=str(len(content)))
        for place in range(0, len(content), 10_000):
            handler.send(content[place : place + 10_000])
            handler.wfile.flush()
            time.sleep(0.08)

    server.lie, server.only = slow, later
    start = time.monotonic()
    read = copied(open_model(f"{server.url}/model.safetensors")["w"]).read()
    assert time.monotonic() - start > connections._GRACE
    np.testing.assert_array_equal(read, BIG)


def test_large_reads_are_made_of_parts(server, monkeypatch):
    monkeypatch.setattr(web, "_PART", 100_000)
    read = copied(open_model(f"{server.url}/model.safetensors")["w"]).read()
    np.testing.assert_array_equal(read, BIG)
    parts = [asked for asked in server.log if asked.start]
    assert [asked.stop - asked.start for asked in parts] == [100_000, 100_000, 40_000]


@pytest.mark.parametrize("length", [0, 1, 1000, 65_536])
def test_small_files_of_a_server_without_ranges_are_read(server, length):
    content = (bytes(range(256)) * 256)[:length]
    write(server.folder / "a.npy", content)
    server.lie = lambda handler, asked, content: handler.whole(200, content)
    file = file_at(f"{server.url}/a.npy")
    assert (file.size(), bytes(file.read(0, length))) == (length, content)


def test_an_empty_file(server):
    write(server.folder / "a.npy", b"")
    file = file_at(f"{server.url}/a.npy")
    assert (file.size(), file.read(0, 10).size) == (0, 0)


def test_nothing_is_asked_outside_a_file(server):
    file = file_at(f"{server.url}/model.safetensors")
    before = server.requests
    assert file.read(file.size(), file.size() + 10).size == 0
    assert file.read(7, 3).size == 0
    assert server.requests == before


BOUNDED = """
import sys
from pathlib import Path
from spectra_io.commands.main import main
from spectra_io.storage import connections, patience
connections.SILENCE, connections._GRACE, patience._BACK_OFF = 0.5, 1, 0.001
for lie in sys.argv[2:]:
    try:
        main(["analyze", f"{sys.argv[1]}/model.safetensors?{lie}", "--resamples", "0"])
    except SystemExit as ended:
        status = Path("/proc/self/status").read_text().splitlines()
        print("ended", ended.code, *(line for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is not told here")
@pytest.mark.parametrize("at_opening", [True, False])
def test_a_lie_takes_no_memory(server, at_opening):
    lies = {quote(name): lie for name, (lie, _) in LIES.items()}
    server.lie = lambda h, a, c: lies[a.path.partition("?")[2].removesuffix("x")](h, a, c)
    server.only = lambda asked: (asked.start == 0) is at_opening
    command = [sys.executable, "-c", BOUNDED, server.url, *lies]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    ends = [line.split() for line in done.stdout.splitlines() if line.startswith("ended")]
    peaks = {name: int(end[3]) >> 10 for name, end in zip(LIES, ends, strict=True)}
    assert max(peaks.values()) < 200, peaks
    assert {end[1] for end in ends} <= {"0", "1", "3"}
    assert "defect" not in done.stderr


# redirects


@pytest.fixture
def other(tmp_path):
    with serving(tmp_path) as made:
        yield made


def host(made):
    return made.url.partition("//")[2]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_on_the_same_server_are_followed(server, code):
    server.lie = lambda handler, asked, content: redirect("/model.safetensors", code)(
        handler, asked, content
    )
    server.only = lambda asked: asked.path.startswith("/latest/")
    (server.folder / "latest").mkdir()
    write_safetensors(server.folder / "latest" / "model.safetensors", {"other": W})
    url = f"{server.url.replace('//', '//me:secret@')}/latest/model.safetensors?token=SECRET"
    np.testing.assert_array_equal(copied(open_model(url)["w"]).read(), BIG)
    sent = [asked for asked in server.log if asked.path == "/model.safetensors"]
    assert all(asked.headers["Authorization"] == "Basic bWU6c2VjcmV0" for asked in sent)


@pytest.mark.parametrize("named", [False, True])
def test_another_server_is_asked_only_if_it_is_named(server, other, named):
    server.lie = redirect(f"{other.url}/model.safetensors?signature=SECRET")
    server.only = lambda asked: "model" in asked.path
    url = f"{server.url.replace('//', '//me:secret@')}/model.safetensors?token=SECRET"
    if not named:
        with pytest.raises(ModelError, match=f"redirects to another host, {host(other)};"):
            open_model(url)
        assert other.log == []
        return
    model = open_model(url, redirect_to=[host(other)])
    np.testing.assert_array_equal(copied(model["w"]).read(), BIG)
    assert len(other.log) == 2
    assert {asked.path for asked in other.log} == {"/model.safetensors?signature=SECRET"}
    for asked in other.log:
        assert not any(word in str(asked.headers) for word in ("Authorization", "token", "secret"))
        assert not {"Referer", "Origin", "Cookie"} & set(asked.headers)


def test_the_version_of_one_server_is_not_sent_to_another(server, other):
    server.lie = redirect(f"{other.url}/model.safetensors")
    server.only = lambda asked: "model" in asked.path
    copied(open_model(f"{server.url}/model.safetensors", redirect_to=[host(other)])["w"]).read()
    assert [asked.headers.get("If-Match") for asked in other.log] == [None, '"1"']
    assert not any("If-Match" in asked.headers for asked in server.log)


def test_a_long_read_asks_the_first_server_once(server, other, monkeypatch):
    monkeypatch.setattr(web, "_PART", 50_000)
    server.lie = redirect(f"{other.url}/model.safetensors")
    server.only = lambda asked: "model" in asked.path
    model = open_model(f"{server.url}/model.safetensors", redirect_to=[host(other)])
    before, there = server.requests, other.requests
    copied(model["w"]).read()
    assert (server.requests - before, other.requests - there) == (1, 5)


def signed(server, other):
    """Let a server redirect to another one, to an address that is new each time."""
    server.lie = lambda handler, asked, content: redirect(
        f"{other.url}/model.safetensors?signature=SECRET{server.requests}"
    )(handler, asked, content)
    server.only = lambda asked: "model" in asked.path


def test_many_reads_ask_the_first_server_once(server, other):
    signed(server, other)
    file = file_at(f"{server.url}/model.safetensors", redirect_to=[host(other)])
    for start in (200_000, 140_000, 70_000):
        file.read(start, start + 30_000)
    assert (server.requests, other.requests) == (1, 4)
    copy = pickle.loads(pickle.dumps(file))
    assert b"SECRET" not in pickle.dumps(file)
    copy.read(70_000, 100_000)
    assert server.requests == 2


def test_an_address_that_expires_between_reads_is_asked_for_once(server, other):
    signed(server, other)
    file = file_at(f"{server.url}/model.safetensors", redirect_to=[host(other)])
    old = other.log[0].path
    other.lie, other.only = status(403), lambda asked: asked.path == old
    for start in (200_000, 140_000, 70_000):
        assert len(file.read(start, start + 30_000)) == 30_000
    assert (server.requests, other.requests) == (2, 5)
    assert len({asked.path for asked in other.log}) == 2


def test_an_address_that_expired_leads_to_no_other_host(server, other):
    signed(server, other)
    file = file_at(f"{server.url}/model.safetensors", redirect_to=[host(other)])
    other.lie = status(403)
    server.lie = redirect("https://elsewhere.example.org/model.safetensors")
    with pytest.raises(ModelError, match=r"redirects to another host, elsewhere\.example\.org"):
        file.read(70_000, 100_000)


def test_an_address_with_a_login_is_not_kept(server):
    server.lie = redirect("/model.safetensors")
    server.only = lambda asked: asked.path.startswith("/latest/")
    (server.folder / "latest").mkdir()
    write(server.folder / "latest" / "model.safetensors", b"-")
    url = f"{server.url.replace('//', '//me:secret@')}/latest/model.safetensors"
    file = file_at(url)
    file.read(70_000, 100_000)
    assert isinstance(file.reader, web.Web)
    assert not file.reader.routes._kept
    assert [asked.path for asked in server.log] == 2 * [
        "/latest/model.safetensors",
        "/model.safetensors",
    ]


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 503])
def test_a_signature_that_expires_is_renewed(server, other, monkeypatch, code):
    monkeypatch.setattr(web, "_PART", 50_000)
    server.lie = lambda handler, asked, content: redirect(
        f"{other.url}/model.safetensors?n={server.requests}"
    )(handler, asked, content)
    server.only = lambda asked: "model" in asked.path
    model = open_model(f"{server.url}/model.safetensors", redirect_to=[host(other)])
    expired: list[str] = []
    other.lie = status(code)

    def expires(asked):
        if asked.start > 60_000 and not expired:
            expired.append(asked.path)
        return asked.path in expired

    other.only = expires
    np.testing.assert_array_equal(copied(model["w"]).read(), BIG)


def test_a_public_server_leads_to_no_private_address(server, other, monkeypatch):
    server.lie = redirect(f"{other.url}/model.safetensors")
    server.only = lambda asked: "model" in asked.path
    public = iter([True, False])
    monkeypatch.setattr(connections, "_is_public", lambda _: next(public))
    with pytest.raises(ModelError, match=f"redirects to {host(other)}, which has a private one"):
        open_model(f"{server.url}/model.safetensors", redirect_to=[host(other)])
    assert other.log == []


# https


@pytest.fixture
def trusted(monkeypatch):
    connections._trusted.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    yield
    connections._trusted.cache_clear()


@pytest.fixture
def secure(tmp_path):
    with serving(tmp_path, https=True) as made:
        yield made


def test_https(server, secure, trusted):
    model = open_model(f"{secure.url}/model.safetensors")
    np.testing.assert_array_equal(model["w"].read(), BIG)
    assert (secure.lines, secure.requests) == (1, 3)


def test_a_certificate_that_nobody_trusts(server, secure):
    connections._trusted.cache_clear()
    with pytest.raises(ModelError, match=r"certificate of the server is not valid: self.signed"):
        open_model(f"{secure.url}/model.safetensors")
    assert secure.log == []


def test_a_certificate_of_another_name(server, secure, trusted):
    url = secure.url.replace("127.0.0.1", "localhost")
    with pytest.raises(ModelError, match=r"certificate of the server is not valid: Hostname"):
        open_model(f"{url}/model.safetensors")


def test_a_server_that_does_not_speak_https(server):
    with pytest.raises(ModelError, match="no encrypted connection is possible"):
        open_model(f"{server.url.replace('http', 'https')}/model.safetensors")


def test_https_leads_to_no_http(server, secure, trusted):
    secure.lie = redirect(f"{server.url}/model.safetensors")
    with pytest.raises(ModelError, match="redirects from https to http"):
        open_model(f"{secure.url}/model.safetensors", redirect_to=[host(server)])
    assert server.log == []


def test_http_leads_to_named_https(server, secure, trusted):
    server.lie = redirect(f"{secure.url}/model.safetensors")
    server.only = lambda asked: "model" in asked.path
    model = open_model(f"{server.url}/model.safetensors", redirect_to=[host(secure)])
    np.testing.assert_array_equal(copied(model["w"]).read(), BIG)


@pytest.mark.parametrize(
    "name", ["an endless body", "a reset", "silence in the middle", "a trickle"]
)
def test_lies_over_https(server, secure, trusted, name):
    secure.lie, words = LIES[name]
    secure.only = later
    with pytest.raises(ModelError, match=words):
        open_model(f"{secure.url}/model.safetensors")["w"].read()
