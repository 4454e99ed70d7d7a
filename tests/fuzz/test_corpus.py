"""Every reader of outside bytes on its kept corpus, its good examples and some that are a little wrong: an answer or a refusal."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.entries import entries, fault
from tests.fuzz.mutate import mutated
from tests.fuzz.run import CORPUS, corpus_of

QUICK = [name for name, entry in entries().items() if not entry.slow]
SLOW = [name for name, entry in entries().items() if entry.slow]


@pytest.mark.parametrize("name", QUICK + SLOW)
def test_the_kept_corpus_and_good_examples_are_answered_or_refused(name: str) -> None:
    entry = entries()[name]
    for path in corpus_of(name):
        assert fault(entry, path.read_bytes()) is None, path
    for raw in entry.seeds[:1] if entry.slow else entry.seeds:
        assert fault(entry, raw) is None


@pytest.mark.parametrize("name", QUICK)
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_bytes_a_little_wrong_are_answered_or_refused(name: str, seed: int) -> None:
    entry = entries()[name]
    assert fault(entry, mutated(entry.seeds, random.Random(seed))) is None


@pytest.mark.parametrize("name", SLOW)
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_slow_readers_answer_or_refuse(name: str, seed: int) -> None:
    entry = entries()[name]
    assert fault(entry, mutated(entry.seeds, random.Random(seed))) is None


def test_every_kept_input_belongs_to_an_entry() -> None:
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} <= set(entries())
