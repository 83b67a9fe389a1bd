"""The lock for making named linalg operations, whose bodies xDSL makes by a builder that isn't for several threads.

While such a body is made, xDSL exchanges `Operation.__post_init__` for all threads. Of two threads that do so at once the second
puts back what the first has put there, and every body that the process makes from then on gets its operations twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tsir.locks import recursive_lock

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_one_at_a_time = recursive_lock()


def make_named(make: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
    """`make(...)`, an operation's class or a function that makes or reads named operations, in one thread at a time."""
    with _one_at_a_time:
        return make(*args, **kwargs)
