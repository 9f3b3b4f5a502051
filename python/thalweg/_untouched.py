"""What a second forward would disturb is put back: random state, buffers, and what modules hold as plain attributes,
such as a carried hidden state."""

import random
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

PutBack = Callable[[], None]

# Of a module's own; what is in them is put back as parameters and buffers are.
_MACHINERY = frozenset(nn.Module().__dict__) - {"training"}


def _torch_random() -> Iterator[PutBack]:
    """How to put back torch's random state, also of its devices where they are in use."""
    cpu = torch.get_rng_state()
    yield lambda: torch.set_rng_state(cpu)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        cuda = torch.cuda.get_rng_state_all()
        yield lambda: torch.cuda.set_rng_state_all(cuda)


def _other_random() -> Iterator[PutBack]:
    """Python's and NumPy's."""
    python = random.getstate()
    yield lambda: random.setstate(python)
    if numpy := sys.modules.get("numpy"):
        state = numpy.random.get_state()
        yield lambda: numpy.random.set_state(state)


def _contents(value: Any) -> Iterator[PutBack]:
    """How to put back what is in `value`, where it was changed in place."""
    if isinstance(value, torch.Tensor):
        copy = value.detach().clone()
        yield lambda: _overwrite(value, copy)
    elif isinstance(value, (list, deque)):
        items = list(value)
        for item in items:
            yield from _contents(item)
        yield lambda: _refill(value, items)
    elif isinstance(value, dict):
        pairs = dict(value)
        for item in pairs.values():
            yield from _contents(item)
        yield lambda: _rebind(value, pairs)
    elif isinstance(value, tuple):
        for item in value:
            yield from _contents(item)


def _overwrite(tensor: torch.Tensor, copy: torch.Tensor) -> None:
    # Whatever its version says: batch norm changes its running statistics without telling. By .data, as a graph that
    # holds the tensor is to see no change.
    tensor.data.copy_(copy)


def _refill(sequence: "list[Any] | deque[Any]", items: list[Any]) -> None:
    sequence.clear()
    sequence.extend(items)


def _rebind(mapping: dict[str, Any], pairs: dict[str, Any]) -> None:
    """Only where it differs: dictionaries of modules are watched by others, too."""
    for name in mapping.keys() - pairs.keys():
        del mapping[name]
    for name, value in pairs.items():
        if name not in mapping or mapping[name] is not value:
            mapping[name] = value


def _module_state(module: nn.Module) -> Iterator[PutBack]:
    held = module.__dict__
    plain = {name: value for name, value in held.items() if name not in _MACHINERY}
    for value in (*plain.values(), *module._buffers.values()):
        yield from _contents(value)
    bound = dict(module._buffers)

    def put_back() -> None:
        _rebind(module._buffers, bound)
        for name in [name for name in held if name not in plain and name not in _MACHINERY]:
            del held[name]
        for name, value in plain.items():
            if name not in held or held[name] is not value:
                held[name] = value

    yield put_back


@contextmanager
def untouched(modules: Iterable[nn.Module], *, torch_random: bool = True) -> Iterator[None]:
    """What happens inside leaves no trace in random state and modules; parameters are not looked at."""
    put_back = [*_other_random(), *(_torch_random() if torch_random else ())]
    for module in modules:
        put_back.extend(_module_state(module))
    try:
        yield
    finally:
        for undo in reversed(put_back):
            undo()


@contextmanager
def alone(model: nn.Module) -> Iterator[None]:
    """Where the model is one of DistributedDataParallel's, a forward here talks to no other rank."""
    with ExitStack() as stack:
        if isinstance(model, nn.parallel.DistributedDataParallel):
            stack.enter_context(model.no_sync())
            stack.callback(setattr, model, "require_forward_param_sync", model.require_forward_param_sync)
            model.require_forward_param_sync = False
        yield
