"""The directory of stations: names and codes with their dates of validity, parents, opening hours, scope.

Escalation walks the parent pointers and never guesses by level: two counties answer to the province directly (N01).
Bytes in, frozen directory out; changes over time are data (DOMAIN 0.6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated

import msgspec

from hub.cases.catalogue import Scope
from hub.cases.clocks import SiteHours
from hub.protocol.codes import Code
from hub.protocol.errors import Refused
from hub.protocol.identifiers import StationId, WireStation
from hub.protocol.toml import decode_toml


class SiteKind(StrEnum):
    """What a site is (N12)."""

    STATION = "station"  # 派出所
    HALL = "hall"  # 户办大厅
    TOWNSHIP = "township"  # 乡镇户口登记机关
    COUNTY = "county"  # 县局
    CITY = "city"  # 市局
    PROVINCE = "province"  # 省厅


class SiteName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name and when it was in force; both ends included, None: open."""

    zh: str
    first: date | None = None
    last: date | None = None


class FormerCode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code that the site had until `last`."""

    code: WireStation
    last: date


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One site. `letter_word` (机构代字) goes into letter numbers; `enabled_from` is when the system started there (N06)."""

    code: WireStation
    kind: SiteKind
    parent: WireStation | None = None
    names: Annotated[tuple[SiteName, ...], msgspec.Meta(min_length=1)]
    former_codes: tuple[FormerCode, ...] = ()
    letter_word: str | None = None
    enabled_from: date | None = None
    enabled_until: date | None = None
    hours: SiteHours = SiteHours()
    weekend_service: bool = False

    def name_on(self, day: date) -> str:
        """Return the name in force on `day`; outside all dates, the nearest later name, else the last one."""
        for name in self.names:
            if (name.first is None or name.first <= day) and (name.last is None or day <= name.last):
                return name.zh
        later = [name for name in self.names if name.first is not None and name.first > day]
        return (later or self.names[-1:])[0].zh

    def code_on(self, day: date) -> StationId:
        """Return the code in force on `day`."""
        former = sorted((old for old in self.former_codes if day <= old.last), key=lambda old: old.last)
        return former[0].code if former else self.code

    def is_enabled(self, day: date) -> bool:
        """Whether the site takes part on `day`."""
        return (self.enabled_from is None or self.enabled_from <= day) and (
            self.enabled_until is None or day <= self.enabled_until
        )


class SitesFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`stations.toml`: the province's two-digit code and its sites."""

    province: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}(?!\n)$")]
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class Sites:
    """All sites, found by present or former code."""

    province: str
    by_code: Mapping[str, Site]

    def site(self, code: str, *, field: str | None = None) -> Site:
        """Return the site that has or had `code`. Raises: Refused (`site.unknown`)."""
        found = self.by_code.get(code)
        if found is None:
            raise Refused(Code.SITE_UNKNOWN, field=field, values={"code": code[:12]})
        return found

    def parents(self, code: str) -> tuple[Site, ...]:
        """Return the organisations above a site, nearest first: the way of an escalation. Raises: Refused."""
        above = []
        site = self.site(code)
        while site.parent is not None:
            site = self.site(site.parent)
            above.append(site)
        return tuple(above)

    def common_parent(self, one: str, other: str) -> Site | None:
        """Return the nearest organisation above (or equal to) both: arbiter and coordinator. Raises: Refused."""
        chain = {site.code for site in (self.site(one), *self.parents(one))}
        return next((site for site in (self.site(other), *self.parents(other)) if site.code in chain), None)

    def require_in_scope(self, scope: Scope, code: str, *, field: str | None = None) -> None:
        """Let pass only sites that a case type with `scope` may address.

        Raises: Refused (`site.out_of_scope` for another province, N08; `site.unknown`).
        """
        if scope is Scope.PROVINCE and code[:2] != self.province:
            raise Refused(Code.SITE_OUT_OF_SCOPE, field=field, values={"code": code[:12]})
        self.site(code, field=field)


def load_sites(raw: bytes, *, name: str = "stations.toml") -> Sites:
    """Return the directory in a file's bytes. Raises: Refused (`config.invalid`): unknown parent, ring, code twice."""
    known = (*SitesFile.__struct_encode_fields__, *Site.__struct_encode_fields__, *SiteHours.__struct_encode_fields__)
    file = decode_toml(raw, SitesFile, name=name, known=known)
    by_code: dict[str, Site] = {}
    for site in file.sites:
        for code in (site.code, *(old.code for old in site.former_codes)):
            if code in by_code:
                raise Refused(Code.CONFIG_INVALID, detail=f"{name}: {code} is there twice")
            by_code[code] = site
    for site in file.sites:
        _require_way_up(site, by_code, name)
    return Sites(file.province, by_code)


@cache
def default_sites() -> Sites:
    """Return the example directory that ships with the program."""
    return load_sites((files("config") / "stations.toml").read_bytes())


def _require_way_up(site: Site, by_code: Mapping[str, Site], name: str) -> None:
    seen = {site.code}
    parent = site.parent
    while parent is not None:
        above = by_code.get(parent)
        if above is None:
            raise Refused(Code.CONFIG_INVALID, detail=f"{name}: {site.code}: unknown parent {parent}")
        if above.code in seen:
            raise Refused(Code.CONFIG_INVALID, detail=f"{name}: {site.code}: the parents form a ring")
        seen.add(above.code)
        parent = above.parent
