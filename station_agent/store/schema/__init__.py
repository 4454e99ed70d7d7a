"""The tables of `agent.sqlite` as they are now, by what they are for; how they came to be stands in `migrations/`.

Instants are RFC 3339 text in UTC, digests lower-case hexadecimal text.
"""

from station_agent.store.schema import cases, desk, exchange, trail, trust
from station_agent.store.schema.base import metadata

__all__ = ["cases", "desk", "exchange", "metadata", "trail", "trust"]
