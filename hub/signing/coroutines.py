"""Run pyHanko's coroutines that never wait: they are `async` for remote signers and fetching, which are not used here."""

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that never waits. Works inside a running event loop too.

    Raises: what the coroutine raises; RuntimeError if it waits after all.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a step of signing or checking waited for something outside")
