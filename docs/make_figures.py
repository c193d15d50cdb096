"""Draw the pictures of the page of figures."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

import spectra
import spectra_io
from spectra import theory
from spectra.measures import tail_fit
from spectra.noise import marchenko_pastur
from spectra.theory import laws
from spectra_io import plots

ROOT = Path(__file__).parents[1]
SIZE, DPI = (5.6, 3.6), 75


def main() -> None:
    """Write one picture per figure."""
    mpl.use("Agg")
    model = spectra_io.open_model(ROOT / "examples/models/mnist_mlp.safetensors")
    ds = spectra.analyze(model)
    deep, noise = blocks(), np.random.default_rng(1).standard_normal((400, 200))
    pictures = {
        "esd": lambda ax: plots.esd(ds, layer="fc1", ax=ax),
        "esd-linear": lambda ax: plots.esd(ds, layer="fc1", scale="lin-lin", ax=ax),
        "permuted": lambda ax: plots.permuted(model, layer="fc1", ax=ax),
        "noise": lambda ax: plots.noise(ds, layer="fc1", ax=ax),
        "tail-laws": lambda ax: plots.tail_laws(ds, layer="fc1", ax=ax),
        "xmin-scan": lambda ax: plots.xmin_scan(ds, layer="fc1", ax=ax),
        "hill": lambda ax: plots.hill(ds, layer="fc1", ax=ax),
        "erg": lambda ax: plots.erg(ds, layer="fc1", ax=ax),
        "vectors": lambda ax: plots.vectors(model, layer="fc1", ax=ax),
        "flow": lambda ax: plots.correlation_flow(deep, ax=ax),
        "flows": lambda ax: plots.correlation_flow({"one": deep, "another": blocks(9)}, ax=ax),
        "histogram": lambda ax: plots.histogram({"one": deep, "another": blocks(9)}, ax=ax),
        "heat-map": lambda ax: plots.heat_map(deep, ax=ax),
        "regression": lambda ax: plots.regression(*accuracies(), ax=ax, groups=list("aaaabbbb")),
        "law": lambda ax: plots.law(
            marchenko_pastur, 0.5, data=spectra.eigenvalues(noise) / 400, ax=ax
        ),
        "law-atoms": lambda ax: plots.law(
            laws.marchenko_pastur(2.0), data=laws.marchenko_pastur(2.0).spectra(400, rng=0), ax=ax
        ),
        "comparison": lambda ax: plots.comparison(signs(), ax=ax),
        "convergence": lambda ax: plots.convergence(heavy(), ax=ax),
    }
    for name, draw in pictures.items():
        figure, ax = plt.subplots(figsize=SIZE, layout="constrained")
        draw(ax)
        path = ROOT / "docs" / "images" / "figures" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        figure.savefig(path, dpi=DPI, metadata={"Software": "weightspectra"})
        plt.close(figure)


def blocks(seed: int = 0) -> object:
    """Return the results of a made-up network of 12 blocks, whose tails get lighter with depth."""
    rng = np.random.default_rng(seed)
    parts = ["self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj"]
    model = {
        f"layers.{i}.{part}": rng.standard_t(2.2 + 0.1 * i + seed / 9, (90, 60))
        for i in range(12)
        for part in parts
    }
    model["layers.7.mlp.up_proj"] *= 0
    model["lm_head"] = rng.standard_normal((150, 60))
    return spectra.analyze(model, measures=tail_fit if seed else spectra.measures.CORE)


def signs() -> object:
    """Return a comparison of matrices of random signs with the law of Gaussian ones."""
    W = np.random.default_rng(0).choice([-1.0, 1.0], (200, 60, 30))
    return theory.compare(W, laws.marchenko_pastur(0.5, mean=60.0), rng=1)


def heavy() -> object:
    """Return a scan of sizes of matrices whose elements have heavy tails and a variance of 1."""
    return theory.scan(
        lambda n, rng: rng.standard_t(5, (2 * n, n)) * 0.6**0.5,
        lambda n: laws.marchenko_pastur(0.5, mean=2.0 * n),
        [10, 20, 40, 80],
        num=300,
        rng=0,
    )


def accuracies() -> tuple[list[float], list[float]]:
    """Return made-up mean alphas and accuracies of two families of four models."""
    alphas = [2.4, 2.6, 2.9, 3.3, 3.4, 3.7, 3.9, 4.3]
    return alphas, [0.71, 0.70, 0.68, 0.66, 0.79, 0.77, 0.76, 0.74]


if __name__ == "__main__":
    main()
