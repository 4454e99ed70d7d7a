"""The templates: compiled once, everything escaped, nothing undefined passed over in silence."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from hub.pages.shown import FILTERS

SHARED = "hub.pages"


@cache
def environment(package: str) -> Environment:
    """Return the environment of one desk's pages: its own templates, then the shared ones."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package, "templates"), PackageLoader(SHARED, "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= FILTERS
    made.globals["asset"] = asset
    return made


def render(package: str, template: str, values: Mapping[str, Any]) -> str:
    """Return the page."""
    return environment(package).get_template(template).render(values)


@cache
def static_files() -> Mapping[str, bytes]:
    """Return our scripts, styles and pictures by name."""
    folder = files(SHARED) / "static"
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}


@cache
def asset(name: str) -> str:
    """Return the address of a static file, which changes with the file."""
    return f"/static/{name}?{hashlib.sha256(static_files()[name]).hexdigest()[:12]}"
