"""The templates: compiled once, everything escaped, nothing undefined passed over in silence."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from station_agent.web.shown import FILTERS


@cache
def environment() -> Environment:
    """Return the environment of all pages."""
    made = Environment(
        loader=PackageLoader("station_agent.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= FILTERS
    made.globals["asset"] = asset
    return made


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return the page."""
    return environment().get_template(template).render(values)


@cache
def static_files() -> Mapping[str, bytes]:
    """Return our scripts, styles and pictures by name."""
    folder = files("station_agent.web") / "static"
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}


@cache
def asset(name: str) -> str:
    """Return the address of a static file, which changes with the file."""
    return f"/static/{name}?{hashlib.sha256(static_files()[name]).hexdigest()[:12]}"
