"""The reference says what the code does: every setting, endpoint, name of the formats and field, and no other."""

import importlib.util
import json
import re
import typing
from collections.abc import Iterable, Mapping
from datetime import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.cases.catalogue import FieldRule, default_catalogue
from hub.exchange import settings as hub_settings
from hub.letters.limits import default_limits, default_reading_limits
from hub.protocol import act, envelope, receipt
from hub.protocol.codes import Code
from hub.signing.seal_check import CODES as SEAL_CODES
from hub.trail.evidence.parts import FOLDERS
from hub.trail.evidence.verify import CODES as EVIDENCE_CODES
from hub.trail.record import LeafEvent, LeafRecord
from hub.web.openapi import openapi_document
from hub.web.routes import ROUTES
from station_agent.desk.gate.checks import _CHECKS as GATE_CHECKS
from station_agent.register.acts import Change, Operation, RegisterDetails
from station_agent.settings import AgentSettings
from tests.docs.pages import DOCS, all_pages, name_of

REFERENCE = DOCS / "reference"
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]*) \|", re.MULTILINE)


def generated() -> dict[Path, str]:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pages: dict[Path, str] = module.pages()
    return pages


def test_generated_pages_are_up_to_date() -> None:
    stale = [path.name for path, text in generated().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run: .venv/bin/python docs/make_reference.py"


def section(page: str, title: str) -> str:
    text = (REFERENCE / page).read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found.group(1)


def keys_of(struct: type[msgspec.Struct], prefix: str = "") -> dict[str, Any]:
    """Every key of a settings struct with its default, sections written as `section.key`."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        inner = [item for item in (field.type, *typing.get_args(field.type)) if isinstance(item, type)]
        nested = next((item for item in inner if issubclass(item, msgspec.Struct)), None)
        if nested is not None:
            found |= keys_of(nested, f"{prefix}{field.encode_name}.")
        else:
            found[prefix + field.encode_name] = field.default
    return found


def written(default: Any) -> str:
    if default is msgspec.NODEFAULT:
        return "必填 required"
    if default is None:
        return "无 none"
    return f"`{default}`" if isinstance(default, time) else f"`{json.dumps(default)}`"


@pytest.mark.parametrize(("page", "struct"), [("hub.toml", hub_settings.Settings), ("agent.toml", AgentSettings)])
def test_every_setting_stands_there_with_its_default(page: str, struct: type[msgspec.Struct]) -> None:
    documented = dict(ROW.findall(section("settings.md", page)))
    assert documented == {key: written(default) for key, default in keys_of(struct).items()}


def test_every_limit_of_scans_stands_there_with_its_default() -> None:
    documented = {key: float(text.strip("`")) for key, text in ROW.findall(section("settings.md", "limits.toml"))}
    scans, reading = msgspec.structs.asdict(default_limits()), msgspec.structs.asdict(default_reading_limits())
    shipped = {f"scans.{key}": value for key, value in scans.items()}
    assert documented == shipped | {f"reading.{key}": value for key, value in reading.items()}


def test_the_endpoints_are_those_served() -> None:
    paths = json.loads(openapi_document(ROUTES, version="0"))["paths"]
    served = {
        f"{method.upper()} {path}": "是 yes" if operation["security"] else "否 no"
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert dict(ROW.findall((REFERENCE / "api.md").read_text(encoding="utf-8"))) == served


def names_in(text: str) -> set[str]:
    return set(re.findall(r"`([^`\s]+)`", text))


def fields_of(*structs: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}


@pytest.mark.parametrize(
    ("title", "needed"),
    [
        (
            "信封",
            {*fields_of(envelope.Envelope, envelope.Attachment, envelope.Officer), *envelope.Kind, *envelope.Role},
        ),
        ("回执", {*fields_of(receipt.Receipt, receipt.TrailPosition), *receipt.Event}),
        ("操作", {*fields_of(act.Act, RegisterDetails, Change), *act.ActKind, *Operation}),
        ("轨迹日志", {*fields_of(LeafRecord), *LeafEvent}),
        ("证据文件", {f"{folder}/" for folder in FOLDERS}),
        ("核验项", {*EVIDENCE_CODES, *SEAL_CODES, *GATE_CHECKS}),
    ],
)
def test_every_name_of_a_format_is_explained(title: str, needed: Iterable[str]) -> None:
    assert {str(name) for name in needed} - names_in(section("formats.md", title)) == set()


def test_no_check_is_named_that_is_not_made() -> None:
    text = section("formats.md", "核验项")
    named = {name for name in names_in(text) if name.startswith(("container.", "cades.", "evidence.", "seal."))}
    assert named - {*EVIDENCE_CODES, *SEAL_CODES} == {"seal.time"}


def fields_named(fields: Mapping[str, FieldRule], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name, rule in fields.items():
        found |= {prefix + name, *fields_named(rule.fields, f"{prefix}{name}.")}
    return found


@pytest.mark.parametrize("code", ["C06", "C04"])
def test_every_field_of_a_case_type_is_named(code: str) -> None:
    case_type = default_catalogue().case_type(code)
    documented = names_in(section("case-types.md", code) + section("case-types.md", "各类型共有的往来"))
    for kind, message in case_type.messages.items():
        assert fields_named(message.fields) - documented == set(), kind
    assert {clock.step for clock in case_type.clocks} - documented == set()


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_no_page_names_an_error_code_that_does_not_exist(page: Path) -> None:
    named = set(re.findall(r"(?<![\w.])[EW][0-9]{3}(?!\w)", page.read_text(encoding="utf-8")))
    assert named - {code.value for code in Code} == set()
