"""Words of the figures agree with one another, with the table, and with the verdict."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import spectra
import spectra_io.plots
from spectra.results import plotdata
from spectra.theory import ensembles
from spectra_io.plots import _flow_parts, _labels, interactive
from spectra_io.plots._names import layers

plt.switch_backend("Agg")


@pytest.fixture(scope="module", name="ds")
def analysed():
    rng = np.random.default_rng(0)
    model = {
        "heavy": ensembles.symmetric_pareto((400, 200), mu=1.4, rng=rng).W,
        "few": rng.standard_t(2.2, (60, 12)),
        "noise": rng.standard_normal((200, 100)),
    }
    return spectra.analyze(model, measures=[*spectra.measures.CORE, spectra.measures.bulk_fit])


@pytest.mark.parametrize("layer", ["heavy", "few", "noise"])
def test_one_tail_has_one_alpha(ds, layer):
    alpha = ds.alpha.sel(layer=layer).item()
    assert plotdata.tail_laws(ds, layer=layer).parameters["power_law"]["alpha"] == alpha
    words = _labels.tail_laws(plotdata.tail_laws(ds, layer=layer))["power_law"]
    assert words.startswith(f"power law (α = {alpha:.2f})")
    assert f"α = {alpha:.2f} " in plotdata.esd(ds, layer=layer).fit


def test_a_short_tail_is_drawn_with_the_alpha_of_the_fit(ds):
    """Below 20 eigenvalues the fit is not the likeliest one."""
    assert ds.num_tail.sel(layer="few") < 20
    found = plotdata.tail_laws(ds, layer="few")
    z = np.log(found.eigenvalue / found.eigenvalue[0])
    assert found.parameters["power_law"]["alpha"] < 1 + 1 / z.mean()
    x, alpha = found.x, ds.alpha.sel(layer="few").item()
    assert found.laws["power_law"] == pytest.approx((x / x[0]) ** (1 - alpha))


def test_another_start_has_the_likeliest_alpha(ds):
    start = float(ds.eigenvalue.sel(layer="heavy").quantile(0.5))
    found = plotdata.tail_laws(ds, layer="heavy", xmin=start)
    z = np.log(found.eigenvalue / start)
    assert found.parameters["power_law"]["alpha"] == pytest.approx(1 + 1 / z.mean())


def test_the_tail_says_which_eigenvalues_the_verdict_rests_on(ds):
    above, num = (int(ds[name].sel(layer="heavy")) for name in ("phase_num_excess", "support_num"))
    assert above > num >= 20
    assert (
        f"rest on the {above} eigenvalues above the noise, of which the largest {num} are fitted."
        in plotdata.tail_laws(ds, layer="heavy").caption
    )


@pytest.mark.parametrize(
    ("above", "said"),
    [
        (0, "No eigenvalue is above the noise at 0.0001"),
        (1, "Only 1 eigenvalue is above the noise at 0.0001"),
        (19, "Only 19 eigenvalues are above the noise at 0.0001"),
    ],
)
def test_without_enough_spikes_the_word_on_the_power_law_is_of_the_whole_tail(ds, above, said):
    found = ds.copy(deep=True)
    found.phase_num_excess.loc["noise"] = above
    found.support_num.loc["noise"] = 29  # the length of the tail
    caption = plotdata.tail_laws(found, layer="noise").caption
    assert f"{said}: the word on the power law is of the whole tail" in caption
    assert "rest on" not in caption


def test_a_tail_that_begins_within_the_noise_says_so(ds):
    row = ds.sel(layer="noise")
    values = row.eigenvalue.dropna("mode").values
    within = int(((values >= row.xmin.item()) & (values <= row.bulk_max.item())).sum())
    assert within > 0
    said = f"Of the tail {within} of {int(row.num_tail)} lie within the noise."
    assert said in plotdata.esd(ds, layer="noise").caption
    high = ds.copy(deep=True)
    high.xmin.loc["noise"] = 2 * row.bulk_max.item()
    assert "lie within the noise" not in plotdata.esd(high, layer="noise").caption


def test_an_alpha_outside_of_its_interval_is_told(ds):
    inside = plotdata.correlation_flow(ds)
    assert "Outside of the interval" not in inside.caption
    ds = ds.copy(deep=True)
    ds.alpha_high.loc["heavy"] = ds.alpha.sel(layer="heavy").item() - 0.1
    assert "start elsewhere: heavy." in plotdata.correlation_flow(ds).caption
    assert " outside " in plotdata.esd(ds, layer="heavy").fit
    hovers = [t.customdata for t in interactive.correlation_flow(ds).data if t.customdata]
    assert any(words[1].startswith("outside ") for words in hovers[0] if words[0] == "heavy")


def test_exponents_of_a_caption_have_the_same_digits(ds):
    ds = ds.copy(deep=True)
    ds.alpha.loc["heavy"] = 12.3456
    assert "to 12.35." in plotdata.correlation_flow(ds).caption
    ds.alpha.loc["heavy"] = 1e7
    assert "to 1.00e+07." in plotdata.correlation_flow(ds).caption


def test_a_law_near_the_power_law_has_no_meaningless_scale():
    assert (
        _labels._parameters("stretched_exponential", {"Lambda": 1e33, "beta": 0.0462})
        == "near a power law, β = 0.046"
    )
    assert _labels._parameters("exponential", {"Lambda": 0.25}) == "Λ = 0.25"


def test_the_legend_has_the_words_of_the_table(ds):
    words = _flow_parts.supports(plotdata.correlation_flow(ds))
    table = spectra.labels(ds.power_law_support).values.tolist()
    for word in {*table}:
        said = word.replace("_", " ")
        (label,) = [label for label in words.values() if said in label]
        assert f": {table.count(word)}" in label
    labels = spectra_io.plots.correlation_flow(ds).get_legend_handles_labels()[1]
    assert "layers" in labels
    plt.close("all")


def test_names_of_layers_are_cut_at_their_front():
    names = [f"network_body._body_endoder.seq_layers.{i}.weight" for i in range(2)] + [
        "action_model._continuous_distribution.mu.weight"
    ]
    shown = layers(names, 24)
    assert len({*shown}) == len(names)
    assert all(len(name) <= 24 for name in shown)
    assert [name.endswith(f"seq_layers.{i}.weight") for i, name in enumerate(shown[:2])] == [1, 1]


def test_a_beginning_that_all_names_share_is_dropped():
    names = [f"model.decoder.layers.{i}.projection" for i in range(12)]
    assert layers(names, 24) == [f"…{i}…" for i in range(12)]
    assert layers(["model/a/Const:0", "model/a/Conv_0/transpose_3:0"], 20) == [
        "…Const:0",
        "…onv_0/transpose_3:0",
    ]


def test_names_whose_ends_are_alike_keep_their_beginnings():
    names = ["encoder.the_same_long_ending_of_a_name", "decoder.the_same_long_ending_of_a_name"]
    shown = layers(names, 16)
    assert shown[0].startswith("encoder")
    assert shown[1].startswith("decoder")


@pytest.mark.parametrize(("high", "ticks"), [(5.0, None), (50.0, "D2"), (5e4, None)])
def test_a_short_logarithmic_axis_has_few_labels(high, ticks):
    from spectra_io.plots.interactive._drawing import axis

    assert axis("x", 1.0, high, logarithmic=True).get("dtick") == ticks
