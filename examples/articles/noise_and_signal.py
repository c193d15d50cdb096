r"""
Noise and signal in trained layers
==================================

Where along the spectrum of a trained layer is the signal: at its upper end alone, as a scale that
separates signal from noise would have it (Martin and Mahoney 2021), or in the small singular
values, too, as it is said of transformers (Staats, Thamm and Rosenow 2024)? Random matrix theory
answers without data, by windows along the spectrum; for a network of digits the answer is tested by
leaving windows out. Short answer: in that network nearly all that can be seen is in the upper
fifth, and the smallest tenth may go without a loss. Of the published layers most are so, too; some
have structure at both ends.
"""

# %%
# The spectrum as a whole
# -----------------------
#
# The network of digits that ships with the examples has the widths 784, 300, 100 and 10. Left is
# the density of the eigenvalues of fc1, before and after its elements are put in random order,
# with a line at the largest eigenvalue of the random order: noise of the same elements. Right is
# the same spectrum on linear axes, with the law of its noise. The eigenvalues above that are
# spikes. Long tests of published networks are kept results, unless ``SPECTRA_MODELS`` names a
# folder with the networks, and so is what needs digits, unless ``SPECTRA_DIGITS`` names a folder
# with MNIST.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from trainings import RESULTS
from trainings.digits import read_test
from trainings.networks import start
from trainings.parts_of_spectra import BANDS, CHECKPOINTS, census, moved, read, removed

import spectra
from spectra import measures
from spectra.linalg import vectors
from spectra.linalg.subspaces import band_overlaps, canonical_correlations
from spectra.noise.windows import windows
from spectra_io import plots

MODELS = os.environ.get("SPECTRA_MODELS")  # a folder with networks of others
DIGITS = os.environ.get("SPECTRA_DIGITS")  # a folder with MNIST
WIDTHS, SEED = (784, 300, 100, 10), 1  # of the network that ships
SURE = 1e-3  # largest p-value of a window that is called structured

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
band = np.arange(1, BANDS + 1)
network = read()
begin = start(WIDTHS, np.random.default_rng(SEED))
layers = {
    f"fc{place + 1}": (network[place].weight.astype(float), begin[place].weight.astype(float))
    for place in (0, 1)
}

shipped = {name: W for name, (W, _) in layers.items()}
core = spectra.analyze(
    shipped,
    measures=[*measures.CORE, measures.bulk_fit, measures.spike_signals, measures.randomized],
)
fig, axes = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
plots.permuted(shipped, layer="fc1", rng=0, ax=axes[0])
plots.esd(core, layer="fc1", scale="lin-lin", ax=axes[1])
columns = ["num_spikes", "bulk_min", "bulk_max", "max_rand_eval", "spectral_norm", "num_traps"]
print(spectra.table(core)[columns].round(3).to_string())

# %%
# Windows along the spectrum
# --------------------------
#
# The start of this network is known, since its training began with a seed: so each layer is
# compared with its own start, which is noise. Each spectrum is divided into ten windows, the
# largest singular values first. :func:`spectra.noise.windows.windows` asks in each of them
# whether neighbouring eigenvalues repel each other as those of noise do, and whether the singular
# vectors of both sides are random directions (the law of Porter and Thomas).

tests = {
    name: {"trained": windows(W), "at the start": windows(W0)} for name, (W, W0) in layers.items()
}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharex=True)
for ax, (name, both) in zip(axes, tests.items(), strict=True):
    for (label, found), color, mark in zip(both.items(), (BLUE, ORANGE), "os", strict=True):
        ax.plot(band, np.maximum(found.p, 1e-20), f"{mark}-", color=color, label=label)
    ax.axhline(SURE, color="0.4", linestyle=":", label=f"p = {SURE:g}")
    ax.set(yscale="log", ylim=(0.5e-20, 3), title=name, xlabel="window, largest values first")
    ax.set_xticks(band)
axes[0].set_ylabel("p-value of noise (cut at 1e-20)")
_ = axes[1].legend(loc="lower right")
by_window = {
    (name, label): found.p for name, both in tests.items() for label, found in both.items()
}
print("p-values of noise, by window")
print(pd.DataFrame(by_window, index=band).T.map("{:.1g}".format).to_string())

# %%
# Both ends and the middle in numbers: the share of right singular vectors that the test of Porter
# and Thomas rejects at 5 %, where noise gives 4 %, and their mean entropy less that of random
# directions, where noise gives 0.


def ends(W: NDArray[np.float64]) -> pd.DataFrame:
    """Return the share of vectors that are not random, and the lack of entropy, by window."""
    right = np.linalg.svd(W, full_matrices=False)[2].T
    parts = np.array_split(np.arange(right.shape[1]), BANDS)
    rejected, entropy = vectors.porter_thomas(right) < 0.05, vectors.entropy(right)
    noise = vectors.entropy_of_noise(len(right))
    return pd.DataFrame(
        {
            "rejected": [rejected[i].mean() for i in parts],
            "entropy": [entropy[i].mean() - noise for i in parts],
            "error": [entropy[i].std(ddof=1) / np.sqrt(len(i)) for i in parts],
        },
        index=band,
    )


spread = {
    (name, state): ends(W)
    for name, pair in layers.items()
    for state, W in zip(("trained", "at the start"), pair, strict=True)
}
shown = {key: one.loc[[1, 2, 5, 10]].T for key, one in spread.items()}
print(pd.concat(shown).round(3).to_string())

# %%
# Overlaps with the start and with the neighbour
# ----------------------------------------------
#
# :func:`spectra.linalg.subspaces.band_overlaps` says which share of the singular vectors of a
# window lies in the same window of another matrix. What training has not changed is still where
# it was at the start. The outputs of fc1 are the inputs of fc2: do the strong directions of the
# one feed the strong directions of the other?

stay = {name: band_overlaps(W0.T, W.T) for name, (W, W0) in layers.items()}
neighbours = {
    "trained": band_overlaps(layers["fc1"][0], layers["fc2"][0].T),
    "at the start": band_overlaps(layers["fc1"][1], layers["fc2"][1].T),
}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for (name, kept), color, mark in zip(stay.items(), (BLUE, ORANGE), "os", strict=True):
    axes[0].plot(band, kept.overlap.diagonal(), f"{mark}-", color=color, label=name)
    axes[0].plot(band, kept.noise.diagonal(), ":", color=color, label=f"{name}, noise")
axes[0].set(xlabel="window, largest values first", ylim=(0, 0.6))
axes[0].set_ylabel("overlap with the same window\nat the start")
_ = axes[0].legend(loc="upper left", ncols=2)
for (name, kept), color, mark in zip(neighbours.items(), (BLUE, ORANGE), "os", strict=True):
    axes[1].plot(band, kept.overlap[0], f"{mark}-", color=color, label=name)
axes[1].plot(band, neighbours["trained"].noise[0], ":", color="0.4", label="noise")
axes[1].set(xlabel="window of the inputs of fc2", ylim=(0, 0.25))
axes[1].set_ylabel("overlap with the first window\nof the outputs of fc1")
_ = axes[1].legend()

for name, kept in stay.items():
    print(name, "overlap with the start:")
    print("   ", kept.overlap.diagonal().round(2))
for name, kept in neighbours.items():
    print(name, "first window of fc1 in the windows of fc2:")
    print("   ", kept.overlap[0].round(2))

# %%
# The same by canonical correlations: the cosines of the angles between the 30 first directions of
# the outputs of fc1 and the ten first of the inputs of fc2. Random spaces of 30 and 10 in 300
# dimensions have a mean square of 0.1.

angles = {}
for state, place in (("trained", 0), ("at the start", 1)):
    strong = np.linalg.svd(layers["fc1"][place])[0][:, :30]
    used = np.linalg.svd(layers["fc2"][place])[2].T[:, :10]
    angles[state] = canonical_correlations(strong, used)
    print(f"{state}: mean square {(angles[state] ** 2).mean():.2f}, cosines")
    print("   ", angles[state].round(2))

# %%
# Leaving windows out
# -------------------
#
# Each window of singular values is set to zero in turn, and the loss on 10,000 test digits
# measured. Beside it stands the loss when noise of the same Frobenius norm is subtracted in place
# of the window: what any change of that size does, on average over four draws of noise, and the
# standard deviation of a draw (``noise_scatter``). ``error`` is the standard error over the digits.

if DIGITS:
    losses = removed(network, read_test(Path(DIGITS)))
else:
    losses = pd.read_csv(RESULTS / "noise_and_signal_removed.csv")
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for ax, name in zip(axes, layers, strict=True):
    one = losses[losses.layer == name]
    ax.errorbar(one.band, one.loss, one.error, fmt="o-", color=BLUE, label="window left out")
    ax.errorbar(
        one.band, one.noise, one.noise_scatter, fmt="s--", color=ORANGE, label="noise of that norm"
    )
    ax.axhline(0, color="0.4", linewidth=0.8)
    ax.set_yscale("symlog", linthresh=0.003)
    ax.set(title=name, xlabel="window, largest values first", ylim=(-0.004, 6))
    ax.set_xticks(band)
axes[0].set_ylabel("rise of the loss")
_ = axes[1].legend()
print(losses.round(4).to_string(index=False))

# %%
# Published layers
# ----------------
#
# The same tests on layers with at least 100 eigenvalues of nine published networks: as they are,
# with their elements in any order, which shows what single large elements do, and with rows and
# columns divided by their scales (:func:`spectra.noise.biwhitening.whiten`), which shows what is
# left without unequal neurons. What is counted as a layer is a matrix: an LSTM or a GRU has one for
# each of its gates, twice, so that some networks count for more than others. A tenth network, which
# is untrained, is tested apart, and so is a Fourier basis, which was not learned.

tested = census(Path(MODELS)) if MODELS else pd.read_csv(RESULTS / "noise_and_signal_windows.csv")
learned = tested[(tested.model != "football player, untrained") & (tested.layer != "stft_conv")]
num = len(learned.groupby(["model", "layer"]))
print("matrices by network")
print(learned.groupby("model").layer.nunique().to_string(header=False))
sure = learned.assign(sure=learned.p < SURE).groupby(["kind", "window"]).sure.sum().unstack()
print(f"layers of {num} with a structured window (p < {SURE}), noise: {SURE * num:.2f}")
print(sure.to_string())

fig, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
styles = {"as it is": (BLUE, "o"), "equal variances": (GREEN, "^"), "any order": (ORANGE, "s")}
for kind, (color, mark) in styles.items():
    ax.plot(band, sure.loc[kind], f"{mark}-", color=color, label=kind)
ax.set(xlabel="window, largest values first", ylabel=f"structured layers of {num}", xticks=band)
_ = ax.legend()

# %%
# Which layers have structure in the window of their smallest singular values, as they are or with
# equal variances?

lowest = learned[learned.window == BANDS].pivot_table(
    index=["model", "layer", "rows", "columns"], columns="kind", values="p"
)
either = lowest[(lowest["as it is"] < SURE) | (lowest["equal variances"] < SURE)]
short = either.rename(index=lambda layer: layer[:24], level="layer").droplevel(["rows", "columns"])
print(short.map("{:.1g}".format).to_string())
fixed = tested[(tested.layer == "stft_conv") & (tested.kind == "as it is")].p
untrained = tested[(tested.model == "football player, untrained") & (tested.kind == "as it is")].p
print(f"a Fourier basis, not learned: the largest p of a window is {fixed.max():.1g}")
print(f"untrained: the smallest p of {len(untrained)} windows is {untrained.min():.2g}")

# %%
# Checkpoints
# -----------
#
# How much of each window is still there after more training?

drift = moved(Path(MODELS)) if MODELS else pd.read_csv(RESULTS / "noise_and_signal_checkpoints.csv")
overlaps = drift.groupby(["series", "band"])[["left", "left_noise", "right", "right_noise"]]
average, error = overlaps.mean(), overlaps.sem()
fig, ax = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for series, color, mark in zip(CHECKPOINTS, (BLUE, ORANGE, GREEN), "os^", strict=True):
    ax.plot(band, average.right[series], f"{mark}-", color=color, label=series)
    ax.plot(band, average.right_noise[series], ":", color=color)
ax.set(xlabel="window, largest values first", ylabel="overlap with the same window before")
ax.set(ylim=(0, 1), xticks=band)
_ = ax.legend(title="dotted: random directions", loc="lower left", bbox_to_anchor=(0, 1))
for side in ("right", "left"):
    print(f"{side} singular vectors, mean over layers")
    means = average[side].unstack("series")
    means.loc["random"] = average[f"{side}_noise"].groupby("series").mean()
    means.columns = means.columns.str.partition(",").get_level_values(0)
    print(means.round(2).to_string())
    print("standard errors over layers, where there are several")
    errors = error[side].unstack("series").dropna(axis=1)
    errors.columns = errors.columns.str.partition(",").get_level_values(0)
    print(errors.round(3).to_string())
last = drift[(drift.series == "molecules, trained again") & (drift.band == BANDS)]
print("the last window of the potentials, by layer")
print(last[["layer", "right", "right_noise", "left", "left_noise"]].round(2).to_string(index=False))

plt.show()

# %%
# What came out
# -------------
#
# The numbers below hold for the constants at the top of this page as they are, the network that
# ships, and the kept results; they do not follow a change.
#
# *Does a scale separate signal from noise in small networks?* Yes, in the network of digits.
#
# - A bulk that noise explains ends at 2.9 (fc1) and 2.8 (fc2). 32 and 14 eigenvalues lie above it,
#   up to 17.7 and 12.9.
# - With the elements in random order the largest is 4.6 and 4.8, and no trap is found.
# - In fc1 the first window is structured (p below 1e-100), the second may be (p = 0.01). In fc2 the
#   second is (p = 6e-8); the ten vectors of the first are too few to tell.
# - No other window of either layer has a p below 0.05, where 17 windows of noise would have less
#   than one.
# - Of the first window of fc1 87 % of the right vectors are not random directions, of the last 7 %,
#   of noise 4 %.
#
# *Does the bulk remember the start?* Yes.
#
# - The windows of the smallest singular values still hold 47 and 48 % of the directions that they
#   had before the training. The windows of the largest hold 21 and 19 %. Random directions would
#   share 3 to 4 %.
# - Every window from the third on passes the tests for noise. It holds 18 to 48 % of the directions
#   of its start. The rest of its directions come from the training, and they pass the tests, too.
#
# *Do layers fit each other?* Yes.
#
# - The strongest outputs of fc1 are the strongest inputs of fc2, with an overlap of 0.22, where
#   random directions and the start have 0.03.
#
# *Do small singular values matter?* In the network of digits they do not. (One network of one
# training: the errors are those over the test digits, and for noise the scatter over its draws.)
#
# - Without the smallest tenth the loss changes by -0.0002 ± 0.0003 (fc1) and by -0.0001 ± 0.0002
#   (fc2).
# - Without the largest tenth it rises by 3.04 and 2.95, and 8.8 and 6.3 % of the 10,000 digits are
#   right: that is worse than guessing, which gives 10 %.
# - The first two windows of fc1 and the first of fc2 clearly cost more than noise of their norm,
#   perhaps the third of fc1, too.
# - No later window costs more than noise of its norm by twice the errors of both: window 9 of fc1,
#   for example, costs 0.0015 ± 0.0003, and noise 0.0009 ± 0.0004.
# - Without window 6 of fc2 the loss falls by 0.0018 ± 0.0005, where noise changes it by
#   0.0002 ± 0.0008.
#
# *Do they in published networks?* There are nine, none of them a whole
# transformer: one is the head of a fine-tuned one. Some layers have
# structure at the lower end.
#
# - Of 54 matrices 47 are structured in the first window (17 in any order, by single large
#   elements), at most one in each from the fifth to the eighth, and 7 in the last. Noise would give
#   0.05 in each.
# - The 54 are not 54 networks: 17 of them belong to one speech denoiser, 16 of these to gates of
#   LSTMs.
# - The structure at the lower end is not made by single elements: none is left in any order.
# - In three of the seven it is gone once rows and columns have equal variances: there it is a
#   matter of neurons of unequal scales. The other four are the first layer of a walking robot, two
#   layers of a speech denoiser, and the output layer of a classifier of file types.
# - With equal variances two others appear: the layer of the fine-tuned classifier (p = 2e-7) and,
#   barely, another gate of the denoiser (p = 9e-4).
# - What these directions do for their networks is not known here, for want of data.
# - A Fourier basis, which was not learned, is structured everywhere, and two untrained layers
#   nowhere.
#
# *Do windows stay where they are between checkpoints?* Not in all networks. These are overlaps of
# right singular vectors, unless said otherwise.
#
# - In the player of football they do (0.89 to 0.94).
# - The windows of the one layer of the fine-tuned classifier keep 0.44 to 0.51 in the middle, 0.65
#   and 0.60 at the ends, where directions have neighbours on one side only.
# - In the potentials that were trained again the first windows stay in part (0.50, 0.25). The last
#   keeps 0.12 ± 0.01 (standard error over four layers), little above the 0.08 of random directions.
# - Left vectors keep more of that last window: 0.24 ± 0.05, from 0.12 to 0.34, where random
#   directions give 0.10.
#
# References
# ----------
#
# Martin and Mahoney (2021), *Implicit self-regularization in deep neural networks: evidence from
# random matrix theory and implications for learning*, Journal of Machine Learning Research 22(165),
# `jmlr.org <https://jmlr.org/papers/v22/20-410.html>`_: a scale that separates signal from noise in
# small networks.
#
# Staats, Thamm and Rosenow (2024), *Small singular values matter: a random matrix analysis of
# transformer models*, `arXiv:2410.17770 <https://arxiv.org/abs/2410.17770>`_.
