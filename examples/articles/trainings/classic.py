"""
Fits of the classic data sets of power laws, beside those of the powerlaw package.

``python examples/articles/trainings/classic.py FOLDER`` writes the tables that the page
*Fitting real power laws* shows where the data are not at hand. FOLDER has the files blackouts.txt,
cities.txt, flares.txt, surnames.txt and words.txt, one number per line, as the package powerlaw and
the authors of the article distribute them.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from spectra.tails import alternatives, bootstrap, power_law

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DATA_SETS",
    "LAWS",
    "PUBLISHED",
    "DataSet",
    "fits_of",
    "larger",
    "read",
    "theirs",
]

NULLS: tuple[bootstrap.Null, ...] = ("clauset", "longest")
LAWS: tuple[alternatives.Law, ...] = (
    "exponential",
    "lognormal",
    "stretched_exponential",
    "truncated_power_law",
)
_POINTS = 60  # of the drawn share of larger data


class DataSet(NamedTuple):
    """A file, the unit of its numbers in the article, and whether they are counts."""

    file: str
    unit: float
    counts: bool


DATA_SETS = {
    "blackouts": DataSet("blackouts.txt", 1e3, False),
    "cities": DataSet("cities.txt", 1e3, False),
    "solar flares": DataSet("flares.txt", 1.0, False),
    "surnames": DataSet("surnames.txt", 1e3, False),
    "words": DataSet("words.txt", 1.0, True),
}

# Clauset, Shalizi & Newman (2009), table 6.1: n, xmin, alpha, standard error of alpha, tail, p
PUBLISHED = pd.DataFrame(
    {
        "blackouts": (211, 230.0, 2.3, 0.3, 59, 0.62),
        "cities": (19447, 52.46, 2.37, 0.08, 580, 0.76),
        "solar flares": (12773, 323.0, 1.79, 0.02, 1711, 1.00),
        "surnames": (2753, 111.92, 2.5, 0.2, 239, 0.20),
        "words": (18855, 7.0, 1.95, 0.02, 2958, 0.49),
    },
    index=["n", "xmin", "alpha", "error", "num_tail", "p"],
).T


def read(folder: Path) -> dict[str, NDArray[np.float64]]:
    """Return the numbers of each data set, in the unit of the article."""
    missing = [one.file for one in DATA_SETS.values() if not (folder / one.file).is_file()]
    if missing:
        msg = f"the folder {str(folder)!r} must have the files {', '.join(missing)}"
        raise FileNotFoundError(msg)
    found = {name: _numbers(folder / one.file) / one.unit for name, one in DATA_SETS.items()}
    return {name: x[x > 0] for name, x in found.items()}


def _numbers(path: Path) -> NDArray[np.float64]:
    """Return the numbers of a file."""
    try:
        return np.loadtxt(path)
    except ValueError as error:
        msg = f"{path} must have one number per line: {error}"
        raise ValueError(msg) from None


def theirs(x: NDArray[np.float64], *, xmin: float | None = None, counts: bool = False) -> Any:
    """Fit a power law by the powerlaw package, above its own xmin or a given one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import powerlaw

        wide = "parameter_ranges" in inspect.signature(powerlaw.Fit).parameters  # version 2
        options = {"parameter_ranges": {"alpha": [1, None]}} if wide else {}
        return powerlaw.Fit(x, xmin=xmin, discrete=counts, verbose=False, **options)


def fits_of(
    x: NDArray[np.float64], *, counts: bool = False, resamples: int = 200
) -> dict[str, float]:
    """
    Return the fits of a data set, its p-values and its comparisons, by both libraries.

    Counts are spread evenly over half a unit to each side for the fit here, which is of continuous
    data; the powerlaw package has a fit of counts.
    """
    rng = np.random.default_rng(0)
    ours = x + rng.uniform(-0.5, 0.5, len(x)) if counts else x
    fit = power_law.fit(ours)
    p = {
        f"p_{null}": bootstrap.goodness_of_fit(ours, null=null, resamples=resamples).p
        for null in NULLS
    }
    tests = alternatives.compare(ours, xmin=fit.xmin)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some data are whole numbers
        package = theirs(x, counts=counts)
        same = package if counts else theirs(x, xmin=fit.xmin)  # the same tail
        law_of_theirs = package.power_law
    found = {
        "n": len(x),
        "alpha": fit.alpha,
        "sigma": fit.sigma,
        "xmin": fit.xmin,
        "num_tail": fit.num_tail,
        "D": fit.D,
        **p,
        "alpha_theirs": law_of_theirs.alpha,
        "xmin_theirs": package.xmin,
        "num_tail_theirs": int((x >= package.xmin).sum()),
        "D_theirs": law_of_theirs.D,
    }
    for law in LAWS:
        found |= {f"R_{law}": tests[law].R, f"p_{law}": tests[law].p}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            R, chance = same.distribution_compare("power_law", law, normalized_ratio=True)
        found |= {f"R_{law}_theirs": R, f"p_{law}_theirs": chance}
    return {name: float(value) for name, value in found.items()}


def larger(x: NDArray[np.float64]) -> pd.DataFrame:
    """Return the share of the data from a number up, at numbers with equal ratios."""
    at = np.geomspace(x.min(), x.max(), _POINTS)
    at[-1] = x.max()
    share = 1 - np.searchsorted(np.sort(x), at) / len(x)
    return pd.DataFrame({"x": at, "share": share})


def main(folder: str, out: str = "") -> None:
    """Write the tables."""
    results = Path(out or Path(__file__).parents[1] / "results")
    results.mkdir(exist_ok=True)
    data = read(Path(folder))
    rows = {
        name: fits_of(x, counts=DATA_SETS[name].counts, resamples=1000) for name, x in data.items()
    }
    table = pd.DataFrame(rows).T.rename_axis("data")
    table.to_csv(results / "real_power_laws.csv", float_format="%.6g", lineterminator="\n")
    curves = pd.concat({name: larger(x) for name, x in data.items()}, names=["data"])
    curves.droplevel(1).to_csv(
        results / "real_power_laws_larger.csv", float_format="%.6g", lineterminator="\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
