"""Search of the built site: a question finds the page that answers it among the first three."""

import shutil

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no browser on this machine"),
]

QUESTIONS = {
    "howto/over-trained": [
        "is my model over-trained",
        "over-trained",
        "overtrained",
        "is my model overtrained",
        "overfitting",
        "overfit",
        "over-fitting",
        "does my network overfit",
    ],
    "howto/fine-tune-or-prune": [
        "which layers should I fine-tune or prune first",
        "prune",
        "pruning",
        "prune layers",
        "fine-tune layers",
        "which layers to freeze",
        "layer pruning",
        "finetune",
        "can I remove a layer",
    ],
    "howto/which-layers": ["which layers", "which layers first", "worst layers"],
    "howto/layer-noise": [
        "is this layer noise",
        "layer noise",
        "only noise",
        "did this layer learn anything",
        "random layer",
    ],
    "howto/which-checkpoint": [
        "best checkpoint",
        "which checkpoint is best",
        "compare checkpoints",
        "four checkpoints which is best",
        "four checkpoints",
        "early stopping",
        "when to stop training",
        "which epoch should I use",
    ],
    "howto/gate-ci gate": [
        "continuous integration",
        "gate CI",
        "gate CI on weights",
        "CI",
        "github actions",
        "pipeline",
    ],
    "howto/large-runs": [
        "70B",
        "70B model 16 GB memory",
        "how long does it take",
        "LLM",
        "OOM",
        "RAM",
        "out of memory",
    ],
    "security": [
        "is it safe to open an untrusted file",
        "untrusted",
        "pickle",
        "safe file",
        "malicious",
        "malicious model",
        "virus",
    ],
    "weightwatcher": [
        "watcher.analyze",
        "mp_fit",
        "WeightWatcher analyze plot=True mp_fit=True",
        "plot=True",
        "randomize",
    ],
    "howto/alpha": [
        "alpha = 7.2",
        "alpha above 6",
        "what does alpha mean",
        "alpha too large",
        "my alpha is too large",
        "high alpha",
        "alpha is 12",
    ],
    "methods/interval": [
        "confidence interval alpha",
        "uncertainty alpha",
        "error bar",
        "how sure is alpha",
    ],
    "howto/check-theory": [
        "check Marchenko-Pastur",
        "Marchenko-Pastur numpy",
        "Marchenko-Pastur",
        "check my own random matrix against Marchenko-Pastur",
        "random matrix",
        "my own matrix",
    ],
    "howto/random-matrices methods/comparison": [
        "does my ensemble obey a law",
        "product of random matrices",
        "free convolution",
        "level repulsion",
        "BBP transition",
        "rate of convergence",
    ],
}
"""Phrases that people searched for, by the pages of which one must be among the first three."""


@pytest.fixture(scope="module")
def search(built):
    with playwright.sync_playwright() as found:
        browser = found.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto((built / "search.html").as_uri())
        page.wait_for_function("Search.hasIndex()")
        yield page
        browser.close()


def found_by(search, phrase):
    """Return the pages that a search finds, each once, the first one first."""
    run = "phrase => Search._performSearch(...Search._parseQuery(phrase)).map(found => found[0])"
    return list(dict.fromkeys(reversed(search.evaluate(run, phrase))))


@pytest.mark.parametrize(
    ("phrase", "pages"),
    [(phrase, pages) for pages, phrases in QUESTIONS.items() for phrase in phrases],
)
def test_a_question_finds_the_page_that_answers_it(search, phrase, pages):
    first = found_by(search, phrase)[:3]
    assert {*first} & {*pages.split()}, first


def test_the_page_of_results_shows_the_first_one_first(search, built):
    search.goto((built / "search.html").as_uri() + "?q=overfitting")
    first = search.locator("#search-results ul.search li a").first
    playwright.expect(first).to_have_text("Is my model over-trained?")


def test_part_of_a_word_counts_less_than_the_word(search):
    assert found_by(search, "trap")[0] == "methods/traps"
    assert found_by(search, "CI").index("gate") < found_by(search, "CI").index(
        "reference/spectra.noise.spacings"  # participation
    )


def test_a_word_that_no_page_has_hides_none(search):
    assert found_by(search, "stable rank xyzzyx")[:1] == found_by(search, "stable rank")[:1]
    assert found_by(search, "xyzzyx") == []
