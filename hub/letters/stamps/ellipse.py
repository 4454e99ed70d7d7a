"""Ellipses on a page, and a page unrolled around one: rows are radii, columns are angles."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from hub.letters.stamps.ink import Plane

ANGLES = 180
OFF_PAGE = -1.0


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Centre, half axes and the angle of the first axis (radians), in pixels of the working page."""

    x: float
    y: float
    a: float
    b: float
    angle: float = 0.0

    @property
    def extent(self) -> tuple[float, float]:
        """Half width and half height of the upright box around it."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return math.hypot(self.a * cos, self.b * sin), math.hypot(self.a * sin, self.b * cos)

    @property
    def radius(self) -> float:
        """Radius of the circle of equal area."""
        return math.sqrt(self.a * self.b)

    def points(self, radii: npt.NDArray[np.float32]) -> tuple[Plane, Plane]:
        """Return x and y for every relative radius (rows) and angle (columns)."""
        turn = np.arange(ANGLES, dtype=np.float32) * np.float32(2 * math.pi / ANGLES)
        along, across = self.a * np.cos(turn), self.b * np.sin(turn)
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        x = self.x + np.outer(radii, along * cos - across * sin)
        y = self.y + np.outer(radii, along * sin + across * cos)
        return x.astype(np.float32), y.astype(np.float32)

    def equals(self, other: "Ellipse") -> bool:
        """Whether both are the same ring, within what fitting leaves open."""
        near = math.hypot(self.x - other.x, self.y - other.y) < 0.06 * self.radius
        return near and abs(self.a - other.a) < 0.05 * self.a and abs(self.b - other.b) < 0.05 * self.b

    def is_like(self, other: "Ellipse") -> bool:
        """Whether both mean the same place: centres closer than the larger radius, nearly."""
        return math.hypot(self.x - other.x, self.y - other.y) < 0.9 * max(self.radius, other.radius)


def unroll(plane: Plane, ellipse: Ellipse, radii: npt.NDArray[np.float32]) -> Plane:
    """Return `plane` sampled around `ellipse`, `OFF_PAGE` where there is no page."""
    x, y = ellipse.points(radii)
    rolled = cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=OFF_PAGE)
    return np.asarray(rolled, dtype=np.float32)


def fit(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], *, support: float, like: Ellipse) -> Ellipse | None:
    """Fit an ellipse through ring points; with less than 60 % of the circle in `support`, keep the shape of `like`.

    Returns None for a fit that no seal has: an axis ratio under 0.5, or a size far from that of `like`.
    """
    if support < 0.6:
        return _fit_scaled(x, y, like)
    (cx, cy), (width, height), degrees = cv2.fitEllipseDirect(np.stack([x, y], axis=1))
    fitted = Ellipse(cx, cy, width / 2, height / 2, math.radians(degrees))
    if not (min(width, height) > 0.5 * max(width, height) and 0.6 < fitted.radius / like.radius < 1.6):
        return None
    return fitted


def _fit_scaled(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], like: Ellipse) -> Ellipse | None:
    # In the frame of `like` it is a circle: u^2 + v^2 = 2 u0 u + 2 v0 v + c.
    cos, sin = math.cos(like.angle), math.sin(like.angle)
    u = ((x - like.x) * cos + (y - like.y) * sin) / like.a
    v = (-(x - like.x) * sin + (y - like.y) * cos) / like.b
    matrix = np.stack([2 * u, 2 * v, np.ones_like(u)], axis=1)
    (u0, v0, c), *_ = np.linalg.lstsq(matrix, u * u + v * v, rcond=None)
    scale = math.sqrt(max(c + u0 * u0 + v0 * v0, 0.0))
    if not 0.6 < scale < 1.6 or math.hypot(u0, v0) > 0.5:
        return None
    along, across = u0 * like.a, v0 * like.b
    return Ellipse(
        like.x + along * cos - across * sin,
        like.y + along * sin + across * cos,
        like.a * scale,
        like.b * scale,
        like.angle,
    )
