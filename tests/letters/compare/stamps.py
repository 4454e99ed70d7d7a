"""Stamps drawn with plain strokes for tests: no fonts, every character a few seeded lines."""

import cv2
import numpy as np
from numpy.typing import NDArray

RADIUS = 230
SIDE = 560


def a_stamp(*, characters: tuple[int, ...] = tuple(range(11)), star: float = 0.32) -> NDArray[np.float32]:
    """Return ink 0..1 of a round stamp; each number is the seed of one character's strokes."""
    page = np.zeros((SIDE, SIDE), np.float32)
    middle = (SIDE // 2, SIDE // 2)
    cv2.circle(page, middle, RADIUS, 1.0, 11, cv2.LINE_AA)
    turns = np.radians(np.arange(10) * 36 - 90)
    reach = np.where(np.arange(10) % 2 == 0, 1.0, 0.382) * star * RADIUS
    corners = np.stack([middle[0] + reach * np.cos(turns), middle[1] + reach * np.sin(turns)], -1)
    cv2.fillPoly(page, [np.round(corners).astype(np.int32)], 1.0, cv2.LINE_AA)
    for place, seed in enumerate(characters):
        angle = np.radians(-120 + 240 * place / (len(characters) - 1))
        _character(page, seed, float(angle))
    return page


def _character(page: NDArray[np.float32], seed: int, angle: float) -> None:
    random = np.random.default_rng(seed)
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = SIDE / 2 + 0.73 * RADIUS * sin, SIDE / 2 - 0.73 * RADIUS * cos
    for _ in range(6):
        ends = random.integers(-2, 3, (2, 2)) * np.array([10.0, 13.0])
        if random.random() < 0.8:
            ends[1, random.integers(2)] = ends[0, random.integers(2)]
        turned = [(round(x + a * cos - b * sin), round(y + a * sin + b * cos)) for a, b in ends]
        cv2.line(page, turned[0], turned[1], 1.0, 5, cv2.LINE_AA)


def printed(
    ink: NDArray[np.float32], *, strength: float = 1.4, degrees: float = 0.0, print_over: bool = False, paper: int = 245
) -> NDArray[np.uint8]:
    """Return a BGR picture of the stamp on paper, turned clockwise, perhaps with black lines over it."""
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), -degrees, 0.9)
    placed = cv2.warpAffine(ink, turn, (SIDE, SIDE), flags=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(placed, (0, 0), 1.0)
    colour = np.array([0.9, 1.0, 0.12], np.float32) * np.float32(strength)
    picture = np.float32(paper) * np.exp(-soft[..., None] * colour)
    if print_over:
        for row in range(150, 420, 24):
            cv2.line(picture, (40, row), (520, row + 6), (30, 30, 30), 3, cv2.LINE_AA)
    noise = np.random.default_rng(1).normal(0, 2, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """Return the picture as a JPEG file."""
    written, raw = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    assert written
    return bytes(raw)
