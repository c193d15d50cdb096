"""URLs: secrets are shown nowhere, and what is not a URL is not taken for one."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectra_io.urls import Url, is_url, shown, without_secrets

SECRET = "s3cret"
PLANTED = [
    "http://user:s3cret@h/x",
    "http://s3cret@h/x",
    "http://user:s3cret@h",
    "HTTP://user:s3cret@h/x",
    "http://user:a@s3cret@h/x",
    "http://user:s3cret@[bad/x",
    "http://user:s3cret@h:99999/x",
    "http://user:s3cret@h:port/x",
    "http://user:a/s3cret@h/x",
    "http://user:a?s3cret@h/x",
    "http://user:a#s3cret@h/x",
    "http://user:s3cret\\@h/x",
    "http://h/x?sig=s3cret",
    "http://h/x?s3cret#s3cret",
    "http://h/x;token=s3cret",
    "http://h/a;token=s3cret/x",
    "http://h/x%3Fsig=s3cret",
    "http://h/x%253fsig%253ds3cret",
    "http://h/x%3Btoken=s3cret",
    "http://h/x%23s3cret",
    "https://proxy.example/https://user:s3cret@h/x",
    "https://proxy.example/https%3A%2F%2Fuser%3As3cret%40h%2Fx%3Fsig%3Ds3cret",
    "https://proxy.example/https%253A%252F%252Fuser%253As3cret%2540h%252Fx",
    "simplecache::http://user:s3cret@h/x",
    "zip://x::simplecache::http://user:s3cret@h/x?s3cret",
    "http:/user:s3cret@h/x",
    "http:user:s3cret@h/x",
    " http://user:s3cret@h/x",
    "://user:s3cret@h/x",
    "1x://user:s3cret@h/x",
    "memory://user:s3cret@h/x?s3cret",
    "http://user:s3cret@h\n/x",
    "http://user:s3cret@/x",
    "http://:/s3cret@/x",
    "http://user:/s3cret@h/x",
    "http://user:12/s3cret@h/x",
    "http://user:12/s3cret@",
    "http://us/er:a/s3cret@h/x",
    "http://[::1]:80/s3cret@h/x",
    "http://h/a%3As3cret/b%40h/x",
]


@pytest.mark.parametrize("text", PLANTED)
def test_secrets_are_not_shown(text):
    url = Url(text)
    assert is_url(text)
    said = [str(url), repr(url), url.problem, shown(text), f"{url}", f"{[url]}", f"{(url,)}"]
    said += [without_secrets(f"wanted a file, got ({text}): {text!r}")]
    try:
        said.append(url.name)
    except ValueError:
        assert url.problem
    assert not any(SECRET in words for words in said), said


@pytest.mark.parametrize("text", PLANTED)
def test_what_is_shown_stays_as_it_is(text):
    assert shown(shown(text)) == shown(text)
    assert without_secrets(shown(text)) == shown(text)


LOGINS = [
    "hf:/user:s3cret@org/name",
    "hf:user:s3cret@org/name",
    "hf:///user:s3cret@org/name",
    "s3:/key:s3cret@bucket",
    "memory:/u:s3cret@h",
    "HF:/user:a@s3cret@org/name",
    "hf:/user:a/s3cret@org/name",
    "hf:/user%3As3cret%40org/name",
    "hf:/user:s3cret@org/name?x#y",
    "hf:\\user:s3cret@org",
    "--hf:/user:s3cret@org/name",
    " s3:/key:s3cret@bucket",
    "s3:key:s3cret@bucket,https://example.org/x",
]


@pytest.mark.parametrize("text", LOGINS)
def test_a_login_after_any_scheme_is_not_shown(text):
    assert SECRET not in shown(text)
    for words in (text, f"({text})", f"got {text!r}: no", f"x={text};", f'{{"a":"{text}"}}'):
        assert SECRET not in without_secrets(words)
    assert shown(shown(text)) == without_secrets(shown(text)) == shown(text)


NO_LOGINS = [
    "C:/a@b.onnx",
    "C:\\a@b.onnx",
    "D:/org@v2/a.onnx",
    "a:b@c",
    "org/name@v1:2",
    "C:/a@b:c",
    "run:1:step.onnx",
    "10:20:30@night.onnx",
    "layer fc:0 of a@b",
]


@pytest.mark.parametrize("text", NO_LOGINS)
def test_paths_without_a_login_are_shown(text):
    assert shown(text) == without_secrets(text) == text
    assert without_secrets(f"got '{text}'.") == f"got '{text}'."


WORDS = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=12)


@given(st.sampled_from(["http", "https", "s3", "memory"]), WORDS, WORDS, WORDS, WORDS, WORDS)
def test_a_secret_in_any_place_of_any_url_is_not_shown(scheme, user, a, b, host, path):
    for text in (
        f"{scheme}://{user}:{a}{SECRET}{b}@{host}/{path}",
        f"{scheme}://{host}?{path}={a}{SECRET}{b}",
        f"{scheme}://{host}#{path}={a}{SECRET}{b}",
    ):
        url = Url(text)
        assert SECRET not in f"{url} {url!r} {url.problem} {shown(text)}"


NOT_SECRET = {
    "http://h:8000/a@b.onnx": "http://h...b.onnx",  # h may be a user
    "http://h/org@v2/x": "http://h/org@v2/x",
    "http://[::1]/a@b": "http://[::1]/a@b",
    "http://h:8000/org/x.onnx": "http://h:8000/org/x.onnx",
    "https://proxy.example/https://me:it@h/x": "https://proxy.example/https...h/x",
}


@pytest.mark.parametrize("text", NOT_SECRET)
def test_what_cannot_be_a_secret_is_shown(text):
    assert shown(text) == NOT_SECRET[text]
    assert Url(text).name == NOT_SECRET[text].rpartition("/")[2]


NO_HOSTS = ["", "a" * 70, "a..b", "a b", "a$b", "$(id)", "a'b", "é\x00", "::1", "[::1"]


@pytest.mark.parametrize("host", NO_HOSTS)
def test_hosts_that_are_none(host):
    assert Url(f"http://{host}/x").problem


HOSTS = {
    "http://Example.ORG/x": ("example.org", 80),
    "https://example.org:8443/x": ("example.org", 8443),
    "https://[::1]/x": ("::1", 443),
    "http://[::1]:80/x": ("::1", 80),
    "http://bücher.example/x": ("xn--bcher-kva.example", 80),
    "HTTPS://me:it@example.org?x": ("example.org", 443),
}


@pytest.mark.parametrize("text", HOSTS)
def test_the_server_of_a_url(text):
    url = Url(text)
    assert url.problem == ""
    assert (url.server.host, url.server.port) == HOSTS[text]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("http://h", "/"),
        ("http://h?a=b", "/?a=b"),
        ("http://h/a b/ü?c d#e", "/a%20b/%C3%BC?c%20d"),
        ("http://h/a%2Fb?sig=a%2Fb%3D%3D&x=a+b", "/a%2Fb?sig=a%2Fb%3D%3D&x=a+b"),
        ("http://h//a//b", "//a//b"),
    ],
)
def test_signatures_are_sent_as_they_are(text, target):
    assert Url(text).target == target


@pytest.mark.parametrize(
    ("text", "login"),
    [
        ("http://h/x", ""),
        ("http://me:it@h/x", "Basic bWU6aXQ="),
        ("http://me@h/x", "Basic bWU6"),
        ("http://me:a%40b:c@h/x", "Basic bWU6YUBiOmM="),
    ],
)
def test_the_login_of_a_url(text, login):
    assert Url(text).authorization == login


@pytest.mark.parametrize(
    ("location", "full"),
    [
        ("/b?c#d", "https://h:1/b?c"),
        ("b", "https://h:1/a/b"),
        ("//cdn.example.org/b", "https://cdn.example.org/b"),
        ("https://you:pw@cdn.example.org/b c", "https://cdn.example.org/b%20c"),
        ("file:///etc/passwd", "file:///etc/passwd"),
    ],
)
def test_where_a_redirect_leads(location, full):
    assert Url("https://me:it@h:1/a/x?token=secret").redirected(location).full == full


def test_files_beside_have_the_same_query():
    url = Url("https://me:it@h/a/x;b?token=secret")
    assert url.beside("y z").full == "https://me:it@h/a/y z?token=secret"
    assert url.as_folder().beside("y").full == "https://me:it@h/a/x;b/y?token=secret"
    assert Url("memory:///a/x").beside("y").full == "memory:///a/y"


@pytest.mark.parametrize("path", ["a.onnx", "C:/a.onnx", "C:\\a", "a:b", "./http", "httpx", "a::b"])
def test_paths_are_no_urls(path):
    assert not is_url(path)
    assert shown(path) == without_secrets(path) == path


LONG = [
    "a:" * 100_000,
    "a:b:" * 50_000 + "@",
    "a:@" * 70_000,
    "a" * 200_000,
    "http:" * 50_000,
    ":@%3f;" * 50_000,
]


@pytest.mark.parametrize("text", LONG)
def test_long_messages_take_no_long_time(text):
    for words in (text, f"http://{text}", f"http://h/{text}"):
        assert len(without_secrets(words)) <= len(words) + 3


@pytest.mark.parametrize("sign", ["\n", "\0", "\x7f", "\\", "\udcff", "\x1b"])
def test_signs_that_cannot_be_sent(sign):
    for text in (f"http://h/a{sign}b", f"http://u{sign}:p@h/", f"http://h/?{sign}"):
        assert Url(text).problem


def test_other_protocols_have_hosts_of_their_own():
    assert Url("s3://arn:aws:s3:region:1:accesspoint/name/key.npz").problem == ""
    assert str(Url("s3://arn:aws:s3:region:1:accesspoint/name/key.npz")) == "s3://..."


def test_a_url_travels():
    url = Url("https://me:secret@h/a?token=secret")
    assert pickle.loads(pickle.dumps(url)) == url
    assert hash(url) == hash(Url(url.full))
