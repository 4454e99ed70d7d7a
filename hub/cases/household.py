"""What a move does to the household left behind: whether a new head must be named (C07, N22)."""

from collections.abc import Collection


def needs_new_head(*, members: Collection[str], head: str, moving: Collection[str]) -> bool:
    """Whether the head leaves and somebody stays. Arguments are citizen numbers; a whole household moving needs none."""
    return head in moving and not set(members) <= set(moving)
