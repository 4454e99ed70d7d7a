"""The stamp's border in a crop: found by its shape, fitted as a closed curve that forgives gaps, text and ellipses."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hub.letters.compare.ink import Ink, Map

_SIDE = 96  # pixels of the coarse search
_ANGLES = 720
_STEPS = (0.13, 0.09, 0.06, 0.05, 0.05)  # half width of the search around the curve, shrinking, in radii


@dataclass(frozen=True, slots=True)
class Ring:
    """Centre line of the border: radius at angle t is `shape` . (1, cos t, sin t, cos 2t, sin 2t), in pixels.

    `coverage` is the share of angles at which ink was found on the curve.
    """

    x: float
    y: float
    shape: tuple[float, float, float, float, float]
    coverage: float

    @property
    def radius(self) -> float:
        """Mean radius in pixels."""
        return self.shape[0]


def find_ring(ink: Ink) -> Ring | None:
    """Return the border, or None where nothing in the crop looks like one."""
    level = float(np.percentile(ink.colour, 97))
    if level <= 0.02:
        return None
    ceiling = 0.6 * level
    even = np.asarray(np.minimum(ink.colour, ceiling) / ceiling, np.float32)
    x, y, radius = _coarse(even)
    shape = np.array([radius, 0, 0, 0, 0], np.float64)
    coverage = 0.0
    for reach in _STEPS:
        shape, coverage = _refit(even, x, y, shape, reach)
        # First harmonics are a shift of the centre: move it, keep the curve about its own middle.
        x, y = x + float(shape[1]), y + float(shape[2])
        shape[1:3] = 0.0
        if not 0.3 * radius < shape[0] < 2.0 * radius or np.abs(shape[3:]).max() > 0.2 * shape[0]:
            return None
    a, b, c, d, e = (float(part) for part in shape)
    return Ring(x=x, y=y, shape=(a, b, c, d, e), coverage=coverage)


def radius_at(ring: Ring, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the border's radius in pixels at each angle (radians)."""
    return np.asarray(_harmonics(angles) @ np.array(ring.shape), np.float64)


def _harmonics(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack(
        [np.ones_like(angles), np.cos(angles), np.sin(angles), np.cos(2 * angles), np.sin(2 * angles)], axis=-1
    )


def _coarse(even: Map) -> tuple[float, float, float]:
    """Match annuli of all sizes at once by FFT; a border has ink on it and paper just outside."""
    height, width = even.shape
    scale = _SIDE / max(height, width)
    small = cv2.resize(
        even, (max(8, round(width * scale)), max(8, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    spectrum = np.fft.rfft2(small, (2 * _SIDE, 2 * _SIDE))
    best = (-1.0, 0.0, 0.0, 1.0)
    for radius, kernel in _annuli():
        match = np.fft.irfft2(spectrum * kernel, (2 * _SIDE, 2 * _SIDE))[: small.shape[0], : small.shape[1]]
        place = int(np.argmax(match))
        value = float(match.flat[place]) * (radius / _SIDE) ** 0.25
        if value > best[0]:
            best = (value, float(place % small.shape[1]), float(place // small.shape[1]), radius)
    return (best[1] + 0.5) / scale, (best[2] + 0.5) / scale, best[3] / scale


@lru_cache(maxsize=1)
def _annuli() -> tuple[tuple[float, NDArray[np.complex128]], ...]:
    axis = np.fft.fftfreq(2 * _SIDE, 1 / (2 * _SIDE))
    distance = np.hypot(axis[:, None], axis[None, :])
    kernels = []
    for radius in np.arange(12.0, 0.56 * _SIDE, 1.0):
        on = np.clip(1.5 - np.abs(distance - radius), 0, 1)
        outside = np.clip(2.0 - np.abs(distance - radius * 1.08 - 2.5), 0, 1)
        kernel = on / on.sum() - 0.8 * outside / outside.sum()
        kernels.append((float(radius), np.fft.rfft2(kernel)))  # symmetric: correlation equals convolution
    return tuple(kernels)


def _refit(
    even: Map, x: float, y: float, shape: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.float64], float]:
    """Return the curve through the middle of the ink found within `reach` of the present curve, and its coverage."""
    angles = np.arange(_ANGLES, dtype=np.float64) * np.float64(2 * np.pi / _ANGLES)
    basis = _harmonics(angles)
    factors = np.linspace(1 - reach, 1 + reach, 41)
    radii = (basis @ shape)[:, None] * factors[None, :]
    map_x = (x + radii * np.cos(angles)[:, None]).astype(np.float32)
    map_y = (y + radii * np.sin(angles)[:, None]).astype(np.float32)
    profile = cv2.remap(even, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    profile = profile - profile.min(axis=1, keepdims=True)
    mass = profile.sum(axis=1)
    middle = (profile * radii).sum(axis=1) / np.maximum(mass, 1e-6)
    weight = np.clip(profile.max(axis=1), 0, 1)
    seen = weight > 0.25
    fitted = shape
    for _ in range(4):
        away = np.abs(middle - basis @ fitted) / (reach * shape[0])
        robust = weight * seen / (1 + (away / 0.15) ** 2)
        square = (basis * robust[:, None]).T @ basis + np.diag([1e-3, 1e-3, 1e-3, 3.0, 3.0])
        fitted = np.linalg.solve(square, (basis * robust[:, None]).T @ middle)
    near = np.abs(middle - basis @ fitted) < 0.02 * shape[0]
    return fitted, float(np.mean(seen & near))
