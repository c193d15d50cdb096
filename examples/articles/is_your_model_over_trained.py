"""
Is your model over-trained?
===========================

A single huge eigenvalue that is still there when the elements of a layer are put into random
order is called a *correlation trap*. The article of this name says that it is a sign of a model
that is over-trained and generalizes badly. Here training itself makes traps. They are found and
explained without any data. But they are a trace of harsh training, not the reason for its errors:
with the traps removed the network is no better, and it becomes good again by gentle training
while the traps stay.
"""

# %%
# Three trainings
# ---------------
#
# A digit classifier with layers of 784 x 300, 300 x 100 and 100 x 10 elements is trained on 4,000
# digits of MNIST from one start:
#
# - *gentle*: batches of 32, learning rate 0.1, 10 epochs;
# - *harsh*: single digits, learning rate 0.05, 3 epochs. This is 16 times as much for each digit;
# - *healed*: *harsh* goes on for 5 epochs with batches of 32 and learning rate 0.05.
#
# ``trainings/traps.py`` does it in plain NumPy, in a minute for all five seeds, and keeps the
# layer of 300 x 100 of the first seed. The article shows a layer of VGG19 instead, a network too
# large to train here.

import csv
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import spectra
from spectra import measures
from spectra_io import plots

RESULTS = Path("results")
NETWORKS = ("gentle", "harsh", "healed")

layers = {name: np.load(RESULTS / f"traps_{name}.npy") for name in NETWORKS}
layers["centred"] = layers["harsh"] - layers["harsh"].mean()

# %%
# The layer in random order
# -------------------------
#
# The article compares the eigenvalues of a layer (filled) with those of the same elements in
# random order (line). Of the gentle layer all eigenvalues in random order are those of noise. Of
# the harsh layer one stands far to the right of them.

figure, axes = plt.subplots(1, 2, figsize=(11, 4), sharey=True)
for axis, name in zip(axes, ("gentle", "harsh"), strict=True):
    plots.permuted(layers, layer=name, rng=0, ax=axis)
figure.tight_layout()

# %%
# Found and explained
# -------------------
#
# :func:`spectra.measures.randomized` counts the traps with a p-value from many random orders, and
# says which elements make them. Here it is none of the single elements: the *mean* of all
# elements has moved away from zero, which is a matrix of rank one with its own large singular
# value. The p-value of noise would be uniform.

ds = spectra.analyze(layers, measures=[*measures.CORE, measures.randomized], rng=0)
found = spectra.table(ds)[["verdict", "num_traps", "trap_p", "trap_cause", "trap_where", "alpha"]]
print(found.to_string())

# %%
# The verdict of the harsh layer is *trapped*, and alpha is not read for it. Without its mean
# (*centred*) the layer has no trap.

traps = {name: int(num) for name, num in zip(ds.layer.values, ds.num_traps.values, strict=True)}
assert traps == {"gentle": 0, "harsh": 1, "healed": 1, "centred": 0}

# %%
# Is the trap the reason?
# -----------------------
#
# The test accuracy over five seeds, with the standard error of its mean. *Centred* is the harsh
# network without the means of its first two layers.

with (RESULTS / "traps.csv").open(encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
accuracy = {
    name: np.array([float(row["test"]) for row in rows if row["network"] == name])
    for name in ("gentle", "harsh", "centred", "healed")
}


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Return the mean, and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))


for name, values in accuracy.items():
    print(f"{name:8} {mean_and_error(values)[0]:.3f} ± {mean_and_error(values)[1]:.3f}")

figure, axis = plt.subplots(figsize=(7, 4))
for place, (name, values) in enumerate(accuracy.items()):
    color = "tab:red" if traps[name] else "tab:blue"
    axis.plot(np.full(values.size, place), values, "o", alpha=0.6, color=color)
    axis.errorbar(place, *mean_and_error(values), fmt="_", markersize=30, color="black")
axis.set_xticks(range(len(accuracy)), accuracy)
axis.set_ylabel("test accuracy")
axis.set_title("red: trapped; blue: without a trap")
figure.tight_layout()

# %%
# The changes within each seed, which share start and digits:

removed = mean_and_error(accuracy["centred"] - accuracy["harsh"])
healed = mean_and_error(accuracy["healed"] - accuracy["harsh"])
lost = mean_and_error(accuracy["harsh"] - accuracy["gentle"])
print(f"harsh in place of gentle  {lost[0]:+.3f} ± {lost[1]:.3f}")
print(f"trap removed              {removed[0]:+.3f} ± {removed[1]:.3f}")
print(f"trained on, trap stays    {healed[0]:+.3f} ± {healed[1]:.3f}")

# %%
# What came out
# -------------
#
# - *Traps are made by training, and found without data*: reproduced. Single digits with a large
#   learning rate make a trap in every seed, gentle training makes none; the elements in random
#   order show it at a glance, and the p-value, the verdict and the cause (the mean of the
#   elements) are given without a look.
# - *In the article single huge elements make the trap.* Here it is the mean, in all seeds. Larger
#   rates make traps of single rows and elements too, but such networks learn nothing.
# - *A trapped model generalizes worse*: reproduced as a correlation. The harsh networks are some
#   percent worse.
# - *The trap is why*: not reproduced. Without the trap the accuracy hardly changes, while gentle
#   training repairs the network and leaves the trap where it is. A trap says how a layer was
#   trained at some time, and that alpha misleads for it; whether the model is good has to be
#   measured.
#
# One small network and one kind of trap cannot decide this for large models. The number to
# compare with: of 20 layers of pure noise one has a trap at this significance.
