"""A sheet's mark as a square code (QR, ISO/IEC 18004, level Q): a drawing that typesetting places, crisp at any size."""

import numpy as np
import zxingcpp

_LEVEL = "Q"  # a quarter of the code may be under ink, dust or a fold


def mark_svg(text: str) -> str:
    """Return the code for `text` (upper-case letters, digits, `:./-`) as SVG, one unit a module, without a quiet zone."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=_LEVEL)
    modules = np.asarray(code.to_image(scale=1, add_quiet_zones=False)) == 0
    side = modules.shape[0]
    runs = []
    for y, row in enumerate(modules):
        edges = np.flatnonzero(np.diff(np.concatenate(([False], row, [False])).astype(np.int8)))
        runs += [f"M{start} {y}h{end - start}v1h-{end - start}z" for start, end in edges.reshape(-1, 2)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path d="{"".join(runs)}" fill="#000"/></svg>'
    )
