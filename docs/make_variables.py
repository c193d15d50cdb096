"""Write the page of variables from their declarations."""

from pathlib import Path

from spectra.results.variables import VARIABLES, Variable

GROUPS = {
    "layer": "Layers",
    "size": "Size: norms, ranks and scale",
    "diagnosis": "Diagnosis",
    "tail": "Tail: the power law and the evidence for it",
    "noise": "Noise and signal, by random matrix theory",
    "tensor": "Tensors (`spectra.describe`)",
    "summary": "Summary (`spectra.summary`)",
}
HEAD = """# Variables

Every variable of the Datasets of `spectra.analyze`, `spectra.describe`, `spectra.summary` and
`spectra.results.scale_collapse.find`, made from `spectra.results.variables.VARIABLES` by
`make docs`. Each carries its row here as attributes; `ds.filter_by_attrs(group="noise")` takes a
group. Units: `w` is the unit of the weights, `w2` its square, `1` is dimensionless. Missing numbers
are `nan`, missing words empty, missing codes 0.
"""
TITLES = (
    "| name | dimensions | units | what it is | noise gives | formula | references |\n"
    + 7 * "| --- "
    + "|"
)


def section(group: str) -> str:
    """Return the table of one group."""
    rows = [
        f"| `{v.name}` | {', '.join(v.dims) or '-'} | {v.units or '-'} | {meaning(v)} "
        f"| {noise(v)} | {f'`{escaped(v.formula)}`' if v.formula else '-'} "
        f"| {v.references or '-'} |"
        for v in VARIABLES.values()
        if v.group == group
    ]
    return "\n".join([f"## {GROUPS[group]}", "", TITLES, *rows])


def meaning(variable: Variable) -> str:
    """Return the long name, and the codes of a flag."""
    codes = ", ".join(f"{int(code)} {code.name.lower()}" for code in variable.flags or ())
    return f"{variable.long_name}: {codes}" if codes else variable.long_name


def noise(variable: Variable) -> str:
    """Return what noise gives, in words or as the name of a variable."""
    return f"`{variable.noise}`" if variable.noise in VARIABLES else variable.noise or "-"


def escaped(formula: str) -> str:
    """Return a formula with its bars escaped, as a table wants them."""
    return formula.replace("|", "\\|")


def page() -> str:
    """Return the page."""
    return "\n\n".join([HEAD.rstrip(), *map(section, GROUPS)]) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "variables.md").write_text(page(), encoding="utf-8")
