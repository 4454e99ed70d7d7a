"""As many pages as one child may take: it stops when its share of CPU time is used, the next child goes on there."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Batch:
    """Iterate over pages `first` to `count` - 1 until `cpu_s` of this process are used; always at least one page.

    Afterwards `next_page` is the first page left, None when there is none.
    """

    first: int
    count: int
    cpu_s: float
    next_page: int | None = field(init=False, default=None)

    def __iter__(self) -> Iterator[int]:
        for page in range(self.first, self.count):
            if page > self.first and time.process_time() > self.cpu_s:
                self.next_page = page
                return
            yield page
