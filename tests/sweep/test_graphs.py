"""The names of layers in two files, the files that count, and the table."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.sweep.graphs import files_of, join
from tests.sweep.matrices import Matrix
from tests.sweep.table import graphs

NAMES = ("fc.weight", ""), ("att.qkv.weight", "q"), ("mlp.gate_up", "0.up")
TRUTH = [Matrix(name, label, np.zeros((1, 2, 2)), "Linear") for name, label in NAMES]


@pytest.mark.parametrize(
    ("found", "other", "kind"),
    [
        ({0: "fc"}, {0: "fc"}, "same"),
        ({0: "fc"}, {0: "other"}, "module"),
        ({0: "fc.weight"}, {0: "fc"}, "label"),
        ({1: "att.qkv[q]"}, {1: "attention.q"}, "module"),
        ({1: "att/qkv[0]"}, {1: "att.qkv[q]"}, "label"),
        ({1: "att.qkv"}, {1: "att.qkv[q]"}, "label"),
        ({0: "onnx::MatMul_3"}, {0: "fc"}, "different"),
        ({0: "val_3"}, {0: "fc"}, "unsaid"),
        ({2: "mlp.gate_up[0.up]"}, {2: "experts.0.w3"}, "module"),
    ],
)
def test_names(found, other, kind):
    names = join(found, other, TRUTH, "val_3\nfc1.bias" if kind == "unsaid" else ".fc.MatMul")
    counts = {k: v if isinstance(v, int) else len(v) for k, v in names.items()}
    none = dict.fromkeys(("same", "label", "module", "unsaid", "different"), 0)
    assert counts == {"joined": 1} | none | {kind: 1}


def test_only_what_both_files_have_is_joined():
    assert join({0: "fc", 1: "x"}, {1: "x", 2: "y"}, TRUTH, "")["joined"] == 1


def _made(exporter, by="", tolerance=1e-5, difference=0.0):
    name = ".".join(filter(None, (exporter, by, "onnx")))
    return {
        "file": name, "exporter": exporter, "by": by, "tolerance": tolerance,
        "difference": difference,
    }  # fmt: skip


def test_files_that_compute_something_else_do_not_count(tmp_path):
    made = [
        _made("old"),
        _made("old", "sim", difference=0.5),
        _made("old", "int8", 0.05, 0.5),
        _made("new", difference=None),
        _made("new", "int8", 0.05),
    ]
    folder = tmp_path / "nets" / "mlp"
    folder.mkdir(parents=True)
    (folder / "made.json").write_text(json.dumps({"made": made}))
    assert files_of(tmp_path) == ["nets/mlp/old.onnx", "nets/mlp/old.int8.onnx"]


def test_table():
    names = {
        "joined": 9,
        "same": 2,
        "module": [0],
        "label": [0, 0],
        "unsaid": [0],
        "different": [0, 0, 0],
    }
    record = {
        "model": "nets/a/old.onnx", "exporter": "old", "group": "", "opened": True, "true": 4,
        "right": 3, "apart": 3, "split": 0, "missed": [{}], "wrong": [], "no_maps": [],
        "twice": [{"equal": True}, {"equal": False}], "names": names,
    }  # fmt: skip
    broken = {"model": "nets/b/old.onnx", "exporter": "old", "opened": False, "group": ""}
    _, _, row = graphs([record, broken]).splitlines()
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        "nets, old exporter", "2", "2", "4", "3 (75.00 %)", "3", "0 (0.00 %)", "9",
        "2, 1 (33.33 %)", "2", "3", "1", "1", "0", "1", "0",
    ]  # fmt: skip
