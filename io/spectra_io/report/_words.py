"""Words of a report that are not plain English, as the page on reading the table explains them."""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = {
    "alpha": (
        "exponent of a power law: the density of the eigenvalues falls off as "
        "lambda^-alpha. Smaller means heavier"
    ),
    "bulk": "the eigenvalues that are not spikes, compared with the Marchenko-Pastur law",
    "by chance": (
        "how many layers a test would find at its significance if all were noise: at 0.05"
        " one in twenty"
    ),
    "D": (
        "Kolmogorov-Smirnov distance: the largest difference between the distribution of "
        "the data and that of the law"
    ),
    "eigenvalue": (
        "here always of W.T @ W, not divided by N: the square of a singular value. It "
        "says how much W amplifies along one direction"
    ),
    "entropy": "how evenly the weight is spread over the eigenvalues, 0 to 1",
    "kind": "of layers: those whose names differ only in numbers",
    "limit of detection": (
        "the strength from which on a large element, a mean or a signal makes an "
        "eigenvalue that stands out of the noise"
    ),
    "log_norm, log_spectral_norm": (
        "logarithms to base 10 of the sum of the eigenvalues, and of the largest one"
    ),
    "Marchenko-Pastur law": (
        "the law of the eigenvalues of a large matrix of noise; it has a lower and an upper edge"
    ),
    "near the border": (
        "of a layer: its phase would be another one if one of its numbers were moved by a half"
    ),
    "noise": (
        "a matrix of independent elements of mean 0 and equal variance: a layer that has "
        "learned nothing"
    ),
    "p-value, p": (
        "probability that noise (or, for p_value, a true power law) gives something at "
        "least as extreme. Small spike_p: not noise. Small p_value: not a power law"
    ),
    "phase": (
        "one of the 5+1 shapes of spectra in the paper of Martin and Mahoney: random-"
        "like, bleeding-out, bulk and spikes, bulk decay, heavy-tailed; and rank collapse"
    ),
    "power law": (
        "density proportional to x^-alpha from xmin on: a straight line on logarithmic axes"
    ),
    "reading": (
        "what the literature makes of alpha: over-trained below 2, well-trained from 2 to"
        " 6, under-trained above 6. Given for heavy-tailed layers only"
    ),
    "significance": (
        "probability that a test finds something in noise: 0.05 for spikes and traps, "
        "0.0001 for verdicts"
    ),
    "spike": "an eigenvalue too large for noise, by a Tracy-Widom test",
    "stable rank": "sum of the eigenvalues over the largest: how many directions carry the weight",
    "support": (
        "whether the eigenvalues above the noise follow a power law: supported, not "
        "distinguishable (an exponential fits as well), rejected, too few points. Where they are "
        "fewer than 20, the whole tail can be rejected, but not supported"
    ),
    "tail": "the largest eigenvalues, from xmin up, to which a power law is fitted",
    "correlation trap, trap": (
        "a spike that is left when the elements of the matrix are put in random order. It"
        " comes from huge elements or a shifted mean, not from correlation"
    ),
    "xmin, xmax": "start and end of the tail",
}
"""Words with their meanings, in plain text, from the words of ``docs/reading.md``."""
