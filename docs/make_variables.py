"""Write variables.md, the table of everything a Dataset may hold."""

from pathlib import Path

from spectra.results.variables import VARIABLES, Variable

HEAD = """# Variables

Everything a Dataset may hold, made from `spectra/variables/` by `python docs/make_variables.py`.
Units: `w` is the unit of the weights, `w2` its square, `1` a plain number. Counts that may be
missing are floats, so that missing is `nan`.

| name | dimensions | units | what it is | formula | source |
| --- | --- | --- | --- | --- | --- |
"""


def line(variable: Variable) -> str:
    """Return the row of one variable."""
    what = variable.long_name
    if variable.flags is not None:
        what += ": " + ", ".join(f"{int(f)} {f.name.lower()}" for f in variable.flags)
    formula = variable.formula.replace("|", "\\|")
    cells = (
        f"`{variable.name}`",
        ", ".join(variable.dims) or "none",
        variable.units,
        what,
        f"`{formula}`" if formula else "",
        variable.source,
    )
    return "| " + " | ".join(cells) + " |"


def page() -> str:
    """Return the page."""
    return HEAD + "\n".join(map(line, VARIABLES.values())) + "\n"


if __name__ == "__main__":
    (Path(__file__).parent / "variables.md").write_text(page(), encoding="utf-8")
