"""Tables as CSV: nothing that a spreadsheet runs, and everything comes back."""

import csv
import io
import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import example, given
from hypothesis import strategies as st

import spectra
import spectra_io
from spectra.errors import ModelFormatError
from spectra.results.dataset import Row, from_rows
from spectra.results.variables import Variable
from spectra_io.results import csv_tables

ATTACKS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "   \t\r=1+1",
    '"=1+1',
    "'=1+1",
    "''=1+1",
    " ' \" =1+1",
    "\ufeff=1+1",
    "\xa0=1+1",
    "\u200b=1+1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(1)",
    "\u22121+1",
    "\ufe621",
    "\u207a1",
    "fc;=1+1",
    'fc",=1+1,"',
    "fc\n=1+1",
    "fc\t=1+1",
    '=HYPERLINK("http://a.b","x")',
    "-",
    "+",
    "=",
    "@",
    "-1.5.2",
    "1e5-1",
    "--1",
]
HARMLESS = ["fc1", "model.layers.0.q", "größe.层", "a+b", "a=b", "0", "_=1", "(=1)", "1-1", "nan"]
NUMBERS = ["-1.5", "+2", "-1e-05", "3", "-.5"]
TEXTS = [*ATTACKS, *HARMLESS, *NUMBERS, "", "\\", "\\n", "\\x1b", "a\\", "\x1b[31m"]


def cells(text, separator=","):
    """Return the cells as a spreadsheet takes them apart."""
    return list(csv.reader(io.StringIO(text), delimiter=separator))


def is_run(cell):
    """Return whether a spreadsheet takes a cell for a formula: a text that starts like one."""
    bare = unicodedata.normalize("NFKC", cell).lstrip(' \t\r\n\xa0\ufeff\u200b"`')
    return bare[:1] in tuple("=+-@\u2212") and not re.fullmatch(
        r"[+-]?[0-9.]+(e[+-]?[0-9]+)?", bare
    )


def table(names):
    return from_rows({name: {"alpha": -1.5, "tensor_name": name} for name in names})


def test_what_is_run_is_known_to_this_test():
    assert all(is_run(text) for text in ATTACKS[:11])
    assert not any(map(is_run, [*HARMLESS, "'=1+1", "-1.5", "-1e-300"]))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_spreadsheet_runs_a_cell(text, separator):
    """Nor one that separates cells in another way than the file."""
    rows = cells(csv_tables.as_text(table([text])), separator)
    assert len(rows) == 2
    assert not any(is_run(cell) for row in rows for cell in row[:1] + row[2:])
    if separator == ",":
        assert rows[1][1:3] == ["1", "-1.5"]


@given(st.text())
@example("\t=1")
@example("\ud800")
def test_every_text_comes_back(text):
    safe = csv_tables.defused(text)
    assert csv_tables.written_back(safe) == text
    assert safe.isprintable()
    assert not is_run(safe)


@given(st.lists(st.text(alphabet="=+-@ '\"\\\t\r\n;,axn1\uff1d"), unique=True, min_size=1))
def test_every_table_comes_back(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("csv") / "r.csv"
    ds = table(names)
    path.write_text(csv_tables.as_text(ds), encoding="utf-8")
    back = csv_tables.read(path)
    assert back.layer.values.tolist() == names
    assert back.tensor_name.values.tolist() == names
    assert back.alpha.values.tolist() == [-1.5] * len(names)


def test_numbers_stay_numbers():
    """But a name that looks like one is a text."""
    row = cells(csv_tables.as_text(from_rows({"-1.5": {"alpha": -1.5, "sigma": -1e-300}})))[1]
    assert row == ["'-1.5", "1", "-1.5", "-1e-300"]


def test_names_of_columns_are_defused():
    own = Variable("=1+1", "a", "1", "f", "r")
    text = csv_tables.as_text(from_rows({"fc": {"=1+1": 2.0}}, variables=[own]))
    assert text.splitlines()[0].endswith(",'=1+1")


@pytest.fixture(scope="module")
def ds():
    rng = np.random.default_rng(0)
    model = {name: rng.standard_normal((40, 30)) for name in TEXTS if "\0" not in name and name}
    return spectra.analyze(model | {"zero": np.zeros((9, 9)), "small": np.eye(3)})


def test_a_saved_table_is_loaded(ds, tmp_path):
    spectra_io.save(ds, tmp_path / "r.csv")
    back = spectra_io.load(tmp_path / "r.csv")
    pd.testing.assert_frame_equal(spectra.table(back), spectra.table(ds))
    flat = ds.drop_dims("mode")
    assert set(back.variables) == set(flat.variables)
    for name, variable in back.data_vars.items():
        assert variable.dtype.kind == flat[name].dtype.kind
        assert str(variable.attrs) == str(flat[name].attrs)
    assert spectra.summary(back).equals(spectra.summary(ds))


def test_several_models_are_loaded(ds, tmp_path):
    models = pd.Index(["=a.onnx", "-b"], name="model")
    both = xr.concat([ds, ds.isel(layer=slice(3, 9))], models, join="outer")
    spectra_io.save(both, tmp_path / "r.csv")
    back = spectra_io.load(tmp_path / "r.csv")
    assert back.sizes["model"] == 2
    expected = spectra.table(both)
    pd.testing.assert_frame_equal(spectra.table(back).loc[expected.index], expected)


def test_variables_of_ones_own_are_loaded(tmp_path):
    declared = [
        Variable("mine", "a number", "1", "f", "r"),
        Variable("words", "a text", "", "f", "r", kind="str"),
    ]
    rows: dict[str, Row] = {
        "a": {"mine": -0.1, "words": "=1+1"},
        "b": {"mine": np.inf},
        "c": {"words": "-1"},
    }
    spectra_io.save(from_rows(rows, variables=declared), tmp_path / "r.csv")
    back = spectra_io.load(tmp_path / "r.csv")
    np.testing.assert_equal(back.mine.values, [-0.1, np.inf, np.nan])
    assert back.words.values.tolist() == ["=1+1", "", "-1"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "name,price\na,1\n",
        "layer\nfc\n",
        "layer,depth,alpha\nfc,1,many\n",
        "\x89HDF",
        "a" * 9,
    ],
)
def test_what_is_not_a_table_of_ours_is_refused(tmp_path, content):
    (tmp_path / "r.csv").write_text(content, encoding="latin-1")
    with pytest.raises(ModelFormatError, match="not a table that this library wrote"):
        spectra_io.load(tmp_path / "r.csv")
