"""How the documentation is built: offline, every warning an error."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import xborder_aml

project = "xborder_aml"
author = "The xborder_aml authors"
copyright = author  # noqa: A001 -- the name that Sphinx reads
version = release = xborder_aml.__version__

extensions = [
    "generated",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = [
    "_build",
    "reference/generated",
    "_ext",
    "_templates",
    "conf.py",
    "**/.ipynb_checkpoints",
]
templates_path = ["_templates"]
nitpicky = False
html_last_updated_fmt = None  # the same input gives the same pages

# -- pages and notebooks ---------------------------------------------------------------------------

source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
# Tutorials are plain Python with `# %%` cells, so that they can be linted, diffed and run.
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
# figures as HTML with their script, so that pages need no network
os.environ["PLOTLY_RENDERER"] = "notebook"
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

# -- docstrings ------------------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
toc_object_entries_show_parents = "hide"
python_use_unqualified_type_names = True
maximum_signature_line_length = 72
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
default_role = "py:obj"

# -- looks -----------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "xborder_aml"
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_favicon = "_static/mark.svg"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {
        "image_light": "_static/mark.svg",
        "image_dark": "_static/mark.svg",
        "text": "xborder_aml",
    },
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_prev_next": True,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
