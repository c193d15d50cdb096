"""Connections: limits of what is received, and addresses that are not asked."""

import contextlib
import pickle
import socket
import threading

import pytest

from spectra_io.storage import connections
from spectra_io.storage.connections import Connections, Refused
from spectra_io.urls import Server

PRIVATE = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1"),
    *("::ffff:10.0.0.1", "192.0.2.1", "255.255.255.255"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address):
    assert not connections._is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address):
    assert connections._is_public(address)


@pytest.fixture
def talker():
    """Answer every request with the bytes that the test gives, through a bare socket."""
    listening = socket.create_server(("127.0.0.1", 0))
    said: list[bytes] = []
    asked: list[bytes] = []

    def talk():
        with contextlib.suppress(OSError):  # the reader goes away, or the test ends
            while said:
                line, _ = listening.accept()
                with line:
                    while said and (question := line.recv(1 << 16)):
                        asked.append(question)
                        line.sendall(said.pop(0))

    def start(*answers):
        said.extend(answers)
        threading.Thread(target=talk, daemon=True).start()
        return Server("http", "127.0.0.1", listening.getsockname()[1])

    start.asked = asked  # type: ignore[attr-defined]
    yield start
    with contextlib.suppress(OSError):  # not everywhere
        listening.shutdown(socket.SHUT_RDWR)  # ends waiting for a reader
    listening.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def ask(kept, server, **options):
    with kept.asked(server, "/", {}, length=2, **options) as (response, _):
        return response.read(10)


def test_a_connection_is_used_again(talker):
    server, kept = talker(OK, OK, OK), Connections()
    assert (ask(kept, server), ask(kept, server)) == (b"ok", b"ok")
    assert len(kept._idle(server, public_only=False)) == 1


def test_what_nobody_asked_for_is_not_the_next_answer(talker):
    server, kept = talker(OK + OK.replace(b"ok", b"no"), OK), Connections()
    assert (ask(kept, server), ask(kept, server)) == (b"ok", b"ok")


def test_connections_stay_in_their_process(talker, monkeypatch):
    server, kept = talker(OK, OK), Connections()
    ask(kept, server)
    assert not pickle.loads(pickle.dumps(kept))._kept
    monkeypatch.setattr("os.getpid", lambda: 0)
    assert not kept._idle(server, public_only=False)


def test_an_answer_that_is_not_read_ends_the_connection(talker):
    server, kept = talker(OK, OK), Connections()
    with kept.asked(server, "/", {}, length=2):
        pass
    assert not kept._idle(server, public_only=False)


def test_private_addresses_are_not_asked(talker):
    server = talker(OK)
    with pytest.raises(Refused, match="which has a private one"):
        ask(Connections(), server, public_only=True)
    assert talker.asked == []


def test_names_that_lead_to_private_addresses_are_not_asked(talker):
    server = talker(OK)._replace(host="localhost")
    with pytest.raises(Refused, match="which has a private one"):
        ask(Connections(), server, public_only=True)
    assert talker.asked == []


@pytest.mark.parametrize("length", [0, 1 << 10])
def test_an_answer_is_limited(talker, length):
    server = talker(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1 << 20))
    with (
        pytest.raises(Refused, match="more than was asked for"),
        Connections().asked(server, "/", {}, length=length) as (response, _),
    ):
        response.read()


def test_the_host_has_no_usual_port():
    for server, host in (
        (Server("https", "example.org", 443), b"Host: example.org\r\n"),
        (Server("http", "example.org", 8000), b"Host: example.org:8000\r\n"),
        (Server("http", "::1", 80), b"Host: [::1]\r\n"),
    ):
        connection = connections._Connection(server, public_only=False)
        connection.putrequest("GET", "/")
        assert host in b"\r\n".join([*connection._buffer, b""])  # type: ignore[attr-defined]
