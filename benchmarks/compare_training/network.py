"""Train the networks of `hub.letters.compare.network` in NumPy alone: backward passes and Adam, nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from hub.letters.compare.network import STRIDE, Layer, Network, unfold
from hub.letters.compare.patches import Stack

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Plan:
    """`convolutions`: (channels out, side); `hidden`: neurons of each dense layer; `decay` is L2 on weights."""

    convolutions: tuple[tuple[int, int], ...]
    hidden: tuple[int, ...]
    epochs: int
    batch: int
    rate: float
    decay: float


@dataclass(slots=True)
class _Adam:
    rate: float
    decay: float
    step: int
    moments: list[tuple[Floats, Floats]]

    def move(self, parameters: list[Floats], slopes: list[Floats], share: float) -> None:
        self.step += 1
        rate = self.rate * (0.5 + 0.5 * np.cos(np.pi * share)) + 1e-5
        for place, (values, slope) in enumerate(zip(parameters, slopes, strict=True)):
            first, second = self.moments[place]
            first += 0.1 * (slope - first)
            second += 0.001 * (slope * slope - second)
            fair = np.sqrt(second / (1 - 0.999**self.step)) + 1e-8
            values -= rate * (first / (1 - 0.9**self.step) / fair + (self.decay * values if values.ndim == 2 else 0))


def train(
    pictures: NDArray[np.uint8] | None, facts: Floats, truth: Floats, weight: Floats, plan: Plan, random: Generator,
    *, picture_scale: float = 1.0,
) -> Iterator[tuple[int, float, Network]]:  # fmt: skip
    """Yield (epoch, mean loss, network) after each epoch; logistic loss, each example counting `weight`."""
    mean, spread = facts.mean(0), facts.std(0) + 1e-4
    network = _start(pictures, facts.shape[1], plan, random, mean, spread)
    layers = [*network.convolutions, *network.dense]
    parameters = [part for layer in layers for part in (layer.weights, layer.bias)]
    adam = _Adam(plan.rate, plan.decay, 0, [(np.zeros_like(part), np.zeros_like(part)) for part in parameters])
    batches = len(truth) // plan.batch
    for epoch in range(plan.epochs):
        order = random.permutation(len(truth))
        total = 0.0
        for turn in range(batches):
            chosen = order[turn * plan.batch : (turn + 1) * plan.batch]
            shown = None if pictures is None else pictures[chosen].astype(np.float32) / np.float32(picture_scale)
            if shown is not None and random.random() < 0.5:
                shown = shown[..., ::-1]  # a mirrored world has the same rule of likeness
            given = np.clip((facts[chosen] - mean) / spread, -4, 4).astype(np.float32)
            loss, slopes = _slopes(network, shown, given, truth[chosen], weight[chosen])
            adam.move(parameters, slopes, (epoch + turn / batches) / plan.epochs)
            total += loss
        yield epoch, total / max(batches, 1), network


def _start(
    pictures: NDArray[np.uint8] | None, facts: int, plan: Plan, random: Generator, mean: Floats, spread: Floats
) -> Network:
    convolutions, inputs = [], facts
    if pictures is not None:
        channels, side = pictures.shape[1], pictures.shape[2]
        for out, size in plan.convolutions:
            convolutions.append(_layer(channels * size * size, out, size, random))
            channels, side = out, (side - size) // STRIDE + 1
        inputs += channels * side * side
    dense = []
    for out in (*plan.hidden, 1):
        dense.append(_layer(inputs, out, 1, random))
        inputs = out
    return Network(tuple(convolutions), tuple(dense), mean.astype(np.float32), spread.astype(np.float32))


def _layer(inputs: int, outputs: int, size: int, random: Generator) -> Layer:
    weights = random.standard_normal((inputs, outputs), np.float32) * np.float32(np.sqrt(2 / inputs))
    return Layer(weights, np.zeros(outputs, np.float32), size)


def _slopes(
    network: Network, pictures: Stack | None, facts: Floats, truth: Floats, weight: Floats
) -> tuple[float, list[Floats]]:
    """Return the loss of a batch and its gradient for every weight and bias, in layer order."""
    kept: list[tuple[Floats, Floats]] = []  # (columns, input grid) of each convolution
    grid = pictures
    for layer in network.convolutions if grid is not None else ():
        columns = unfold(grid, layer.size)
        out = np.maximum(columns.reshape(-1, columns.shape[-1]) @ layer.weights + layer.bias, 0)
        kept.append((columns, grid))
        grid = np.ascontiguousarray(out.reshape(*columns.shape[:3], -1).transpose(0, 3, 1, 2))
    flat = facts if grid is None else np.concatenate([grid.reshape(len(grid), -1), facts], 1)
    values = [flat]
    for layer in network.dense[:-1]:
        values.append(np.maximum(values[-1] @ layer.weights + layer.bias, 0))
    odds = (values[-1] @ network.dense[-1].weights + network.dense[-1].bias)[:, 0]
    total = max(float(weight.sum()), 1e-6)
    loss = float(((np.logaddexp(0, odds) - truth * odds) * weight).sum()) / total
    back = (((1 / (1 + np.exp(-odds)) - truth) * weight) / total).astype(np.float32)[:, None]
    slopes: list[Floats] = []
    for layer, value in zip(reversed(network.dense), reversed(values), strict=True):
        slopes[:0] = [value.T @ back, back.sum(0)]
        back = (back @ layer.weights.T) * ((value > 0) | (value is flat))
    if grid is None:
        return loss, slopes
    back_grid = back[:, : grid[0].size].reshape(grid.shape) * (grid > 0)
    for place in range(len(kept) - 1, -1, -1):
        columns, given = kept[place]
        layer = network.convolutions[place]
        rows = np.ascontiguousarray(back_grid.transpose(0, 2, 3, 1)).reshape(-1, layer.weights.shape[1])
        slopes[:0] = [columns.reshape(-1, columns.shape[-1]).T @ rows, rows.sum(0)]
        if place:
            spread = (rows @ layer.weights.T).reshape(*columns.shape[:3], given.shape[1], layer.size, layer.size)
            # The input of this layer is the clipped output of the one below: what was clipped passes nothing on.
            back_grid = _fold(spread, given.shape, layer.size) * (given > 0)
    return loss, slopes


def _fold(spread: Floats, shape: tuple[int, ...], size: int) -> Floats:
    grid = np.zeros(shape, np.float32)
    rows, across = spread.shape[1:3]
    for down in range(size):
        for right in range(size):
            part = spread[..., down, right].transpose(0, 3, 1, 2)
            grid[:, :, down : down + STRIDE * rows : STRIDE, right : right + STRIDE * across : STRIDE] += part
    return grid
