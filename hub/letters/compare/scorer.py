"""The trained scorer as shipped: one JSON file of numbers, read once. How it was trained: `benchmarks/compare_training`."""

from functools import lru_cache
from importlib.resources import files

import msgspec
import numpy as np
from numpy.typing import NDArray

from hub.letters.compare.network import Layer, Network, evaluate
from hub.letters.compare.patches import Patches, Stack

_FILE = "scorer.json"


class StoredLayer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`weights` and `bias` are little-endian float16, base64 in JSON; `weights` is inputs x outputs."""

    size: int
    inputs: int
    outputs: int
    weights: bytes
    bias: bytes


class StoredNetwork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network on disk; `mean` and `spread` are of the facts."""

    convolutions: tuple[StoredLayer, ...]
    dense: tuple[StoredLayer, ...]
    mean: tuple[float, ...]
    spread: tuple[float, ...]


class StoredScorer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`windows` judges one window, `pair` the whole from the windows' odds; `seed` and `pairs` say how it was trained."""

    seed: int
    pairs: int
    windows: StoredNetwork
    pair: tuple[StoredNetwork, ...]


class Scorer:
    """The loaded scorer; immutable after construction."""

    def __init__(self, stored: StoredScorer) -> None:
        self._windows = network_of(stored.windows)
        self._pair = tuple(network_of(part) for part in stored.pair)

    def window_odds(self, patches: Patches) -> NDArray[np.float32]:
        """Return for every window the log odds that the two stamps differ there."""
        return evaluate(self._windows, patches.pictures, patches.facts)

    def pair_odds(self, summary: Stack) -> float:
        """Return the log odds that the pair is of one stamp: the mean of a few networks trained alike."""
        return -float(np.mean([evaluate(part, None, summary)[0] for part in self._pair]))


@lru_cache(maxsize=1)
def shipped_scorer() -> Scorer:
    """Return the scorer that ships with the program."""
    raw = (files("hub.letters.compare") / _FILE).read_bytes()
    return Scorer(msgspec.json.decode(raw, type=StoredScorer))


def network_of(stored: StoredNetwork) -> Network:
    """Return the network that a stored one describes."""
    return Network(
        convolutions=tuple(_layer(part) for part in stored.convolutions),
        dense=tuple(_layer(part) for part in stored.dense),
        mean=np.array(stored.mean, np.float32),
        spread=np.array(stored.spread, np.float32),
    )


def _layer(stored: StoredLayer) -> Layer:
    weights = np.frombuffer(stored.weights, "<f2").astype(np.float32).reshape(stored.inputs, stored.outputs)
    return Layer(weights, np.frombuffer(stored.bias, "<f2").astype(np.float32), stored.size)


def stored_network(network: Network) -> StoredNetwork:
    """Return a network as it is stored; weights are rounded to float16."""
    return StoredNetwork(
        convolutions=tuple(_stored(layer) for layer in network.convolutions),
        dense=tuple(_stored(layer) for layer in network.dense),
        mean=tuple(round(float(value), 6) for value in network.mean),
        spread=tuple(round(float(value), 6) for value in network.spread),
    )


def _stored(layer: Layer) -> StoredLayer:
    inputs, outputs = layer.weights.shape
    return StoredLayer(
        layer.size, inputs, outputs, layer.weights.astype("<f2").tobytes(), layer.bias.astype("<f2").tobytes()
    )
