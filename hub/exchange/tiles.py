"""The trail as any tlog-tiles client reads it: checkpoint, hash tiles, entry bundles. Source: C2SP tlog-tiles.md.

Open to everybody who reaches the hub: there are digests, ids and times in it, and an auditor who must be let in by the
operator cannot check the operator.
"""

import sqlalchemy as sa

from hub.protocol.codes import Code
from hub.protocol.errors import Damaged, Refused
from hub.store.trail_log import head_of, leaf_records, tile_reader
from hub.trail.tiles import TILE_WIDTH, Tile, cut_tile, encode_bundle, parse_tile_path, tile_width


def tile_of(tx: sa.Connection, path: str) -> bytes:
    """Return the bytes of the tile or entry bundle that `path` names (`tile/0/001.p/44`, `tile/entries/000`).

    They never change. Raises: Refused (`tile.form`; `tile.unknown` when the log is not that long), Damaged.
    """
    tile = parse_tile_path(path)
    if tile.width > tile_width(tile.level, tile.index, head_of(tx).size):
        raise Refused(Code.TILE_UNKNOWN, detail=tile.path)
    if tile.level is None:
        return _bundle(tx, tile)
    stored = tile_reader(tx)(tile.level, tile.index)
    try:
        return cut_tile(stored, tile)
    except Refused as error:
        raise Damaged(Code.TRAIL_DAMAGED, values={"place": tile.path}) from error


def _bundle(tx: sa.Connection, tile: Tile) -> bytes:
    first = tile.index * TILE_WIDTH
    entries = list(leaf_records(tx, start=first, end=first + tile.width))
    if [number for number, _ in entries] != list(range(first, first + tile.width)):
        raise Damaged(Code.TRAIL_DAMAGED, values={"place": tile.path})
    return encode_bundle(record for _, record in entries)
