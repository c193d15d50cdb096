r"""
Correlation flow, histograms, scale collapse
============================================

Martin, Peng and Mahoney (2021) and the articles on WeightWatcher (both named at the end of this
page) compare models by their alphas: layer by layer (the *correlation flow*), as histograms, and by
averages, which are said to fall from good to better to best. A distilled model is said to keep its
alphas and to lose its scale. Which of this holds for networks of one shape that learn from more and
more digits, and for networks that others published? Short answer: in networks trained
here the average alpha falls as they get better, and in a fine-tune; in published series it falls,
stays or rises. A flat flow is no sign of quality: it is the best networks whose alpha rises with
depth. A planted collapse is found; a penalty on all layers at once changes the alphas as well.
"""

# %%
# Networks that learn from more and more
# --------------------------------------
#
# Networks of the widths 784, seven times 128, and 10 learn handwritten digits: from 300 digits to
# 10,000, in equally many steps, so that only the data make the difference. The six hidden layers
# are all 128 x 128: alpha depends on the shape of a layer, and layers of one shape can be
# compared. The trainings take minutes (``trainings/series_of_networks.py``); this page reads what
# :func:`spectra.analyze` found in them. With ``SPECTRA_MODELS``, a folder of networks of others,
# their part is computed anew; without it the page shows kept results. The eigenvalues of one of the
# networks are kept as well (``results/correlation_flow_evals.npy``), to fit its alphas again.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike
from scipy.stats import kendalltau
from trainings.digits import made_up
from trainings.networks import Layer, Network, accuracy, outputs, start, train
from trainings.series_of_networks import SERIES, published

import spectra
import spectra_io
from spectra.results import plotdata, scale_collapse
from spectra_io import plots

MODELS = os.environ.get("SPECTRA_MODELS")  # a folder with networks of others
SIZES = ("300 digits", "1000 digits", "3000 digits", "10000 digits")
HIDDEN = [f"fc{i}" for i in range(2, 8)]  # layers of one shape
DIVISOR = 10.0  # of the weights of the layer whose scale is made to collapse

runs = spectra_io.load("results/correlation_flow.nc")
kinds = ("untrained", *SIZES)


def of(kind: str, seed: int = 0) -> xr.Dataset:
    """Return the result of one network."""
    return runs.isel(model=np.flatnonzero((runs.kind == kind) & (runs.seed == seed))[0])


# %%
# Correlation flow
# ----------------
#
# Alpha of each layer against its depth, of three networks of one seed. The band is that in which
# the articles expect well-trained layers, from 2 to 6.

fig, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
shown = {kind: of(kind) for kind in ("untrained", "300 digits", "10000 digits")}
plots.correlation_flow(shown, ax=ax)
ax.set_yscale("log")
ax.set_yticks([2, 3, 4, 6, 10, 20, 30], ["2", "3", "4", "6", "10", "20", "30"])

# %%
# A trend needs a test: Kendall's rank correlation of alpha with depth, among the hidden layers.
# The table has its mean over the seeds with the standard error, the scatter of alpha from layer
# to layer (standard deviation of :math:`\ln(\alpha - 1)`), and what noise of the same shape would
# give for alpha if its tail had the same length. Layers without any trend have a rank correlation
# of 0 on average, with a standard deviation that depends on their number.


def mean_and_error(values: ArrayLike) -> tuple[float, float]:
    """Return the mean over the seeds with its standard error."""
    each = np.asarray(values)
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))


def chance(num: int) -> float:
    """Return the standard deviation of Kendall's tau of numbers without any relation."""
    return float(np.sqrt(2 * (2 * num + 5) / (9 * num * (num - 1))))


def numbers(kind: str, seed: int) -> dict[str, float]:
    """Return numbers of one network."""
    ds = of(kind, seed)
    flow = plotdata.correlation_flow(ds.sel(layer=HIDDEN))
    return {
        "accuracy": float(ds.accuracy),
        "alpha": float(flow.alpha.mean()),
        "noise": float(flow.noise.mean()),
        "alpha - noise": float((flow.alpha - flow.noise).mean()),
        "alpha_hat": float(ds.alpha_weighted.sel(layer=HIDDEN).mean()),
        "log_norm": float(ds.log_norm.sel(layer=HIDDEN).mean()),
        "log_spectral": float(ds.log_spectral_norm.sel(layer=HIDDEN).mean()),
        "tau": flow.trend.tau,
        "scatter": float(np.std(np.log(flow.alpha - 1))),
    }


seeds = np.unique(runs.seed.values)
each = {
    kind: pd.DataFrame([numbers(kind, seed) for seed in seeds]) for kind in np.unique(runs.kind)
}
means = pd.DataFrame({kind: each[kind].mean() for kind in kinds}).T
errors = pd.DataFrame({kind: each[kind].sem() for kind in kinds}).T
print(means.round(3).to_string())
print("standard errors")
print(errors.round(3).to_string())
print(f"tau of six layers without a trend: 0 ± {chance(len(HIDDEN)):.2f} (standard deviation)")

# %%
# Good, better, best
# ------------------
#
# Averages hide the layers, as one article says of GPT: so histograms of all hidden layers of all
# seeds, for the networks of the fewest and the most digits.


def pooled(kind: str) -> xr.Dataset:
    """Return the hidden layers of all seeds as one model."""
    parts = [
        of(kind, seed).sel(layer=HIDDEN).assign_coords(layer=[f"{name} {seed}" for name in HIDDEN])
        for seed in seeds
    ]
    return xr.concat(parts, "layer", join="outer", coords="minimal", compat="override").drop_vars(
        ["depth", "model", "kind", "seed", "accuracy"]
    )


both = {kind: pooled(kind) for kind in ("300 digits", "10000 digits")}
fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
plots.histogram(both, ax=axes[0])
plots.histogram(both, column="log_spectral_norm", ax=axes[1])

# %%
# The rank correlation of each number with the test accuracy, over the four sizes of one seed, and
# its mean over the seeds. Below stands what four numbers without any relation would give, for one
# seed and for the mean of independent seeds.

trained = pd.concat([each[kind].assign(seed=seeds) for kind in SIZES])
quality = {
    name: mean_and_error(
        [kendalltau(one.accuracy, one[name])[0] for _, one in trained.groupby("seed")]
    )
    for name in ("alpha", "alpha_hat", "log_norm", "log_spectral", "tau", "scatter")
}
for name, (mean, error) in quality.items():
    print(f"{name:13} {mean:5.2f} ± {error:.2f}")
scatter = chance(len(SIZES))
print(
    f"without any relation: 0 ± {scatter:.2f}, mean over seeds ± {scatter / len(seeds) ** 0.5:.2f}"
)

# %%
# Fine-tuned and distilled networks
# ---------------------------------
#
# The network of 1,000 digits is trained on with all 10,000: a fine-tune. Its alphas are compared
# with those of the same network trained on for as many steps with its own digits.

changes = {
    kind: mean_and_error(each[kind].alpha - each["1000 digits"].alpha)
    for kind in ("fine-tuned", "trained on")
}
fell = np.array([of("fine-tuned", seed).alpha < of("1000 digits", seed).alpha for seed in seeds])
for kind, (mean, error) in changes.items():
    right = each[kind].accuracy.mean()
    print(f"{kind}: accuracy {right:.3f}, mean alpha changes by {mean:.2f} ± {error:.2f}")
print(f"alpha fell in {fell.sum()} of {fell.size} layers of the fine-tunes")

# %%
# Two more networks learned from the answers of the best one. One of them was distilled *in
# groups*: after each epoch every row of the hidden layers was shortened by a fixed length, which
# is how a penalty on the norms of groups acts. The scale of each layer is compared with the same
# layer of the network distilled without the pressure.

fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
pair = {kind: of(kind) for kind in ("distilled", "distilled in groups")}
plots.correlation_flow(pair, ax=axes[0])
for (kind, ds), color, mark in zip(pair.items(), ("#0072B2", "#D55E00"), "os", strict=True):
    axes[1].plot(ds.depth, ds.log_spectral_norm, f"{mark}-", color=color, label=kind)
axes[1].set_xlabel("layer")
axes[1].set_ylabel("log10 of the squared spectral norm")
axes[1].legend()

shrunk = [
    scale_collapse.find(of("distilled in groups", seed), reference=of("distilled", seed))
    for seed in seeds
]
excess = {
    name: mean_and_error([one.excess_edge.sel(layer=name).item() for one in shrunk])
    for name in runs.layer.values.tolist()
}
ratio = {
    kind: np.mean([10 ** (of(kind, seed).log_norm.sel(layer=HIDDEN) / 2) for seed in seeds])
    for kind in pair
}
by_layer = {
    kind: np.mean([of(kind, seed).alpha.sel(layer=HIDDEN) for seed in seeds], axis=0)
    for kind in pair
}
shift = mean_and_error(each["distilled in groups"].alpha - each["distilled"].alpha)
collapses = int(sum((one.collapsed > 1).sum() for one in shrunk))
for kind in pair:
    one = pd.DataFrame({name: mean_and_error(each[kind][name]) for name in ("accuracy", "alpha")})
    words = [f"mean {name} {mean:.3f} ± {error:.3f}" for name, (mean, error) in one.items()]
    print(f"{kind}: {', '.join(words)}, Frobenius norm of the hidden layers {ratio[kind]:.1f}")
    print("  alpha by layer, mean over seeds:", by_layer[kind].round(2))
more = mean_and_error(each["distilled in groups"].accuracy - each["distilled"].accuracy)
print(f"accuracy in groups less accuracy without: {more[0]:.4f} ± {more[1]:.4f}")
print("excess of the scale over the peers, decades:")
print("  ", ", ".join(f"{name} {mean:.2f} ± {error:.2f}" for name, (mean, error) in excess.items()))
print(f"collapsed: {collapses} layers; mean alpha changes by {shift[0]:.2f} ± {shift[1]:.2f}")

# %%
# A scale that collapses without anything else
# --------------------------------------------
#
# With ReLU, a layer may be divided by ten if the next one is multiplied by ten: the network
# computes the same. Alphas do not see it, norms do, and
# :func:`spectra.results.scale_collapse.find` names the layer. The other layer is ten times too
# large, which is no collapse.

points = made_up(600, np.random.default_rng(0), size=64)
small = start((64, *[60] * 7, 10), np.random.default_rng(1))
small = train(
    small, points, batch=16, rate=0.02, rng=np.random.default_rng(2), momentum=0.9, epochs=10
).network
planted = list(small)
planted[3] = Layer(small[3].weight / DIVISOR, small[3].bias / DIVISOR)
planted[4] = Layer(small[4].weight * DIVISOR, small[4].bias)


def analyzed(network: Network) -> xr.Dataset:
    """Analyse the matrices of a network."""
    return spectra.analyze({f"fc{i}": layer.weight for i, layer in enumerate(network, 1)})


before, after = analyzed(small), analyzed(planted)
difference = np.abs(outputs(planted, points.x)[-1] - outputs(small, points.x)[-1]).max()
found = {
    "by its peers": scale_collapse.find(after),
    "by the layers before": scale_collapse.find(after, reference=before),
    "nothing planted": scale_collapse.find(before),
}
collapsed = {how: ds.layer.values[ds.collapsed > 1].tolist() for how, ds in found.items()}
print(f"accuracy {accuracy(small, points):.3f}, {accuracy(planted, points):.3f}")
moved = float(np.abs(after.alpha - before.alpha).max())
print(f"logits differ by {difference:.1g}, alphas by {moved:.1g}")
print(collapsed)

# %%
# Networks that others published
# ------------------------------
#
# Series in which each network is said to be better than the one before: players of backgammon, a
# player of football along its training, a classifier of file types in three releases, an
# adapter's classifier along a fine-tune, and potentials of molecules, of which some layers were
# trained again with better data.

public = (
    published(Path(MODELS)) if MODELS else spectra_io.load("results/correlation_flow_published.nc")
)
rows = {}
for series in SERIES:
    for one in public.model[public.series == series].values:
        ds = public.sel(model=one).dropna("layer", subset=["alpha"])
        flow = plotdata.correlation_flow(ds)
        rows[series, one] = {
            "layers": ds.sizes["layer"],
            "alpha": flow.alpha.mean(),
            "noise": flow.noise.mean(),
            "alpha_hat": float(ds.alpha_weighted.mean()),
            "log_spectral": float(ds.log_spectral_norm.mean()),
            "tau": flow.trend.tau,
        }
table = pd.DataFrame(rows).T.infer_objects()
print(table.round(2).to_string())
orders = {}
for series in ("backgammon, three hidden layers", "football player", "file types"):
    part = table.loc[series]
    orders[series] = {
        name: kendalltau(range(len(part)), part[name])[:2] for name in ("alpha", "alpha_hat")
    }
    words = [f"{name} {tau:.2f} (p = {p:.2f})" for name, (tau, p) in orders[series].items()]
    print(f"{series}, rank correlation with the place in the series: {', '.join(words)}")

# %%
# The layers of the potentials that were trained again, and errors of single fits: sigma, which
# takes the start of the tail as known, and the interval of 90 % of refits to resampled eigenvalues,
# of the layers with the smallest alpha, the median and the largest.

molecules = public.isel(model=np.flatnonzero(public.series == "molecules"))
fits = molecules[["alpha", "sigma", "alpha_low", "alpha_high"]].to_dataframe().unstack("model")
again = fits[fits.alpha["first data"] != fits.alpha["transferred"]]
again = again[["alpha", "sigma", "alpha_low", "alpha_high"]].dropna()
print(
    again.swaplevel(axis=1).sort_index(axis=1, level=0, sort_remaining=False).round(2).to_string()
)
single = public[["alpha", "sigma", "alpha_low", "alpha_high"]].to_dataframe().dropna()
single = single.sort_values("alpha").iloc[[0, len(single) // 2, -1]]
print(single[["series", "alpha", "sigma", "alpha_low", "alpha_high"]].round(2).to_string())

# %%
# The flows of the two series that follow one shape.

fig, axes = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for ax, series in zip(axes, ("backgammon, three hidden layers", "football player"), strict=True):
    flows = {
        str(one): public.sel(model=one).dropna("layer", subset=["alpha"])
        for one in public.model[public.series == series].values
    }
    plots.correlation_flow(flows, ax=ax)
    ax.set_xlabel(f"layer ({series})")

plt.show()

# %%
# What came out
# -------------
#
# *The smaller the average alpha, the better the network*: yes in the networks trained here. Alpha
# of the hidden layers falls from 4.61 ± 0.18 (300 digits, 81.7 % right) to 3.12 ± 0.08 (10,000
# digits, 95.6 %), in the same order as the accuracy in each of the four seeds; untrained layers
# have 7.9 ± 0.3. Noise with a tail of the same length would give 4.9 and 3.8, and alpha is below
# that by 0.32 ± 0.06 and by 0.71 ± 0.09. What noise would give is known roughly only: untrained
# layers, which are noise, have an alpha 1.2 ± 0.1 above it. In published series: of five players of
# backgammon the last four have a smaller alpha than the first, without an order among all five
# (rank correlation -0.2, p = 0.82); the player of football and the classifier of file types have no
# smaller alpha at the end (7.2, 7.9 and 7.5, where noise gives 7.6 to 8.6; 3.1, 3.9 and 3.5, of
# networks of different shapes).
#
# *Averages of alpha-hat*: they fall with the accuracy here in most pairs (-0.67 ± 0.14), and rise
# with quality among the players of backgammon (from 3.2 to 6.1; rank correlation 0.8, p = 0.08),
# because norms grow by more than alphas fall.
#
# *Norms may be read the other way round*: yes. Both norms rise with the accuracy in each seed.
#
# *A stable flow is good, one that rises with depth is bad*: not here. The networks of 300 digits
# have no trend (0.17 ± 0.22), those of 10,000 digits the clearest, upwards (0.83 ± 0.03): the
# layers next to the images change most. *Chaotic is bad*: the scatter between layers is largest in
# untrained networks (0.55, below 0.3 in all others), but among trained ones it rises with the
# accuracy (0.42 ± 0.08). Kendall's test has no power for the three or four layers of the published
# series.
#
# *Alphas fall in a fine-tune*: yes in the networks trained here, by 0.88 ± 0.11 on average, in 30
# of 32 layers; training on with the old digits for as long changes them by -0.19 ± 0.08. In the
# fine-tuned classifier alpha stays (2.04, 2.00, 2.02). Of the four layers of the potentials that
# were trained again, alpha fell in two, rose by 1.4 in one and stayed in one; each change is small
# beside the intervals of the fits. The mean of all twelve layers went from 3.02 to 3.07.
#
# *A distilled model keeps its alphas and loses its scale*: the second half holds. The penalty on
# groups makes the norm of the hidden layers three times smaller (3.5 in place of 11.2) at the same
# accuracy (95.6 and 95.4 %; the difference is 0.2 ± 0.2 %). But the mean alpha falls by 1.63 ±
# 0.02, from 3.13 to 1.50, and each layer has an alpha of 1.4 to 1.6, below the band, which the
# articles call over-trained. No layer is named, since all hidden layers shrink alike and each is
# compared with its peers: norms have to be compared with those of the model before, as in the
# figure. One layer that was divided by ten is found, with and without the model before, while the
# network computes the same and its alphas do not change.
#
# One seed is one draw of weights, order and digits; errors are standard errors over four of them.
# The published series have one network at each place, so that their numbers have no error but that
# of a single fit. Sigma goes from 0.1 at the smallest alpha of a layer, 1.8, to 4 at the largest,
# 13; the intervals there are 1.7 to 2.0 and 2.2 to 13.
#
# References
# ----------
#
# Martin, Peng and Mahoney (2021), *Predicting trends in the quality of state-of-the-art neural
# networks without access to training or testing data*, Nature Communications 12:4122,
# `arXiv:2002.06716 <https://arxiv.org/abs/2002.06716>`_: averages, correlation flow, scale
# collapse.
#
# The articles on WeightWatcher are the pages of weightwatcher.ai and the posts of the blog
# calculatedcontent.com that introduce it.
