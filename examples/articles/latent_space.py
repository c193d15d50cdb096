"""
Latent space of LSA
===================

Latent semantic analysis (LSA) keeps the largest :math:`k` singular values of a matrix of texts by
words. How many? C. H. Martin's post on LSA (at
`calculatedcontent.com <https://calculatedcontent.com>`_) fits a power law to the eigenvalues, as
for the layers of a network, and keeps its tail: 547 eigenvalues of a collection of news, "the
latent space", where no other method gave an answer. Here the texts are drawn from topics whose
number is known. In short: the tail of the power law has 104 to 235 eigenvalues, whether there are
10 topics or 80, and 143 to 169 without any topic. Two methods allow for words of unequal
frequency: ScreeNOT and biwhitening. Both find 10 and 20 topics to within 3, but too few of 40, and
at most a third of 80. No other method comes as close to more than one of these numbers.
"""

# %%
# Texts
# -----
#
# A text has one topic. Each of its words is drawn from the words of the topic with probability
# ``OWN``, and else from the words of all texts, whose frequencies follow Zipf's law. Change the
# numbers and run the script again; or give a folder of your own texts in the environment variable
# ``SPECTRA_TEXTS``: the last part reads it.

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from scipy import sparse
from trainings import EXAMPLES

import spectra
from spectra import measures
from spectra.linalg import vectors
from spectra.noise import biwhitening, erg, spikes, truncation
from spectra.tails import ambiguity, bootstrap, power_law
from spectra_io import plots

Array = npt.NDArray[Any]
OURS = EXAMPLES.parent / "docs"  # the pages of this project
TEXTS = Path(os.environ.get("SPECTRA_TEXTS", OURS))
DOCUMENTS = 600  # texts of a collection
WORDS = 2000  # of the vocabulary
LENGTH = 150  # words of a text, on average
OWN = 0.4  # share of words that are of the topic
TOPICS = (0, 10, 20, 40, 80)
SHOWN = 20  # topics of the collection in the figures
SEEDS = range(4)
RESAMPLES = 100  # of each p-value of the table
LINES = {  # colour and style of each choice of k
    "power law": ("#0072B2", "--"),
    "elbow of the ratio": ("#CC79A7", ":"),
    "elbow of the variance": ("#E69F00", "-."),
    "spikes": ("#882255", "-"),
    "Gavish-Donoho": ("#56B4E9", ":"),
    "ScreeNOT": ("#D55E00", "-."),
    "spikes, biwhitened": ("#009E73", "--"),
    "trace-log": ("#999933", "-"),
}

assert DOCUMENTS >= 50, "DOCUMENTS must be at least 50: each text has neighbours of its topic"
assert min(WORDS, LENGTH) >= 50, "WORDS and LENGTH must be at least 50"
assert 0 <= OWN <= 1, "OWN must be a share, from 0 to 1"
assert SHOWN in {*TOPICS} - {0}, "SHOWN must be a number of TOPICS that is not 0"


def files_of(folder: Path) -> list[Path]:
    """Return the files of texts in a folder."""
    inside = [f for f in sorted(folder.rglob("*")) if "_build" not in f.parts]
    return [f for f in inside if f.suffix in {".md", ".txt", ".rst", ""} and f.is_file()]


assert files_of(TEXTS), (
    f"SPECTRA_TEXTS must name a folder with .txt, .md or .rst files: {TEXTS} has none"
)


def drawn(topics: int, seed: int) -> tuple[Any, Array, Array]:
    """Return the counts of words, the expected counts, and the topic of each text."""
    rng = np.random.default_rng(seed)
    zipf = 1 / np.arange(1, WORDS + 1)
    zipf /= zipf.sum()
    law = rng.dirichlet(0.05 * WORDS * zipf, size=max(topics, 1))  # words of each topic
    topic = rng.integers(max(topics, 1), size=DOCUMENTS)
    length = 20 + rng.poisson(LENGTH * rng.lognormal(-0.125, 0.5, DOCUMENTS))
    own = OWN if topics else 0.0
    expected = length[:, None] * (own * law[topic] + (1 - own) * zipf)
    counts = [rng.multinomial(n, row / n) for n, row in zip(length, expected, strict=True)]
    used = (np.array(counts) > 0).sum(axis=0) >= 2  # words of two texts or more
    return sparse.csr_array(np.array(counts)[:, used]), expected[:, used], topic


def tf_idf(counts: Any, of: Any = None) -> Any:
    """Return counts times the inverse frequency of texts, each row over the norm of its `of`."""
    of = counts if of is None else of
    inverse = np.log((1 + of.shape[0]) / (1 + (of > 0).sum(axis=0))) + 1
    weighted = sparse.csr_array(of.astype(float) @ sparse.diags_array(inverse))
    norm = np.sqrt(weighted.power(2).sum(axis=1))
    return sparse.csr_array(sparse.diags_array(1 / norm) @ counts @ sparse.diags_array(inverse))


counts, expected, topic = drawn(SHOWN, seed=0)
X = tf_idf(counts)
used = X.nnz / np.prod(X.shape)
print(f"{X.shape[0]} texts, {X.shape[1]} words, {used:.1%} of the elements are not zero")

# %%
# Power law
# ---------
#
# The matrix is sparse, and :func:`spectra.analyze` takes it as it is. The left figure is the
# spectrum, with the Marchenko-Pastur law of its bulk. The tail begins where the distance
# :math:`D` of the power law is smallest (centre); it is shown as the share of larger eigenvalues
# on the right, with the other laws that are fitted to it. The triangles in the centre are local
# minima of D whose tails a test does not reject; most minima belong to tails that it rejects.

ds = spectra.analyze({"X": X}, measures=[*measures.CORE, measures.bulk_fit])
evals = spectra.eigenvalues(X)
fit = power_law.fit(evals)
p = bootstrap.goodness_of_fit(evals, resamples=200, rng=0).p
minima = ambiguity.local_minima(evals)
above = minima.xmin > 2
second = minima.xmin[above][minima.D[above].argmin()]
print(f"alpha {fit.alpha:.2f}, D {fit.D:.3f}, p {p:.2f}, {fit.num_tail} eigenvalues in the tail")
print(
    f"{len(minima.xmin)} local minima of D, {minima.plausible.sum()} of tails that fit;\n"
    f"the best above 2 has {sum(evals >= second)} eigenvalues"
)

figure, axes = plt.subplots(1, 3, figsize=(14, 5), layout="constrained")
plots.esd(ds, ax=axes[0])
plots.xmin_scan(ds, ax=axes[1])
plots.tail_laws(ds, ax=axes[2])
axes[0].set_xlabel(r"eigenvalue $\lambda$ of $X^T X$")
axes[2].set_xlabel(r"eigenvalue $\lambda$ of $X^T X$")
for ax in axes:  # legends below the figures, where they cover nothing
    ax.get_legend().set(loc="upper center")
    ax.get_legend().set_bbox_to_anchor((0.5, -0.2), transform=ax.transAxes)

# %%
# Vectors and elbows
# ------------------
#
# The post also looks for an elbow in the localization ratio of the singular vectors,
# :math:`\|v\|_1 / \|v\|_\infty`, and in the explained variance. An elbow here is the point that
# is farthest from the line between the ends of the curve; of the ratio, a mean over 25 vectors is
# taken first.

M = min(X.shape)
pairs = vectors.largest(X, num=M)
U, strengths = pairs.vectors, np.sqrt(pairs.eigenvalues)
ratio = vectors.localization_ratio(U)
of_noise = vectors.localization_ratio(np.random.default_rng(0).standard_normal((M, 500))).mean()
variance = pairs.eigenvalues / pairs.eigenvalues.sum()


def elbow(y: Array) -> int:
    """Return how many values lie from the first to the elbow of a curve."""
    return int(np.argmax(np.abs(y - np.linspace(y[0], y[-1], len(y))))) + 1


def smooth(y: Array) -> Array:
    """Return means over 25 neighbours; fewer at the ends."""
    ones = np.ones(25)
    return np.convolve(y, ones, "same") / np.convolve(np.ones(len(y)), ones, "same")


figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
rank = np.arange(1, M + 1)
axes[0].plot(rank, ratio, ".", color="0.6", markersize=3)
axes[0].plot(rank, smooth(ratio), color="black", linewidth=1, label="mean of 25")
axes[0].axhline(of_noise, color="grey", linewidth=1, label=f"random directions, {of_noise:.0f}")
axes[0].set(ylabel="localization ratio", xlabel="singular vector, the largest first")
axes[1].loglog(rank, variance, ".", color="0.6", markersize=3)
axes[1].set(ylabel="share of the variance", xlabel="singular value, the largest first")
marked = {
    "elbow of the ratio": elbow(smooth(ratio)),
    "elbow of the variance": elbow(variance),
    "power law": fit.num_tail,
}
for ax in axes:
    ax.axvline(SHOWN, color="black", linewidth=2, label=f"topics, {SHOWN}")
    for label, k in marked.items():
        colour, style = LINES[label]
        ax.axvline(k, color=colour, linestyle=style, label=f"{label}, {k}")
legend = figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)

# %%
# Choices of :math:`k`
# --------------------
#
# There are eight ways to choose here: the tail of the power law; the two elbows; spikes above
# noise of one variance; the threshold of Gavish and Donoho for such noise; ScreeNOT, for noise
# whose variance depends on word and text; spikes after biwhitening, which divides the counts by
# the scale of each word and each text; and the trace-log condition (ERG), which the theory of
# WeightWatcher expects of the tail of a well-trained layer. The table has the smallest and the
# largest :math:`k` of four collections for each number of topics, and in its last line the
# p-values of the power law. The topics span as many dimensions as there are topics, common words
# included; without topics it is one, of the common words.


def choices(counts: Any) -> dict[str, int]:
    """Return the number of eigenvalues that each method keeps."""
    X = tf_idf(counts)
    evals, N = spectra.eigenvalues(X), max(X.shape)
    pairs = vectors.largest(X, num=len(evals))
    white = biwhitening.whiten(counts)
    return {
        "power law": power_law.fit(evals).num_tail,
        "elbow of the ratio": elbow(smooth(vectors.localization_ratio(pairs.vectors))),
        "elbow of the variance": elbow(pairs.eigenvalues),
        "spikes": int(spikes.detect(evals, N).num),
        "Gavish-Donoho": int((evals > truncation.threshold(evals, N)).sum()),
        "ScreeNOT": int((evals > truncation.screenot(evals, N)).sum()),
        "spikes, biwhitened": int(spikes.detect(spectra.eigenvalues(white), max(white.shape)).num),
        "trace-log": erg.tail(evals).num,
    }


found: dict[str, dict[int, list[int]]] = {}  # method: kept eigenvalues, topics by seeds
p_values: dict[int, list[float]] = {topics: [] for topics in TOPICS}
for topics in TOPICS:
    for seed in SEEDS:
        texts = drawn(topics, seed)[0]
        for method, k in choices(texts).items():
            found.setdefault(method, {}).setdefault(topics, []).append(k)
        tested = bootstrap.goodness_of_fit(
            spectra.eigenvalues(tf_idf(texts)), resamples=RESAMPLES, rng=0
        )
        p_values[topics].append(tested.p)
print(f"{'':24s}" + "".join(f"{topics:>10d}" for topics in TOPICS))
for method, by_topics in found.items():
    ranges = (f"{min(ks)}-{max(ks)}" for ks in by_topics.values())
    print(f"{method:24s}" + "".join(f"{r:>10s}" for r in ranges))
ranges = (f"{min(ps):.2f}-{max(ps):.2f}" for ps in p_values.values())
print(f"{'p of the power law':24s}" + "".join(f"{r:>10s}" for r in ranges))

# %%
# What is kept
# ------------
#
# Which :math:`k` is best depends on the aim. Two are known here. The rank-:math:`k` approximation
# should be close to the matrix of the *expected* counts, from which the words were drawn
# (:math:`\|X_k - E\|_F / \|E\|_F`). And the ten nearest texts, by the cosine in the latent space,
# should be of the same topic.

NEAR = 10


def errors(X: Any, E: Array, U: Array, strengths: Array) -> Array:
    """Return the distance of each truncated matrix from the expected one, over its norm."""
    right = X.T @ U / strengths
    overlap = np.einsum("ik,ik->k", E.T @ U, right)
    square = (E**2).sum()
    return np.asarray(np.sqrt(1 + np.cumsum(strengths**2 - 2 * strengths * overlap) / square))


def same_topic(U: Array, strengths: Array, labels: Array, ks: Iterable[int]) -> Array:
    """Return the share of the nearest texts that have the topic of a text, for each k."""
    shares = []
    for k in ks:
        place = U[:, :k] * strengths[:k]
        place /= np.linalg.norm(place, axis=1, keepdims=True)
        cosine = place @ place.T
        np.fill_diagonal(cosine, -1)
        nearest = np.argpartition(-cosine, NEAR, axis=1)[:, :NEAR]
        shares.append(float((labels[nearest] == labels[:, None]).mean()))
    return np.array(shares)


E = tf_idf(expected, of=counts).toarray()
error = errors(X, E, U, strengths)
ks = np.unique(np.geomspace(1, M, 40).astype(int))
share = same_topic(U, strengths, topic, ks)
best_error, best_share = int(error.argmin()) + 1, int(ks[share.argmax()])
print(f"closest to the expected counts: {best_error}; most neighbours of one topic: {best_share}")

kept = choices(counts)
at = dict(zip(kept, same_topic(U, strengths, topic, kept.values()), strict=True))
for method, k in kept.items():
    print(f"{method:24s}{k:5d}, error {error[k - 1]:.2f}, same topic {at[method]:.2f}")

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
axes[0].semilogx(rank, error, color="black", linewidth=2)
axes[0].set(xlabel="singular values kept", ylabel="error against the expected counts")
axes[1].semilogx(ks, share, color="black", linewidth=2)
axes[1].set(xlabel="singular values kept", ylabel="share of neighbours of the same topic")
axes[1].axhline(1 / SHOWN, color="grey", linewidth=1)
axes[1].text(M, 1 / SHOWN, "by chance", color="grey", va="bottom", ha="right")
for ax in axes:
    for method, k in kept.items():
        colour, style = LINES[method]
        ax.axvline(k, color=colour, linestyle=style, linewidth=1, label=f"{method}, {k}")
legend = figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)

# %%
# A folder of texts
# -----------------
#
# Real texts have no known number of topics. The files of the folder are cut into pieces of about
# ``LENGTH`` words; if the latent space is good, the neighbours of a piece are of the same file.
# By default the files are the pages of this documentation.


def pieces(folder: Path, most: int = DOCUMENTS) -> tuple[Any, Array]:
    """Return the counts of words in pieces of the files of a folder, and the file of each."""
    words, file = [], []
    for number, path in enumerate(files_of(folder)):
        text = re.findall(r"[a-z]{3,}", path.read_text(errors="replace").lower())
        for start in range(0, len(text), LENGTH):
            if len(text) - start >= LENGTH // 2:
                words.append(text[start : start + LENGTH])
                file.append(number)
    assert words, f"the texts of {str(folder)!r} must have at least {LENGTH // 2} words"
    taken = np.random.default_rng(0).permutation(len(words))[:most]
    vocabulary, place = np.unique(np.concatenate([words[i] for i in taken]), return_inverse=True)
    row = np.repeat(np.arange(len(taken)), [len(words[i]) for i in taken])
    shape = len(taken), len(vocabulary)
    counts = sparse.coo_array((np.ones(len(row), int), (row, place)), shape).tocsr()
    return counts[:, (counts > 0).sum(axis=0) >= 2], np.array(file)[taken]


def by_chance(labels: Array) -> float:
    """Return the share of all other texts that have the label of a text."""
    num = np.bincount(labels)
    return float((num * (num - 1)).sum() / (len(labels) * (len(labels) - 1)))


counts_real, file = pieces(TEXTS)
assert len(file) > NEAR, f"{TEXTS} must have over {NEAR} pieces of texts, got {len(file)}"
real = choices(counts_real)
pairs = vectors.largest(tf_idf(counts_real), num=min(counts_real.shape))
shares = same_topic(pairs.vectors, np.sqrt(pairs.eigenvalues), file, [*real.values()])
print(f"{counts_real.shape[0]} pieces of {len(np.unique(file))} files")
for (method, k), good in zip(real.items(), shares, strict=True):
    print(f"{method:24s}{k:5d}, {good:.2f} of the neighbours from the same file")
print(f"by chance {by_chance(file):.2f} of the neighbours would be from the same file")

plt.show()

# %%
# What came out
# -------------
#
# The numbers below hold for the constants at the top of this page as they are; they do not follow a
# change.
#
# - *The eigenvalues of TF-IDF have a straight tail*: no. On logarithmic axes the tail is bent,
#   with a step at the topics, and the largest eigenvalue, of the common words, lies far to the
#   right. A test rejects the power law with 10 and 20 topics (p 0.01 to 0.03) and without topics
#   (0.01), but not with 40 (p 0.34 to 0.47); with 80 it is in between (0.02 to 0.07).
# - *D against xmin has one minimum*: no. There is one lowest point, in a curve that has 125 local
#   minima (a true power law would have as many: one for five eigenvalues). A test rejects the
#   tails of 98 of them. Of the 27 others the figure marks 25: the lowest and one of fewer than 10
#   eigenvalues are left out. The lowest point lies inside the noise, as the figure of the density
#   shows. A second dip, at larger xmin, has 19 eigenvalues: the topics.
# - *The tail of the power law is the latent space*: no. It has 208 to 235 eigenvalues with 10 or 20
#   topics, 161 to 186 with 40 and 104 to 155 with 80. Without any topic it has 143 to 169: words of
#   unequal frequency are enough for a long tail.
# - *The localization ratio has an elbow near xmin*: no. It scatters around the value of random
#   directions, and the point that is farthest from a straight line is anywhere between 19 and 505
#   in the table. (Vectors of texts; the post does not say of which side its vectors are.)
# - *The explained variance has an elbow left of xmin*: yes. It is at 12 to 13 with 10 topics, as
#   close as ScreeNOT, but by chance: with 20, 40 or 80 it is at 3 to 5. The eye sees a step at the
#   topics in the figure.
# - *No other method gives k*: no: two do, up to 20 topics. Spikes after biwhitening are 10 of
#   10, 20 of 20, and one without topics. ScreeNOT, which sees TF-IDF only, gives 12 to 13 and 21 to
#   22, but 4 to 5 without topics. With more topics these two methods fail as well: biwhitening
#   finds 31 to 35 of 40 and 19 to 26 of 80, ScreeNOT 23 to 25 and 5 to 6.
# - The threshold of Gavish and Donoho, for noise of one variance, gives 41 to 43 with 40 topics, by
#   chance too: it gives 24 to 25 with 10, 29 with 20, 41 to 44 with 80, and 8 or 9 without topics.
#   Spikes above such noise are 82 to 84 without topics, and 129 to 146 with them. The trace-log
#   condition takes 4 to 5 in 10 eigenvalues, whatever the number of topics.
# - *The subspace of the power law is the best approximation*: no. It is 0.89 away from the
#   expected counts (over their norm), where the best, with 19 values, is 0.33 away, and a single
#   value 0.49.
# - The test by neighbours is milder. With 15 to 130 values kept, more than nine in ten neighbours
#   are of the same topic. With the values of the power law 88 % are, and by chance 5 % would be.
# - On the pages of this documentation the methods keep very different numbers of values. The shares
#   of good neighbours differ little, and all are far above chance: such a test does not tell which
#   method is right. (These pages change, and with them the last table.)
