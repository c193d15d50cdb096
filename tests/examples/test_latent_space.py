"""Latent space of LSA: which way to choose k finds the known number of topics."""

import runpy

import numpy as np
import pytest
from scipy import sparse

from tests.builders import EXAMPLES

ARTICLES = EXAMPLES.parent / "articles"
pytestmark = pytest.mark.slow


@pytest.fixture
def ours(page):
    return page("latent_space")


def within(found, method, topics, low, high):
    ks = found[method][topics]
    return low <= min(ks) and max(ks) <= high


def hits(found, method):
    """Return the numbers of topics that a method finds to within 3 in every collection."""
    return {n for n in found[method] if within(found, method, n, n - 3, n + 3)}


def test_the_power_law_keeps_about_as_many_with_topics_as_without(ours):
    found = ours["found"]
    for topics in (10, 20, 40):
        assert within(found, "power law", topics, 3 * topics, 260)
    assert within(found, "power law", 80, 95, 175)
    assert within(found, "power law", 0, 120, 190)
    assert ours["p"] < 0.05


def test_the_power_law_is_rejected_but_with_many_topics(ours):
    p_values = ours["p_values"]
    for topics in (0, 10, 20):
        assert max(p_values[topics]) < 0.05
    assert min(p_values[40]) > 0.2
    assert max(p_values[80]) < 0.15


def test_by_one_standard_only_two_methods_find_more_than_one_number(ours):
    found = ours["found"]
    right = {method: hits(found, method) - {0} for method in found}
    two = {"ScreeNOT": {10, 20}, "spikes, biwhitened": {10, 20}}
    chance = {"elbow of the variance": {10}, "Gavish-Donoho": {40}}
    assert {method: topics for method, topics in right.items() if topics} == two | chance


def test_methods_for_unequal_variances_find_the_topics(ours):
    found = ours["found"]
    for topics in (10, 20):
        assert within(found, "spikes, biwhitened", topics, topics - 1, topics + 1)
        assert within(found, "ScreeNOT", topics, topics, topics + 4)
    assert within(found, "spikes, biwhitened", 40, 28, 40)
    assert within(found, "ScreeNOT", 40, 20, 30)
    assert within(found, "spikes, biwhitened", 80, 14, 32)
    assert within(found, "ScreeNOT", 80, 3, 12)
    assert within(found, "spikes, biwhitened", 0, 1, 2)
    assert within(found, "ScreeNOT", 0, 2, 7)


def test_methods_for_one_variance_find_signals_without_topics(ours):
    found = ours["found"]
    assert within(found, "spikes", 0, 70, 100)
    assert within(found, "Gavish-Donoho", 0, 5, 12)
    for topics in (0, 10, 20, 40, 80):
        assert within(found, "trace-log", topics, 220, 305)
    assert within(found, "Gavish-Donoho", 10, 20, 28)
    assert within(found, "Gavish-Donoho", 80, 36, 50)


def test_elbows_are_not_at_the_topics(ours):
    found = ours["found"]
    for topics in (20, 40, 80):
        assert max(found["elbow of the variance"][topics]) < 10
    ratio = [k for ks in found["elbow of the ratio"].values() for k in ks]
    assert max(ratio) - min(ratio) > 300
    scatter = ours["ratio"][100:400]
    assert abs(scatter.mean() / ours["of_noise"] - 1) < 0.15


def test_random_directions_have_the_localization_ratio_of_gaussian_vectors(ours):
    v = np.abs(np.random.default_rng(5).standard_normal((600, 1000)))
    assert ours["of_noise"] == pytest.approx((v.sum(axis=0) / v.max(axis=0)).mean(), rel=0.02)
    V = np.abs(ours["U"])
    np.testing.assert_allclose(ours["ratio"], V.sum(axis=0) / V.max(axis=0))


def test_the_figure_marks_minima_of_tails_that_fit(ours):
    minima = ours["minima"]
    assert (len(minima.xmin), minima.plausible.sum()) == (125, 27)
    assert minima.plausible[minima.D.argmin()]
    long = minima.num_tail >= 10
    assert (minima.plausible & long).sum() == 26  # the fit itself, and 25 others in the figure


def test_the_distance_has_many_minima_and_a_second_dip_at_the_topics(ours):
    assert len(ours["minima"].xmin) == pytest.approx(600 / 5, rel=0.2)
    assert abs((ours["evals"] >= ours["second"]).sum() - ours["SHOWN"]) <= 3


def test_the_best_approximation_has_as_many_values_as_topics(ours):
    error, kept = ours["error"], ours["kept"]
    assert abs(ours["best_error"] - ours["SHOWN"]) <= 3
    assert error.min() == pytest.approx(0.33, abs=0.03)
    assert error[kept["power law"] - 1] == pytest.approx(0.89, abs=0.06)
    assert error[kept["power law"] - 1] > error[0] > error[ours["SHOWN"] - 1]


def test_the_error_is_that_of_the_truncated_matrix(ours):
    X, E, U = ours["X"].toarray(), ours["E"], ours["U"]
    for k in (1, 20, 200):
        exact = np.linalg.norm(U[:, :k] @ (U[:, :k].T @ X) - E) / np.linalg.norm(E)
        assert ours["error"][k - 1] == pytest.approx(exact, rel=1e-8)


def test_neighbours_are_of_the_same_topic(ours):
    assert max(ours["share"]) > 0.95
    assert np.interp([15, 130], ours["ks"], ours["share"]).min() > 0.9
    assert ours["at"]["power law"] == pytest.approx(0.88, abs=0.05)
    assert ours["at"]["spikes, biwhitened"] > 0.95


def test_weights_are_those_of_the_formula(ours):
    counts = np.array([[2, 0, 1], [1, 1, 0]])
    inverse = np.log(3 / (1 + np.array([2, 1, 1]))) + 1
    expected = counts * inverse
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = ours["tf_idf"](sparse.csr_array(counts)).toarray()
    np.testing.assert_allclose(found, expected)


def test_a_folder_of_texts_is_read(ours, tmp_path):
    for name, words in (("a.txt", "one two three four"), ("b.txt", "red green blue four")):
        (tmp_path / name).write_text(f"{words} " * 150)
    (tmp_path / "_build").mkdir()
    (tmp_path / "_build" / "c.txt").write_text("never " * 500)
    counts, file = ours["pieces"](tmp_path)
    assert counts.shape == (8, 7)
    assert sorted(file) == [0] * 4 + [1] * 4
    assert counts.sum() == 1200
    assert set(ours["real"]) <= set(ours["found"])


def test_real_texts_do_not_tell_the_methods_apart(ours):
    real = ours["real"]  # of the pages of the documentation, which change
    assert set(real) == set(ours["found"])
    assert max(real.values()) > 3 * min(real.values())
    assert np.ptp(ours["shares"]) < 0.15
    _, file = ours["pieces"](ARTICLES / ours["TEXTS"])
    same = file[:, None] == file
    chance = (same.sum() - len(file)) / (len(file) * (len(file) - 1))
    assert ours["by_chance"](file) == pytest.approx(chance)
    assert min(ours["shares"]) > 5 * chance


@pytest.mark.parametrize("given", ["missing", "empty"])
def test_a_folder_without_texts_is_named_before_anything_is_computed(
    given, monkeypatch, tmp_path, capsys
):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("SPECTRA_TEXTS", str(tmp_path / given))
    monkeypatch.syspath_prepend(ARTICLES)
    with pytest.raises(AssertionError, match=f"SPECTRA_TEXTS must name a folder.*{given}"):
        runpy.run_path(str(ARTICLES / "latent_space.py"))
    assert not capsys.readouterr().out


def test_printed_lines_are_short(ours):
    assert max(map(len, ours["printed"].splitlines())) <= 80
