"""Configure Sphinx, which makes the site of these pages: `make site`."""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS / "_ext"), str(DOCS.parent), str(DOCS.parent / "io")]

from articles import PAGES

import spectra

project = "weightspectra"
author = "The weightspectra developers"
version = release = spectra.__version__
copyright = "the weightspectra developers"  # noqa: A001 - the name is Sphinx's

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.githubpages",
    "sphinx.ext.linkcode",
    "myst_parser",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "command_help",
    "mathml",
    "package_indexes",
    "reference_pages",
    "repository_links",
    "searched_as",
]
source_suffix = {".md": "markdown", ".mdown": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_ext"]
default_role = "code"
smartquotes = False  # "--store" stays as it is typed
nitpicky = True
nitpick_ignore_regex = [  # what other packages define: a build without a network cannot ask them
    (r"py:.*", r"(numpy|np|scipy|xarray|xr|pandas|matplotlib|plotly|powerlaw|concurrent)\..*"),
    (r"py:.*", r"(functools|pickle|collections|typing|pathlib)\..*|struct|zipfile"),
]

myst_heading_anchors = 4
myst_links_external_new_tab = False

autodoc_default_options = {"members": True, "no-value": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the types stand in the docstrings, in words
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"

sphinx_gallery_conf = {
    "examples_dirs": str(DOCS.parent / "examples" / "articles"),
    "gallery_dirs": "articles",  # made by the build
    "filename_pattern": ".*",  # every page is run
    "ignore_pattern": "trainings",
    "within_subsection_order": "articles.in_order",
    "download_all_examples": False,
    "capture_repr": ("_repr_html_",),  # pages print what they show
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "plot_gallery": "True",
}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "weightspectra"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_search_scorer = str(DOCS / "_ext" / "search_scorer.js")
html_theme_options = {
    "github_url": "https://github.com/weightspectra/weightspectra",
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navigation_with_keys": False,
    "secondary_sidebar_items": {  # none where wide tables are
        "**": ["page-toc"],
        "index": [],
        **{f"articles/{page}": [] for page in ("index", *PAGES)},
    },
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars: dict[str, list[str]] = {"index": []}
