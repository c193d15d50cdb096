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
    np.testing.assert_allclose(same.alpha, same.alpha_theirs, atol=1e-3)
    for law in ("exponential", "truncated_power_law"):
        close = fits.loc[CONTINUOUS]
        np.testing.assert_allclose(close[f"R_{law}"], close[f"R_{law}_theirs"], atol=0.02)


def test_the_tables_are_printed(ours):
    for words in ("p_longest", "num_tail_theirs", "p_truncated_power_law", "layer fc1"):
        assert words in ours["printed"]


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
    assert ours["sure"] < 0.1


def test_noise_is_rejected_whatever_its_exponent(ours):
    assert 0.05 <= ours["in_band"] <= 0.5
    assert ours["rejected"] >= 0.95
    controls = ours["controls"]
    assert (controls.p[["noise, Q = 1", "noise, Q = 2", "lognormal"]] < 0.05).all()
    assert controls.p["power law"] > 0.05
    assert (controls.p[["layer fc1", "layer fc2", "layer fc3"]] > 0.1).all()


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
    (tmp_path / "made.txt").write_text("hi")
    with pytest.raises(ValueError, match=r"made.txt is not a text of one number per line"):
        classic.main()
    (tmp_path / "made.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks data sets of power laws: made.txt"):
        classic.main()
