"""
Is your model over-trained?
===========================

A single huge eigenvalue that is still there when the elements of a layer are put into random
order is called a *correlation trap*. The article of this name says that it is a sign of a model
that is over-trained and generalizes badly. Here training itself makes traps, and they are found and
explained without any data. But they are a trace of harsh training, not the reason for its errors.
With the traps removed the network is hardly better; after more training, with larger batches, it
is good again while the traps stay. So a trap does not tell that a network is bad now.
"""

# %%
# Three trainings
# ---------------
#
# A digit classifier with layers of 784 x 300, 300 x 100 and 100 x 10 elements is trained on 4,000
# digits of MNIST from one start:
#
# - *gentle*: batches of 32, learning rate 0.1, 10 epochs;
# - *harsh*: single digits, learning rate 0.05, 3 epochs. Each digit moves the weights 16 times
#   as far as in *gentle*, where 32 digits share a step of 0.1;
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

RNG = 0  # of the random orders and of the noise
SHOWN = ("gentle", "harsh")  # layers to draw, of gentle, harsh, healed, centred, noise

layers = {name: np.load(RESULTS / f"traps_{name}.npy") for name in ("gentle", "harsh", "healed")}
layers["centred"] = layers["harsh"] - layers["harsh"].mean()
layers["noise"] = np.random.default_rng(RNG).normal(size=layers["gentle"].shape)

# %%
# The layer in random order
# -------------------------
#
# The article compares the eigenvalues of a layer (filled) with those of the same elements in
# random order (line). In random order, the gentle layer has the eigenvalues of noise. The harsh
# layer has one eigenvalue more, far to the right.

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
# value. *rand_distance* is the distance of the eigenvalues from those in random order, near 0 in
# noise.

ds = spectra.analyze(layers, measures=[*measures.CORE, measures.randomized], rng=RNG)
columns = ["verdict", "num_traps", "trap_p", "trap_cause", "rand_distance", "alpha"]
print(spectra.table(ds)[columns].to_string(float_format="{:.3g}".format))

# %%
# The verdict of the harsh and the healed layer is *trapped*. Their alpha is 2.21, and without the
# mean (*centred*) it is 2.22: here the trap is not what makes the tail heavy.

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
    """Return the mean, and its standard error, which is nan if there is one value."""
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
    return float(values.mean()), float(error)


def said(mean: float, error: float, sign: str = "") -> str:
    """Return a mean with its error in words."""
    return f"{mean:{sign}.3f} " + ("(one seed)" if np.isnan(error) else f"± {error:.3f}")


print("network   accuracy        traps, by seed")
for name, values in accuracy.items():
    print(f"{name:8}  {said(*mean_and_error(values))}  {', '.join(map(str, traps[name]))}")
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
trapped = mean_and_error(accuracy["healed"] - accuracy["gentle"])
lost = mean_and_error(accuracy["harsh"] - accuracy["gentle"])
print(f"harsh in place of gentle  {said(*lost, sign='+')}")
print(f"trap removed              {said(*removed, sign='+')}")
print(f"trained on, trap stays    {said(*healed, sign='+')}")
print(f"healed in place of gentle {said(*trapped, sign='+')}")

plt.show()

# %%
# What came out
# -------------
#
# With the numbers at the top as they are, and the kept trainings of five seeds (of the first, where
# a single layer is meant):
#
# - *Traps are made by training, and found without data*: reproduced. Training with single digits
#   makes a trap in both layers of every seed, and gentle training makes none. The elements in
#   random order show it at a glance, and the p-value, the verdict and the cause say it in numbers
#   and words.
# - *Huge elements make the trap*: not here. The mean of all elements makes it, in every seed.
# - *Over-trained, the eigenvalues and those in random order are nearly equal*: not here. They are
#   farther apart in the harsh layer (0.20) than in the gentle one (0.07). Noise has 0.007.
# - *A trapped model generalizes worse*: in part. The harsh networks are trapped and worse than the
#   gentle ones, by 6.5 ± 1.4 points of a hundred. The healed ones are trapped as well, and as good
#   as the gentle ones: the difference is 0.2 ± 0.2 points. A correlation of traps and accuracy
#   over such networks says little, since it depends on how many of each kind are trained.
# - *The trap is why*: not reproduced. Without the trap the accuracy of the harsh networks changes
#   by 0.7 ± 0.6 points. To train on with larger batches gives back 6.6 ± 1.2, and leaves the trap
#   where it is.
#
# So a trap says how a layer was trained at some time. Whether the model is good has to be measured.
# Alpha does not tell it either: it is 2.21 in the harsh and in the healed layer. One small network
# and one kind of trap cannot decide this for large models. To compare with: one of 20 layers of
# pure noise has a trap at this significance.
