"""Papers and programs that the variables come from."""

__all__ = ["BOOTSTRAP", "CSN", "GVL", "HILL", "HTSR", "MP", "OURS", "PRACTICE", "VUONG", "WW"]

BOOTSTRAP = "Efron & Tibshirani (1993), An Introduction to the Bootstrap"
CSN = "Clauset, Shalizi & Newman (2009), doi:10.1137/070710111"
GVL = "Golub & Van Loan (2013), Matrix Computations, 4th ed."
HILL = "Hill (1975), doi:10.1214/aos/1176343247"
HTSR = "Martin & Mahoney (2021), JMLR 22(165)"
MP = "Marchenko & Pastur (1967), doi:10.1070/SM1967v001n04ABEH001994"
OURS = "this library"
PRACTICE = "WeightWatcher 0.7.7"
VUONG = "Vuong (1989), doi:10.2307/1912557"
WW = "Martin, Peng & Mahoney (2021), doi:10.1038/s41467-021-24025-8"
