"""Forms from the catalogue: the fields of a message as inputs, and what was typed as the message's body.

Values are flat text by name, `persons.0.id18`, as browsers send them and drafts keep them. Whether a body is right is not
decided here: `check_body` says so, and its field becomes the input's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hub.cases.catalogue import FieldRule, FieldType, When
from hub.pages.wording import Words
from hub.protocol.instants import SHANGHAI, format_instant, parse_instant

MOST_ROWS = 50
_MINUTES = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a form. `kind` is the field's type, `rows` the entries of a list, `inner` the fields of a record, `shown_if`
    the name and values of the input that it depends on, `attachment` the roles of the file that it names."""

    name: str
    key: str
    label: str
    kind: str
    required: bool
    value: str = ""
    options: tuple[str, ...] = ()
    most: int | None = None
    least: int | None = None
    rows: tuple[tuple["Input", ...], ...] = ()
    inner: tuple["Input", ...] = ()
    shown_if: str = ""
    shown_for: str = ""
    attachment: tuple[str, ...] = ()
    error: str = ""


def inputs_of(
    rules: Mapping[str, FieldRule],
    values: Mapping[str, str],
    words: Words,
    *,
    without: frozenset[str] = frozenset(),
    prefix: str = "",
) -> tuple[Input, ...]:
    """Return the inputs for the fields of `rules`, filled with `values`. Digests that name no file are left to the program."""
    return tuple(
        _input(key, rule, values, words, prefix)
        for key, rule in rules.items()
        if key not in without and not (rule.type is FieldType.DIGEST and not rule.attachment)
    )


def _input(key: str, rule: FieldRule, values: Mapping[str, str], words: Words, prefix: str) -> Input:
    name = f"{prefix}{key}"
    made = Input(
        name=name,
        key=key,
        label=words.of(rule),
        kind=rule.type.value,
        required=not rule.optional and rule.type is not FieldType.FLAG,
        value=values.get(name, ""),
        options=rule.one_of,
        most=rule.max,
        least=rule.min,
        attachment=tuple(role.value for role in rule.attachment),
    )
    if rule.when is not None:
        made = replace(made, shown_if=f"{prefix}{rule.when.field}", shown_for="|".join(_spelt(rule.when)))
    if rule.type is FieldType.LIST:
        count = rows_in(values, name, least=max(1, rule.min or 0))
        rows = tuple(inputs_of(rule.fields, values, words, prefix=f"{name}.{row}.") for row in range(count))
        return replace(made, rows=rows)
    if rule.type is FieldType.RECORD:
        return replace(made, inner=inputs_of(rule.fields, values, words, prefix=f"{name}."))
    return made


def rows_in(values: Mapping[str, str], name: str, *, least: int = 1) -> int:
    """Return how many entries of the list `name` the values hold."""
    numbers = [
        int(rest)
        for key in values
        if key.startswith(f"{name}.") and (rest := key.removeprefix(f"{name}.").partition(".")[0]).isdigit()
        if len(rest) <= 3
    ]
    return min(MOST_ROWS, max([least, *(number + 1 for number in numbers)]))


def body_of(
    rules: Mapping[str, FieldRule],
    values: Mapping[str, str],
    *,
    without: frozenset[str] = frozenset(),
    prefix: str = "",
) -> dict[str, Any]:
    """Return the body that the values say. What is left empty is left out; so is what its condition rules out."""
    body: dict[str, Any] = {}
    for key, rule in rules.items():
        if key in without or not _applies(rule.when, values, prefix):
            continue
        value = _value(rule, values, f"{prefix}{key}")
        if value is not None:
            body[key] = value
    return body


def _value(rule: FieldRule, values: Mapping[str, str], name: str) -> object:
    if rule.type is FieldType.RECORD:
        return body_of(rule.fields, values, prefix=f"{name}.") or None
    if rule.type is FieldType.LIST:
        entries = (
            body_of(rule.fields, values, prefix=f"{name}.{row}.") for row in range(rows_in(values, name, least=0))
        )
        return [entry for entry in entries if any(value not in (False, "") for value in entry.values())] or None
    text = values.get(name, "").replace("\r\n", "\n").strip()
    if rule.type is FieldType.FLAG:
        return text in ("on", "true", "1")
    if rule.type is FieldType.TEXT and rule.min == 0 and name in values:
        return text
    if not text:
        return None
    if rule.type is FieldType.INTEGER:
        return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 10 else text
    if rule.type is FieldType.INSTANT:
        return instant_of(text)
    if rule.type is FieldType.CITIZEN_ID:
        return text.upper()
    return text


def values_of(body: Mapping[str, Any], *, prefix: str = "") -> dict[str, str]:
    """Return a body as flat values, for a form that begins with it."""
    values: dict[str, str] = {}
    for key, value in body.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            values |= values_of(value, prefix=f"{name}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for row, entry in enumerate(value):
                values |= values_of(entry, prefix=f"{name}.{row}.") if isinstance(entry, Mapping) else {}
        elif isinstance(value, bool):
            values[name] = "on" if value else ""
        else:
            values[name] = _minutes_of(value) if _is_instant(value) else str(value)
    return values


def instant_of(text: str) -> str:
    """Return the instant that an input of date and time (Beijing) says; what is none is returned as it is, to be refused."""
    try:
        return format_instant(datetime.strptime(text[:16], _MINUTES).replace(tzinfo=SHANGHAI).astimezone(UTC))
    except ValueError:
        return text


def minutes_of(at: datetime) -> str:
    """Return an instant as an input of date and time (Beijing) takes it."""
    return at.astimezone(SHANGHAI).strftime(_MINUTES)


def name_of_pointer(pointer: str | None) -> str:
    """Return the input's name of a JSON pointer into the body, e.g. `/body/persons/0/id18`."""
    return (pointer or "").removeprefix("/body/").strip("/").replace("/", ".")


def with_error(inputs: Sequence[Input], name: str, text: str) -> tuple[Input, ...]:
    """Return the inputs with `text` at the input `name`, or at the nearest one around it."""
    return tuple(_with_error(each, name, text) for each in inputs)


def has_input(inputs: Sequence[Input], name: str) -> bool:
    """Whether an input has that name, or holds one that has."""
    return any(
        each.name == name or has_input(each.inner, name) or any(has_input(row, name) for row in each.rows)
        for each in inputs
    )


def _with_error(each: Input, name: str, text: str) -> Input:
    if each.name == name:
        return replace(each, error=text)
    if not name.startswith(f"{each.name}."):
        return each
    if each.inner and has_input(each.inner, name):
        return replace(each, inner=with_error(each.inner, name, text))
    if any(has_input(row, name) for row in each.rows):
        return replace(each, rows=tuple(with_error(row, name, text) for row in each.rows))
    return replace(each, error=text)


def _applies(when: When | None, values: Mapping[str, str], prefix: str) -> bool:
    if when is None:
        return True
    text = values.get(f"{prefix}{when.field}", "").strip()
    return text in _spelt(when)


def _spelt(when: When) -> tuple[str, ...]:
    # An unticked box is sent as nothing at all.
    return tuple("on" if value is True else "" if value is False else str(value) for value in when.is_)


def _is_instant(value: object) -> bool:
    return isinstance(value, str) and len(value) >= 20 and value[10] == "T" and value.endswith("Z")


def _minutes_of(text: str) -> str:
    return minutes_of(parse_instant(text))
