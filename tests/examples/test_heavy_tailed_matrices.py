"""Norms of heavy-tailed matrices: the ratio of their logarithms grows with the exponent."""


def test_the_ratio_grows(page):
    ratios = page("heavy_tailed_matrices")["ratios"]
    assert sorted(ratios.values()) == list(ratios.values())
