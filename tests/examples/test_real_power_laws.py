"""Fitting real power laws: the published numbers, and both libraries side by side."""

import warnings

import numpy as np
import pandas as pd
import pytest

from tests.builders import SHARED

REAL = ["blackouts", "cities", "solar flares", "surnames", "words"]
CONTINUOUS = REAL[:4]
FOLDER = SHARED / "data" / "powerlaw"


@pytest.fixture
def ours(page):
    return page("real_power_laws")


@pytest.fixture
def fits(ours):
    return ours["fits"]


@pytest.fixture
def classic(ours):
    return ours["classic"]


def agree_with_the_table(fits, published, *, p_within):
    """Compare fits with the table of the article, to its printed digits."""
    digits = {"blackouts": 0.05, "cities": 0.005, "solar flares": 0.005, "surnames": 0.05}
    for name in CONTINUOUS:
        found, table = fits.loc[name], published.loc[name]
        assert found.alpha == pytest.approx(table.alpha, abs=digits[name])
        assert found.xmin == pytest.approx(table.xmin, abs=0.005)
        assert (found.n, found.num_tail) == (table.n, table.num_tail)
        assert found.p_clauset == pytest.approx(table.p, abs=p_within)
    words = fits.loc["words"]
    assert words.alpha == pytest.approx(published.alpha["words"], abs=0.02)
    assert words.p_clauset == pytest.approx(published.p["words"], abs=p_within)
    assert words.num_tail_theirs == published.num_tail["words"]


def test_kept_fits_are_those_of_the_article(fits, classic):
    agree_with_the_table(fits, classic.PUBLISHED, p_within=0.05)


@pytest.mark.shared
@pytest.mark.slow
def test_kept_fits_are_those_of_the_data(fits, classic):
    data = classic.read(FOLDER)
    again = {
        name: classic.fits_of(x, counts=classic.DATA_SETS[name].counts, resamples=300)
        for name, x in data.items()
    }
    found = pd.DataFrame(again).T
    agree_with_the_table(found, classic.PUBLISHED, p_within=0.1)
    drawn = {"p_clauset", "p_longest"}
    ours = [n for n in map(str, found) if not n.endswith("_theirs") and n not in drawn]
    np.testing.assert_allclose(found[ours], fits.loc[REAL, ours], rtol=1e-4, atol=1e-4)


@pytest.mark.shared
def test_kept_curves_are_those_of_the_data(ours, classic):
    for name, x in classic.read(FOLDER).items():
        found = classic.larger(x)
        np.testing.assert_allclose(ours["curves"][name].share, found.share, rtol=1e-4)


def test_both_libraries_agree_on_the_same_tail(fits):
    same = fits[fits.xmin == fits.xmin_theirs]
    assert len(same) >= 4
    assert "drawn" in same.index  # computed now, by both
    assert same.index.tolist() == ["blackouts", "cities", "solar flares", "drawn"]
    np.testing.assert_allclose(same.alpha, same.alpha_theirs, atol=1e-3)
    close = fits.loc[CONTINUOUS]  # surnames are compared on the tail found here
    for law in ("exponential", "truncated_power_law"):
        np.testing.assert_allclose(close[f"R_{law}"], close[f"R_{law}_theirs"], atol=0.02)


def test_the_truncated_law_of_the_package_ends_too_early_for_the_drawn_set(fits):
    drawn = fits.loc["drawn"]
    assert drawn.R_exponential == pytest.approx(drawn.R_exponential_theirs, abs=0.02)
    assert drawn.R_truncated_power_law_theirs == pytest.approx(0.173, abs=0.02)
    assert drawn.R_truncated_power_law == pytest.approx(0, abs=1e-6)


def test_words_have_other_tails_and_other_comparisons(fits):
    words = fits.loc["words"]
    assert words[["alpha", "alpha_theirs"]].tolist() == pytest.approx([1.952, 1.953], abs=5e-4)
    assert words.R_exponential_theirs < words.R_exponential - 0.05


def test_the_tables_are_printed(ours):
    for words in ("longest", "article", "powerlaw", "truncated law", "layer fc1"):
        assert words in ours["printed"]
    assert max(map(len, ours["printed"].splitlines())) <= 80


def test_published_numbers_have_the_digits_of_the_article(ours):
    published = ours["published"]
    assert published.alpha.tolist() == ["2.3", "2.37", "1.79", "2.5", "1.95", ""]
    assert published.p["solar flares"] == "1.00"


def test_dots_follow_the_line_but_for_the_largest(ours, fits):
    for name, curve in ours["curves"].items():
        fit = fits.loc[name]
        tail = curve[curve.x >= fit.xmin]
        line = fit.num_tail / fit.n * (tail.x / fit.xmin) ** (1 - fit.alpha)
        ratio = (tail.share / line)[tail.share * fit.n >= 15]
        assert ratio.between(0.7, 1.4).all()
    flares = ours["curves"]["solar flares"].iloc[-1]
    fit = fits.loc["solar flares"]
    assert flares.share < 0.2 * fit.num_tail / fit.n * (flares.x / fit.xmin) ** (1 - fit.alpha)


def test_surnames_begin_elsewhere_in_the_package(fits):
    assert fits.xmin_theirs["surnames"] == pytest.approx(14.9226)
    assert fits.alpha_theirs["surnames"] == pytest.approx(2.2004, abs=1e-3)


@pytest.mark.shared
def test_surnames_are_far_from_the_law_there_name_by_name(fits, classic):
    x = np.sort(classic.read(FOLDER)["surnames"])
    start = fits.xmin_theirs["surnames"]
    tail = x[x >= start * (1 - 1e-6)]
    law = 1 - (tail / tail[0]) ** (1 - fits.alpha_theirs["surnames"])
    upto = np.arange(1, len(tail) + 1) / len(tail)
    assert np.abs(law - upto).max() > 3 * fits.D_theirs["surnames"]


def test_laws_that_contain_the_power_law_are_never_less_likely(fits, classic):
    for law in classic.LAWS[1:]:
        assert (fits[f"R_{law}"] <= 1e-9).all()
    assert (
        fits.loc[["cities", "solar flares", "words"], "R_stretched_exponential_theirs"] > 0.5
    ).all()
    assert (fits.p_exponential.drop("blackouts") < 0.01).all()
    assert (fits.p_lognormal > 0.1).all()
    assert fits.p_truncated_power_law[lambda p: p < 0.05].index.tolist() == ["solar flares"]


def test_the_drawn_exponent_is_found(ours, fits):
    drawn = fits.loc["drawn"]
    assert abs(drawn.alpha - ours["ALPHA"]) < 2 * drawn.sigma
    assert drawn.xmin == pytest.approx(ours["XMIN"], rel=0.2)
    assert min(drawn.p_clauset, drawn.p_longest) > 0.1


def test_the_exact_density_of_their_lognormal_is_below_that_of_the_power_law(ours, classic):
    import mpmath

    from spectra.tails import alternatives

    x, start = ours["made"], ours["fits"].xmin["drawn"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of version 2: that it found no valid fit
        law = classic.theirs(x, xmin=start).lognormal
    z = np.log(x[x >= start] / start)
    mean, width = float(law.mu) - np.log(start), float(law.sigma)
    total = float(mpmath.log(mpmath.ncdf(mpmath.mpf(mean) / width)))
    exact = -((z - mean) ** 2) / (2 * width**2) - np.log(width * np.sqrt(2 * np.pi)) - total
    best = alternatives.fit(x, law="power_law", xmin=start).log_likelihoods.sum()
    assert (exact - z - np.log(start)).sum() < best


def test_a_cutoff_is_often_likelier_and_seldom_sure(ours):
    assert ours["likelier"] == pytest.approx(0.77, abs=0.1)
    assert 0.01 <= ours["sure"] <= 0.06  # at most 5 %, and six of 200 draws here


def test_the_cutoff_is_tested_as_a_nested_law(ours):
    from scipy.stats import chi2

    from spectra.tails import alternatives

    for seed, p in enumerate(ours["p"][:20]):
        x = (1 - np.random.default_rng(seed).random(500)) ** (-1 / (ours["ALPHA"] - 1))
        plain, cut = (
            alternatives.fit(x, law=law, xmin=1.0).log_likelihoods.sum()
            for law in ("power_law", "truncated_power_law")
        )
        assert p == pytest.approx(chi2.sf(2 * abs(cut - plain), 1), abs=1e-6)
    assert ours["fits"].p_truncated_power_law["drawn"] == pytest.approx(1, abs=1e-3)
    assert np.min(ours["p"]) < 0.05


def test_a_square_matrix_of_noise_has_a_peak_at_zero(ours):
    x, upto = ours["square"], ours["square"].max() / 40
    near = np.linspace(0, 0.1, 10**6)[1:]  # the Marchenko-Pastur law of Q = 1, which ends at 4
    law = np.trapezoid(np.sqrt((4 - near) / near), near) / (2 * np.pi)
    assert ours["lowest"] == np.mean(x < upto) == pytest.approx(law, abs=0.02)
    assert "20% of the eigenvalues are in the lowest fortieth" in ours["printed"]
    wide = ours["wide"]
    assert np.mean(wide < wide.max() / 40) < 0.02


def test_noise_is_rejected_whatever_its_exponent(ours):
    assert ours["in_band"] == pytest.approx(0.25, abs=0.1)
    assert ours["rejected"] >= 0.95
    controls = ours["controls"]
    assert (controls.p[["noise, Q = 1", "noise, Q = 2", "lognormal"]] < 0.05).all()
    assert controls.p["power law"] > 0.05
    assert (controls.p[["layer fc1", "layer fc2", "layer fc3"]] > 0.1).all()


def test_files_that_are_missing_or_have_no_numbers_are_named(classic, tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"lacks data sets of power laws: blackouts\.txt, cities\.txt"
    ):
        classic.read(tmp_path)
    for one in classic.DATA_SETS.values():
        (tmp_path / one.file).write_text("1\n2\n")
    (tmp_path / "flares.txt").write_text("hi there\n")
    with pytest.raises(ValueError, match=r"flares\.txt is not a text of one number per line"):
        classic.read(tmp_path)


def test_the_tables_are_written_from_a_folder(classic, tmp_path, monkeypatch):
    monkeypatch.setattr(classic, "DATA_SETS", {"made": classic.DataSet("made.txt", 2.0, False)})
    x = (1 - np.random.default_rng(0).random(200)) ** (-1 / 1.5)
    np.savetxt(tmp_path / "made.txt", np.append(2 * x, 0))
    given = ["classic", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", given)
    classic.main()
    table = pd.read_csv(tmp_path / "out/real_power_laws.csv", index_col="data")
    assert table.n.tolist() == [200]
    assert table.alpha["made"] == pytest.approx(2.5, abs=0.4)
    curve = pd.read_csv(tmp_path / "out/real_power_laws_larger.csv")
    assert curve.share.is_monotonic_decreasing
    assert curve.share.iloc[[0, -1]].tolist() == pytest.approx([1, 1 / 200])
