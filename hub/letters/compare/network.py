"""The learned scorer, evaluated in NumPy: three small convolutions over a window, then a few neurons with its facts.

Only evaluation lives here; `benchmarks/compare_training` holds training and the seed. The weights are data, never code.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hub.letters.compare.patches import Stack

STRIDE = 2


@dataclass(frozen=True, slots=True)
class Layer:
    """`weights`: inputs x outputs (a convolution's inputs are channel, row, column in that order); `size` is its side."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    size: int


@dataclass(frozen=True, slots=True)
class Network:
    """`mean` and `spread` standardise the facts that join after the convolutions."""

    convolutions: tuple[Layer, ...]
    dense: tuple[Layer, ...]
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]


def evaluate(network: Network, pictures: Stack | None, facts: Stack) -> NDArray[np.float32]:
    """Return one log odds per window (or per row of facts where there are no pictures)."""
    values = np.clip((facts - network.mean) / network.spread, -4, 4)
    if pictures is not None:
        grid = pictures
        for layer in network.convolutions:
            grid = np.maximum(convolve(grid, layer), 0)
        values = np.concatenate([grid.reshape(len(grid), -1), values], axis=1)
    for layer in network.dense[:-1]:
        values = np.maximum(values @ layer.weights + layer.bias, 0)
    last = network.dense[-1]
    return np.asarray((values @ last.weights + last.bias)[:, 0], np.float32)


def convolve(grid: Stack, layer: Layer) -> Stack:
    """Return windows x outputs x rows x columns."""
    columns = unfold(grid, layer.size)
    count, rows, across, _ = columns.shape
    out = columns.reshape(-1, columns.shape[-1]) @ layer.weights + layer.bias
    return np.ascontiguousarray(out.reshape(count, rows, across, -1).transpose(0, 3, 1, 2))


def unfold(grid: Stack, size: int) -> Stack:
    """Return windows x rows x columns x (channel, row, column of each little square)."""
    squares = sliding_window_view(grid, (size, size), axis=(2, 3))[:, :, ::STRIDE, ::STRIDE]
    count, channels, rows, across = squares.shape[:4]
    return np.ascontiguousarray(squares.transpose(0, 2, 3, 1, 4, 5)).reshape(
        count, rows, across, channels * size * size
    )
