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
# large to train here: C. H. Martin, *Is your model overtrained?* (calculatedcontent.com).

import csv

import matplotlib.pyplot as plt
import numpy as np
from trainings import RESULTS

import spectra
from spectra import measures
from spectra_io import plots

RNG = 0  # of the random orders
SHOWN = ("gentle", "harsh")  # layers to draw, of gentle, harsh, healed, centred

layers = {name: np.load(RESULTS / f"traps_{name}.npy") for name in ("gentle", "harsh", "healed")}
layers["centred"] = layers["harsh"] - layers["harsh"].mean()

# %%
# The layer in random order
# -------------------------
#
# The article compares the eigenvalues of a layer (filled) with those of the same elements in
# random order (line). Of the gentle layer all eigenvalues in random order are those of noise. Of
# the harsh layer one stands far to the right of them.

figure, axes = plt.subplots(1, len(SHOWN), figsize=(11, 4), sharey=True, squeeze=False)
for axis, name in zip(axes.flat, SHOWN, strict=True):
    plots.permuted(layers, layer=name, rng=RNG, ax=axis)
figure.tight_layout()

# %%
# Found and explained
# -------------------
#
# :func:`spectra.measures.randomized` counts the traps with a p-value from many random orders, and
# says which elements make them. Here it is none of the single elements: the *mean* of all
# elements has moved away from zero, which is a matrix of rank one with its own large singular
# value. The p-value of noise would be uniform.

ds = spectra.analyze(layers, measures=[*measures.CORE, measures.randomized], rng=RNG)
found = spectra.table(ds)[["verdict", "num_traps", "trap_p", "trap_cause", "trap_where", "alpha"]]
print(found.to_string())

# %%
# The verdict of the harsh layer is *trapped*, and alpha is not read for it. Without its mean
# (*centred*) the layer has no trap.

# %%
# Is the trap the reason?
# -----------------------
#
# The test accuracy over five seeds, with the standard error of its mean, and the number of traps
# in the first two layers of each seed. *Centred* is the harsh network without the means of these
# two layers.

with (RESULTS / "traps.csv").open(encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
NETWORKS = ("gentle", "harsh", "centred", "healed")
of = {name: [row for row in rows if row["network"] == name] for name in NETWORKS}
accuracy = {name: np.array([float(row["test"]) for row in of[name]]) for name in NETWORKS}
traps = {name: [int(row["traps_0"]) + int(row["traps_1"]) for row in of[name]] for name in NETWORKS}
causes = {row[f"cause_{place}"] for row in rows for place in (0, 1)} - {"no_trap"}


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """Return the mean, and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))


print("network   accuracy        traps, by seed")
for name, values in accuracy.items():
    mean, error = mean_and_error(values)
    print(f"{name:8}  {mean:.3f} ± {error:.3f}  {', '.join(map(str, traps[name]))}")
print("causes of all traps:", ", ".join(sorted(causes)))

figure, axis = plt.subplots(figsize=(7, 4))
for place, (name, values) in enumerate(accuracy.items()):
    colors = ["tab:red" if num else "tab:blue" for num in traps[name]]
    axis.scatter(np.full(values.size, place), values, alpha=0.6, c=colors)
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

plt.show()

# %%
# What came out
# -------------
#
# - *Traps are made by training, and found without data*: reproduced. Single digits with a large
#   learning rate make traps in every seed, and gentle training makes none. The elements in random
#   order show them at a glance. The p-value, the verdict and the cause are given without a look.
# - *Huge elements make the trap*: not here. The mean of all elements makes it, in every seed.
# - *A trapped model generalizes worse*: reproduced as a correlation. The harsh networks are worse
#   by 6.5 ± 1.4 points of a hundred.
# - *The trap is why*: not reproduced. Without the trap the accuracy changes by 0.7 ± 0.6 points,
#   while gentle training gives back 6.6 ± 1.2 and leaves the trap where it is. A trap says how a
#   layer was trained at some time, and that alpha misleads for it. Whether the model is good has
#   to be measured.
#
# One small network and one kind of trap cannot decide this for large models. To compare with: one
# of 20 layers of pure noise has a trap at this significance.
