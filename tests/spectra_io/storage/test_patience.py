"""Patience with servers: what may pass is waited for, within bounds, and once for all layers."""

import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest

import spectra
from spectra.errors import ModelError
from spectra_io import open_model
from spectra_io.storage import patience, web
from spectra_io.storage.failures import Failure, failure
from spectra_io.storage.patience import Attempts, Patience
from tests.builders import copied, environment, f32, write_safetensors
from tests.servers import Handler, Server, impatient, serving, status

BIG = f32(1200, 700)  # 3.4 MB
BROKE = Failure("the connection broke", 0)
REFUSED = Failure("the server accepts no connections", 0, is_outage=True)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    impatient(monkeypatch)


@pytest.fixture
def server(tmp_path):
    write_safetensors(tmp_path / "model.safetensors", {"a": BIG, "b": BIG[::-1].copy()})
    with serving(tmp_path) as made:
        yield made


def numbers(asked):
    return "model" in asked.path and asked.start > 0


# what is decided, with a clock that the test moves


class Clock:
    """A clock that stands still between attempts."""

    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(patience, "time", found)
    monkeypatch.setattr(patience, "_BACK_OFF", 0.5)
    return found


def waits(attempts, clock, found, each=0.0):
    """Return the seconds waited until there is no other attempt, each of which takes a while."""
    taken = []
    clock.now += each
    while (seconds := attempts.wait(found)) is not None:
        taken.append(seconds)
        clock.now += seconds + each
    return taken


def test_an_opening_is_tried_for_seconds(clock):
    taken = waits(Attempts(Patience(), is_open=False), clock, BROKE)
    assert len(taken) == 3
    assert 3.5 <= sum(taken) <= 5.25
    assert all(low <= wait <= 1.5 * low for low, wait in zip((0.5, 1, 2), taken, strict=True))


@pytest.mark.parametrize("each", [0.0, 1.0, 30.0])
@pytest.mark.parametrize("asked", [0.0, 7.0, 60.0])
def test_an_open_file_is_tried_for_two_minutes(clock, each, asked):
    for seed in range(20):
        random.seed(seed)
        clock.now = 0.0
        taken = waits(Attempts(Patience(), is_open=True), clock, Failure("503", asked), each)
        assert all(wait >= asked for wait in taken)
        assert 50 < clock.now <= 120 + each
        assert len(taken) < 12


@pytest.mark.parametrize("found", [Failure("too much"), Failure("503", 61.0)])
def test_what_does_not_pass_is_not_waited_for(found):
    assert Attempts(Patience(), is_open=True).wait(found) is None


def test_a_server_that_never_was_there_is_not_waited_for(clock):
    assert waits(Attempts(Patience(), is_open=False), clock, REFUSED) == []
    known = Patience()
    known.reward()
    assert len(waits(Attempts(known, is_open=False), clock, REFUSED)) > 5


def test_bytes_that_come_count_the_attempts_anew(clock):
    attempts = Attempts(Patience(), is_open=True)
    for step in range(1, 100):
        attempts.progress(step << 17)
        assert attempts.wait(BROKE) is not None
        clock.now += 100
    assert attempts.wait(BROKE) is not None
    for step in range(12):  # a byte a time is no news
        attempts.progress((99 << 17) + step)
        last = attempts.wait(BROKE)
    assert last is None


def test_patience_stays_in_its_process():
    known = Patience()
    known.is_away = known.has_answered = True
    copy = pickle.loads(pickle.dumps(known))
    assert (copy.is_away, copy.has_answered) == (False, False)


@pytest.mark.parametrize(
    ("error", "passes", "is_outage"),
    [
        (OSError(101, "Network is unreachable"), True, True),
        (OSError(113, "No route to host"), True, True),
        (ConnectionRefusedError(), True, True),
        (ConnectionResetError(), True, False),
        (TimeoutError(), True, False),
        (socket.gaierror(socket.EAI_AGAIN, "later"), True, False),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), True, True),
        (OSError(24, "Too many open files"), False, False),
        (ValueError(), False, False),
    ],
)
def test_what_errors_mean(error, passes, is_outage):
    found = failure(error)
    assert (found.wait is not None, found.is_outage) == (passes, is_outage)


# servers


def test_a_server_that_hangs_up_again_and_again_is_read(server, monkeypatch):
    """Far more often than there are attempts; what is here is not fetched again."""
    monkeypatch.setattr(patience, "_LATER", 3)

    def hangs_up(handler, asked, content):
        handler.part(asked, content[:200_000], Content_Length=str(len(content)))
        handler.hang_up()

    tensor = open_model(f"{server.url}/model.safetensors")["a"]
    server.lie, before, asked = hangs_up, server.sent, server.requests
    np.testing.assert_array_equal(tensor.read(), BIG)
    num = server.requests - asked
    assert num >= BIG.nbytes // 200_000 > 3 * patience._LATER
    assert server.sent - before <= BIG.nbytes + num * web._CHUNK


@contextmanager
def back_later(old, seconds):
    """End a server, and start it at the same address after some seconds."""
    old.shutdown()
    old.server_close()
    made: list[Server] = []

    def start():
        found = Server(("127.0.0.1", old.server_port), Handler)
        found.folder = old.folder
        made.append(found)
        found.serve_forever(0.01)

    timer = threading.Timer(seconds, start)
    timer.start()
    yield made
    timer.join(0)
    made[0].shutdown()
    made[0].server_close()


def test_a_server_that_is_gone_for_a_while_is_waited_for(server, monkeypatch):
    monkeypatch.setattr(patience, "_BACK_OFF", 0.1)
    tensor = copied(open_model(f"{server.url}/model.safetensors")["a"])
    with back_later(server, 1.0) as there:
        np.testing.assert_array_equal(tensor.read(), BIG)
        assert len(there) == 1


def test_a_name_that_is_lost_for_a_while_is_waited_for(server, monkeypatch):
    tensor = copied(open_model(f"{server.url}/model.safetensors")["a"])
    real, left = socket.getaddrinfo, [3]

    def lost(*args, **options):
        left[0] -= 1
        if left[0] >= 0:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return real(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lost)
    np.testing.assert_array_equal(tensor.read(), BIG)
    assert left[0] < 0


def test_a_name_that_is_not_known_is_asked_for_once(monkeypatch):
    asked = []

    def unknown(*args, **_):
        asked.append(args)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ModelError, match=r"no server of this name is known$"):
        open_model("http://nowhere.example/model.safetensors")
    assert len(asked) == 1


def test_a_server_that_is_away_is_waited_for_once(server):
    model = open_model(f"{server.url}/model.safetensors")
    server.lie, server.only = status(503), numbers
    before = server.requests
    ds = spectra.analyze(model, measures=[spectra.measures.size])
    first, second = ds.status_reason.values.tolist()
    assert "503 Service Unavailable, in 12 attempts" in first
    assert second.endswith("503 Service Unavailable; asked once, as there was no answer before")
    assert server.requests - before == 13
    server.lie = None
    np.testing.assert_array_equal(model["a"].read(), BIG)
    server.lie = status(503)
    with pytest.raises(ModelError, match="in 12 attempts"):
        model["b"].read()


@pytest.mark.parametrize("at_opening", [True, False])
def test_ctrl_c_while_a_server_is_waited_for(server, at_opening):
    server.lie = status(503, Retry_After="50")
    server.only = lambda asked: "model" in asked.path and (asked.start == 0) is at_opening
    command = [sys.executable, "-m", "spectra_io", "analyze", f"{server.url}/model.safetensors"]
    run = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not any(map(server.only, server.log)) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    start = time.monotonic()
    os.kill(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert time.monotonic() - start < 10
    assert run.returncode == 130
    assert "Traceback" not in said
