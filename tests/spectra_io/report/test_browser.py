"""
Reports in a real browser: sorting, filtering, layers, models, hostile names, accessibility.

The tests run wherever Playwright and a Chromium are found (``CHROMIUM``, or a name on the path).
"""

import os
import shutil

import numpy as np
import pytest

import spectra
from spectra import measures
from spectra.noise.phases import Phase
from spectra_io import open_model, report
from tests.builders import SHARED
from tests.spectra_io.report.test_contents import ASKED, HOSTILE, analyzed

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: set CHROMIUM to its path"),
]
WIDTHS = (360, 800, 1400)
KINDS = {".onnx", ".safetensors"}
WITHOUT_DATA = "silero_vad_op18_ifless.21c3be45.onnx"  # its external data are not there
MODELS = sorted(
    path
    for path in (SHARED / "models").rglob("*")
    if path.suffix in KINDS and path.name != WITHOUT_DATA
)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as found:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = found.chromium.launch(executable_path=CHROMIUM, args=options)
        yield opened
        opened.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a report, and check that it wrote nothing to the console and asked no network."""
    pages = []

    def open_(models, width=1280, at="", scheme="light"):
        path = tmp_path / "report.html"
        report.to_file(models, path)
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{path.as_uri()}{at}")
        page.wait_for_selector("html[data-ready=yes]")
        pages.append((page, said, asked))
        return page

    yield open_
    for page, said, asked in pages:
        assert said == []
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
        page.close()


@pytest.fixture(scope="module")
def model():
    """Return the results of noise, of a heavy tail and of a layer that is all zero."""
    rng = np.random.default_rng(0)
    arrays = {
        "noise": rng.standard_normal((200, 100)),
        "heavy": rng.standard_t(1.5, (800, 400)),
        "dead": np.zeros((20, 10)),
        "small": rng.standard_normal((12, 6)),
    }
    return spectra.analyze(arrays, measures=ASKED)


def texts(page, column):
    cells = page.locator(f"#table tbody tr > :nth-child({column})")
    return [text.strip() for text in cells.all_inner_texts()]


def test_the_diagnosis_comes_first(opened, model):
    page = opened({"net": model})
    first = page.locator("main section").first
    assert "1 broken, 1 heavy-tailed, 1 like noise, 1 too small to tell" in first.inner_text()
    assert first.locator("ol button.layer").first.inner_text() == "dead"


def test_columns_sort_by_number_up_and_down(opened, model):
    page = opened(model)
    head = page.locator("#table thead th", has_text="alpha").first
    place = 1 + page.locator("#table thead th").all_inner_texts().index("alpha")
    head.click()
    playwright.expect(head).to_have_attribute("aria-sort", "ascending")
    up = [float(text) for text in texts(page, place) if text not in {"-", ""}]
    head.click()
    playwright.expect(head).to_have_attribute("aria-sort", "descending")
    down = [float(text) for text in texts(page, place) if text not in {"-", ""}]
    assert len(up) >= 2
    assert up == sorted(up)
    assert down == up[::-1]


def test_missing_numbers_are_last_in_both_orders(opened, model):
    page = opened(model)
    head = page.locator("#table thead th", has_text="alpha").first
    place = 1 + page.locator("#table thead th").all_inner_texts().index("alpha")
    for order in ("ascending", "descending"):
        head.click()
        playwright.expect(head).to_have_attribute("aria-sort", order)
        assert texts(page, place)[-1] == "-"


def test_models_without_layers_open(opened):
    none = spectra.analyze({}, measures=ASKED)
    page = opened({"one": none, "other": none})
    assert page.locator("#table tbody tr button").count() == 0


def test_a_link_in_an_open_page_leads_to_a_layer(opened, model):
    page = opened(model)
    page.evaluate("location.hash = '#layer-2'")
    playwright.expect(page.get_by_role("dialog").locator("h2")).to_have_text("dead")


def test_columns_sort_by_the_keyboard(opened, model):
    page = opened(model)
    before = texts(page, 1)
    head = page.locator("#table thead th").first
    head.get_by_role("button").focus()
    for order in ("ascending", "descending"):
        page.keyboard.press("Enter")
        playwright.expect(head).to_have_attribute("aria-sort", order)
    assert texts(page, 1) == before[::-1]


def test_rows_are_filtered_by_words_and_by_verdict(opened, model):
    page = opened(model)
    page.get_by_label("Search").fill("nois")
    assert "noise" in texts(page, 1)
    page.get_by_label("Search").fill("hea")
    assert texts(page, 1) == ["heavy"]
    assert page.locator("#count").inner_text() == "1 of 4 rows"
    page.get_by_label("Search").fill("")
    page.locator("#verdict").select_option("like noise")
    assert texts(page, 1) == ["noise"]


def test_a_layer_opens_with_pictures_and_numbers(opened, model):
    page = opened(model)
    page.locator("#table button.layer", has_text="heavy").click()
    dialog = page.get_by_role("dialog")
    assert dialog.locator("h2").inner_text() == "heavy"
    dialog.locator(".picture svg.main-svg").first.wait_for()
    assert dialog.locator(".picture").count() == 2
    row = dialog.locator("table.numbers tr", has=page.get_by_text("alpha: power-law")).first
    value, sure, noise = row.locator("td").all_inner_texts()
    alpha = model.alpha.sel(layer="heavy").item()
    assert float(value) == pytest.approx(alpha, rel=1e-3)
    assert "(90%)" in sure
    assert float(noise) == pytest.approx(model.alpha_noise.sel(layer="heavy").item(), rel=1e-3)
    dialog.get_by_role("button", name="Next layer").click()
    assert dialog.locator("h2").inner_text() == "dead"
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_a_link_leads_to_a_layer(opened, model):
    page = opened(model, at="#layer-1")
    assert page.get_by_role("dialog").locator("h2").inner_text() == "heavy"


def test_a_layer_begins_with_ten_numbers_and_folds_the_others(opened, model):
    page = opened(model, at="#layer-1")
    numbers = page.get_by_role("dialog").locator("table.numbers")
    names = [text.split(":")[0] for text in numbers.locator("tr:visible th a").all_inner_texts()]
    assert names[:3] == ["verdict", "verdict_reason", "alpha"]
    assert len(names) == 10
    group = numbers.get_by_role("button", name="Noise and signal")
    assert group.get_attribute("aria-expanded") == "false"
    group.click()
    assert group.get_attribute("aria-expanded") == "true"
    assert numbers.get_by_role("link", name="spike_p", exact=True).is_visible()
    assert "spectra." not in numbers.inner_text()
    assert "this library" not in numbers.inner_text()
    group.click()
    assert not numbers.get_by_role("link", name="spike_p", exact=True).is_visible()
    page.emulate_media(media="print")
    assert numbers.get_by_role("link", name="spike_p", exact=True).is_visible()


def test_layers_near_another_phase_are_marked_and_chosen(opened, model):
    ds = model.copy(deep=True)
    ds.phase_second.loc[:] = Phase.NOT_CLASSIFIED
    ds.phase_second.loc["noise"] = Phase.BULK_DECAY
    page = opened(ds)
    assert "1 of them near the border to another phase" in page.locator("main").inner_text()
    marks = page.locator("#table .near")
    assert marks.count() == 1
    assert marks.get_attribute("title") == "near the border to the phase bulk decay"
    page.locator("#verdict").select_option(label="≈ near the border to another phase")
    assert texts(page, 1) == ["noise"]
    page.locator("#verdict").select_option("like noise")
    assert texts(page, 1) == ["noise"]


def test_the_words_of_the_diagnosis_are_explained(opened, model):
    page = opened(model)
    fold = page.locator("#words")
    assert not fold.locator("dl").is_visible()
    fold.locator("summary").click()
    assert "by chance" in fold.locator("dt").all_inner_texts()


@pytest.mark.parametrize("width", [1280, 1920])
def test_tables_have_the_width_of_the_window(opened, model, width):
    page = opened({"first": model, "second": model}, width=width)
    box = "document.querySelector('#table').closest('.wide')"
    assert page.evaluate(f"{box}.clientWidth") > 0.95 * width
    assert page.evaluate(f"{box}.scrollWidth <= {box}.clientWidth")


def test_the_chart_of_models_shows_only_layers_with_values(opened):
    models = {"one": analyzed(0, ("a", "b")), "two": analyzed(1, ("a", "b"))}
    for ds in models.values():
        ds.stable_rank.loc["b"] = np.nan
    page = opened(models)
    quantity = page.locator("#quantity")
    quantity.select_option(
        label="stable_rank: stable rank, the number of directions that carry the weight"
    )
    chart = page.locator("#series")
    chart.locator("svg.main-svg").first.wait_for()
    assert chart.locator("g.legend .legendtext").all_text_contents() == ["a"]
    assert chart.locator(".ytitle").text_content() == "stable rank"
    assert chart.locator("path.xzl").count() == 0


def test_models_stand_side_by_side(opened):
    models = {f"step {i}": analyzed(i) for i in range(3)}
    page = opened(models)
    heads = page.locator("#matrix thead th").all_inner_texts()
    assert [head.strip() for head in heads] == ["layer", "step 0", "step 1", "step 2"]
    page.locator("#quantity").select_option(
        label="stable_rank: stable rank, the number of directions that carry the weight"
    )
    cells = page.locator("#matrix tbody tr").first.locator("td").all_inner_texts()
    expected = [ds.stable_rank.sel(layer="a").item() for ds in models.values()]
    assert [float(cell) for cell in cells] == pytest.approx(expected, rel=1e-3)
    assert page.locator("#series svg.main-svg").first.is_visible()
    page.locator("#quantity").select_option(label="verdict: what the evidence says of the layer")
    assert page.locator("#matrix tbody td").all_inner_texts() == ["like noise"] * 9
    assert not page.locator("#series").is_visible()
    page.locator("#model").select_option(label="step 1")
    assert page.locator("#count").inner_text() == "3 of 9 rows"


def test_hostile_names_do_nothing(opened):
    names = tuple(HOSTILE.values())
    models = {names[0]: analyzed(0, names), names[1]: analyzed(1, names)}
    page = opened(models)
    title = page.title()
    for i in range(len(names)):
        page.evaluate(f"document.querySelectorAll('#table button.layer')[{i}].click()")
        page.wait_for_timeout(100)
        page.keyboard.press("Escape")
    page.mouse.move(400, 300)
    page.get_by_label("Search").fill("<img")
    assert page.title() == title
    assert page.locator("img").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(opened, model, width):
    page = opened({"net": model}, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#table button.layer").first.click()
    assert page.evaluate("document.getElementById('detail').scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("several", [False, True])
def test_axe_finds_no_violation(opened, model, several, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    models = {"net": model, "other": model} if several else {"net": model}
    page = opened(models, scheme=scheme, width=1280 if scheme == "light" else 400)
    assert axe.run(page).generate_report().startswith("Found 0")
    page.locator("#table button.layer").first.click()
    page.wait_for_timeout(300)
    assert axe.run(page).generate_report().startswith("Found 0")


BACKGROUND = "getComputedStyle(document.body).backgroundColor"
PAPER = "document.querySelector('#model-pictures .main-svg').style.background"


def test_a_page_is_dark_where_the_screen_is_and_light_on_paper(opened, model):
    page = opened(model, scheme="dark")
    page.locator("#model-pictures").scroll_into_view_if_needed()
    page.locator("#model-pictures svg.main-svg").first.wait_for()
    assert page.evaluate(BACKGROUND) == "rgb(13, 17, 23)"
    assert page.evaluate(PAPER) == "rgb(13, 17, 23)"
    page.emulate_media(media="print")
    assert page.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
    page.wait_for_function(f"{PAPER} === 'rgb(255, 255, 255)'")


def test_legends_stand_below_the_charts_on_narrow_screens_and_on_paper(opened, model):
    page = opened({"net": model}, width=1280, at="#layer-1")
    chart = page.get_by_role("dialog").locator("figure").first
    chart.locator(".picture svg.main-svg").first.wait_for()
    assert chart.locator("g.legend").count() == 1
    assert chart.locator("ul.legend li").count() == 0
    page.set_viewport_size({"width": 400, "height": 900})
    playwright.expect(chart.locator("g.legend")).to_have_count(0)
    words = chart.locator("ul.legend li").all_inner_texts()
    assert "noise: Marchenko-Pastur law" in [word.strip() for word in words]
    page.set_viewport_size({"width": 1280, "height": 900})
    playwright.expect(chart.locator("g.legend")).to_have_count(1)
    page.emulate_media(media="print")
    playwright.expect(chart.locator("g.legend")).to_have_count(0)
    assert chart.locator("ul.legend li").count() == len(words)


def test_thirty_models_scroll_within_the_window_and_have_short_names(opened):
    models = {f"runs/net/checkpoint-{i:05}/model.safetensors": analyzed(i) for i in range(30)}
    page = opened(models, width=800, at="#layer-0")
    assert page.evaluate("document.documentElement.scrollWidth") <= 800
    dialog = page.get_by_role("dialog")
    assert page.evaluate("document.getElementById('detail').scrollWidth") <= 800
    head = dialog.locator("table.numbers thead th").first
    assert head.inner_text() == "00000"
    assert head.get_attribute("title") == "runs/net/checkpoint-00000/model.safetensors"
    page.keyboard.press("Escape")
    first = page.locator("main section").first
    assert first.locator("h2").inner_text() == "Models side by side"
    page.locator("#quantity").select_option(label="verdict: what the evidence says of the layer")
    assert page.locator("#matrix tbody tr").first.locator(".verdict").count() == 30


def test_a_chart_of_models_and_the_pictures_are_drawn_before_they_are_scrolled_to(opened, model):
    page = opened({"one": analyzed(0), "two": analyzed(1, ("b", "c"))})
    assert page.locator("#quantity option:checked").inner_text().startswith("stable_rank")
    assert page.locator("#series svg.main-svg").count() > 0
    page.locator("#quantity").select_option(label="verdict: what the evidence says of the layer")
    row = page.locator("#matrix tbody tr").first
    assert row.locator(".verdict").count() == 1
    assert row.locator("td").all_inner_texts() == ["like noise", "-"]
    page = opened({"net": model})
    places = page.locator("#model-pictures .picture").all()
    assert places
    assert all(place.locator("svg.main-svg").count() for place in places)


def test_quantities_are_grouped_in_the_menu(opened):
    page = opened({"first": analyzed(0), "second": analyzed(1)})
    groups = page.locator("#quantity optgroup")
    labels = [group.get_attribute("label") for group in groups.all()]
    assert labels[:3] == ["Asked for most", "Diagnosis", "Power law of the tail"]
    options = page.locator("#quantity option").all_inner_texts()
    assert len(set(options)) == len(options) > 40


def test_the_heads_of_columns_can_be_skipped_and_show_where_the_focus_is(opened, model):
    page = opened(model)
    page.locator("#verdict").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip the heads of the columns"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "layer"
    head = page.locator("#table thead th").first
    head.get_by_role("button").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    style = "h => getComputedStyle(h).outlineStyle + getComputedStyle(h).outlineWidth"
    assert head.evaluate(style) == "solid3px"


def test_a_number_links_the_page_of_its_method(opened, model):
    page = opened(model, at="#layer-1")
    numbers = page.get_by_role("dialog").locator("table.numbers")
    link = numbers.get_by_role("link", name="alpha", exact=True)
    assert link.get_attribute("href").endswith("/docs/methods/power-law.md")
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_a_page_prints_its_whole_table(opened, model):
    page = opened(model)
    page.emulate_media(media="print")
    assert page.get_by_label("Search").is_hidden()
    assert page.locator("#count").is_visible()
    assert page.locator("#table tbody tr").count() == 4
    assert page.evaluate("getComputedStyle(document.querySelector('.wide')).overflow") == "visible"


@pytest.mark.shared
@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.parent.name + "/" + path.name)
def test_reports_of_real_networks_open(opened, model):
    ds = spectra.analyze(open_model(model), measures=ASKED)
    page = opened({model.name: ds})
    assert page.locator("#table tbody tr").count() == ds.sizes["layer"]
    if ds.sizes["layer"]:
        page.locator("#table button.layer").first.click()
        assert page.get_by_role("dialog").locator("h2").inner_text() == ds.layer.values[0]


def test_three_hundred_layers_open_within_seconds_and_five_megabytes(opened, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {f"layers.{i}.proj": rng.standard_t(3 + i % 5, (96, 64)) for i in range(300)}
    ds = spectra.analyze(arrays, measures=[*measures.CORE, measures.bulk_fit])
    page = opened(ds)
    assert (tmp_path / "report.html").stat().st_size < 5_000_000
    assert page.locator("#table tbody tr").count() == 300
