"""The hub's tables, by what they are for. Signed bytes are stored as received (BLOB) and never rebuilt; uniqueness is a constraint.

Times are RFC 3339 text in UTC; digests are 64 hexadecimal digits, so that `sqlite3` and `sha256sum` can check by hand.
"""

from hub.store.schema import desk, exchange, registry, seals, search, trail
from hub.store.schema.base import metadata

__all__ = ["desk", "exchange", "metadata", "registry", "seals", "search", "trail"]
