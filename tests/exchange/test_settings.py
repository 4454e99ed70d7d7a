"""Settings: unknown keys and unguarded listeners are refused; any bytes give settings or a refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.exchange.init import DEFAULT_SETTINGS
from hub.exchange.settings import Settings, parse_settings
from hub.protocol.codes import Code
from hub.protocol.errors import Refused


def test_the_file_of_a_new_hub_says_the_defaults() -> None:
    assert parse_settings(DEFAULT_SETTINGS) == Settings() == parse_settings(b"")


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(Refused) as caught:
        parse_settings(b"[listen]\nprot = 1\n")
    assert caught.value.code is Code.CONFIG_INVALID
    assert "`port`" in (caught.value.detail or "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "hub.example"])
def test_a_plain_listener_beyond_this_machine_needs_a_named_proxy(host: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_settings(f'[listen]\nhost = "{host}"\n'.encode())
    assert caught.value.code is Code.HUB_LISTEN
    guarded = parse_settings(f'[listen]\nhost = "{host}"\nbehind_proxy = "nginx"\n'.encode())
    assert guarded.listen.host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_a_listener_on_this_machine_needs_none(host: str) -> None:
    assert parse_settings(f'[listen]\nhost = "{host}"\n'.encode()).listen.host == host


@given(st.binary(max_size=200))
def test_any_bytes_are_settings_or_refused(raw: bytes) -> None:
    try:
        assert isinstance(parse_settings(raw), Settings)
    except Refused as refusal:
        assert refusal.code in (Code.CONFIG_INVALID, Code.HUB_LISTEN)  # noqa: PT017 - either outcome is right
