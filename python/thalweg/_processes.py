"""Which of several processes this is: a rank of torch.distributed, a worker of multiprocessing, a forked child."""

import atexit
import multiprocessing
import os
import sys
import weakref
from collections.abc import Callable
from typing import Any, Protocol

import torch


def rank() -> int:
    distributed = torch.distributed
    return distributed.get_rank() if distributed.is_available() and distributed.is_initialized() else 0


def store_of_this_process(store: str) -> str:
    """Workers of multiprocessing write each their own: "runs/mine-worker2"."""
    if not store or multiprocessing.parent_process() is None:
        return store
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return store  # the rank tells them apart
    identity = getattr(multiprocessing.current_process(), "_identity", ())
    return f"{store}-worker{'-'.join(map(str, identity)) or os.getpid()}"


class Ends(Protocol):
    def close(self) -> None: ...
    def _sleep(self) -> None: ...


_alive: "weakref.WeakSet[Any]" = weakref.WeakSet()


def keep_an_eye_on(watch: Ends) -> None:
    """Closed when Python ends; asleep in children that are forked."""
    _alive.add(watch)


def _for_all(do: Callable[[Any], None]) -> None:
    for watch in list(_alive):
        do(watch)


atexit.register(lambda: _for_all(lambda watch: watch.close()))
if sys.platform != "win32":
    os.register_at_fork(after_in_child=lambda: _for_all(lambda watch: watch._sleep()))
