"""The instruments, the checks and the store, in anybody's training loop."""

import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from os import PathLike, fspath
from time import perf_counter
from types import TracebackType
from typing import Any, Literal

import torch
from torch import nn
from torch.optim import Optimizer

from . import _core
from ._arguments import module, number, one_of, whole
from ._closures import Loss, frozen
from ._findings import Finding, Overhead
from ._optimizers import OptimizersView, unwrapped
from ._processes import keep_an_eye_on, rank, store_of_this_process
from ._scaling import LossScale
from ._taps import tapping

log = logging.getLogger("thalweg")

# Seconds that a call of the watch takes beyond what is measured on either side: torch calling its hooks.
_CALL_SECONDS = 1e-6
_FOR_EVER = sys.maxsize


def _model_of(model: nn.Module | Sequence[nn.Module]) -> nn.Module:
    if isinstance(model, (list, tuple)) and model and all(isinstance(part, nn.Module) for part in model):
        return nn.ModuleList(model)
    return module("model", model)


def _optimizers_of(optimizer: Any) -> list[Optimizer]:
    if optimizer is None:
        return []
    if isinstance(optimizer, (list, tuple)):
        if not optimizer:
            raise ValueError("optimizer is an empty list: give None for updates by hand")
        return [unwrapped(o) for o in optimizer]
    return [unwrapped(optimizer)]


def _options(store: str | PathLike[str] | None, instruments: str | Iterable[str], objective: str, budget: float,
             cadence: int, memory_limit: float, name: str | None, planned_steps: int | None, seed: int
             ) -> _core.WatchOptions:
    options = _core.WatchOptions()
    options.store = store_of_this_process("" if store is None else fspath(store))
    options.name = name or ""
    options.budget = number("budget", budget, 0.0, 1.0)
    options.cadence = whole("cadence", cadence, 0)
    options.instruments = [instruments] if isinstance(instruments, str) else list(instruments)
    options.objective = one_of("objective", objective, ("loss", "surrogate"))
    options.memory_limit = int(number("memory_limit", memory_limit, 1.0))
    options.planned_steps = whole("planned_steps", planned_steps or 0, 0)
    options.seed = whole("seed", seed, 0)
    options.rank = rank()
    options.warn = log.warning
    options.call_seconds = _CALL_SECONDS
    return options


class Watch:
    """Watches a training loop, and never changes what it computes.

        with thalweg.Watch(model, optimizer, store="runs/mine") as watch:
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                watch.backward(loss)    # in place of loss.backward()
                watch.step()            # in place of optimizer.step()

    model          a module, or several of them
    optimizer      any torch.optim.Optimizer; a list of those that step the model together; None: updates by hand
    store          the run's folder, which thalweg compare, export and others read; None: nothing is kept on disk
    budget         the share of the training time that looking may take
    cadence        above 0: each instrument looks on every so many-th step instead, whatever that takes
    instruments    "auto", "all", "none", or their names
    objective      "surrogate" where the loss has no meaningful level: a policy gradient, a GAN's loss
    scaler         the gradient scaler in use; one that is not given is found where it scales the loss
    planned_steps  of the run, where that is known
    memory_limit   bytes that a look may allocate

    Accumulation, clipping, schedulers and several losses a step stay as they are: a step is what the optimizer makes.
    """

    def __init__(
        self,
        model: nn.Module | Sequence[nn.Module],
        optimizer: Optimizer | Sequence[Optimizer] | None,
        store: str | PathLike[str] | None = None,
        budget: float = 0.03,
        cadence: int = 0,
        instruments: str | Iterable[str] = "auto",
        objective: Literal["loss", "surrogate"] = "loss",
        scaler: Any = None,
        name: str | None = None,
        planned_steps: int | None = None,
        memory_limit: float = 2**30,
        seed: int = 0,
    ) -> None:
        # Steps to come on which nothing is due: backward and the hooks then do no more than count them.
        self._resting = _FOR_EVER
        self._rest = 0
        self._seconds = 0.0  # of this step, in calls of the watch
        self._closed = False
        self._interrupted: BaseException | None = None
        self._model = _model_of(model)
        self._optimizers = _optimizers_of(optimizer)
        self._scale = LossScale(scaler)
        self._notes: list[str] = []
        options = _options(store, instruments, objective, budget, cadence, memory_limit, name, planned_steps, seed)
        options.tap = tapping(self._model)
        buffers = [(n, b) for n, b in self._model.named_buffers() if b is not None]
        options.buffers = [b for _, b in buffers]
        options.buffer_names = [n for n, _ in buffers]
        self._core = self._start(options)
        self._stepped: list[int] = []
        self._hooks = [hook for o in self._optimizers for hook in (o.register_step_pre_hook(self._before_step),
                                                                  o.register_step_post_hook(self._after_step))]
        self._resting = 0
        keep_an_eye_on(self)
        for note in self.notes:
            log.info(note)

    def _start(self, options: _core.WatchOptions) -> _core.Watch:
        named = list(self._model.named_parameters(remove_duplicate=False))
        watched = [p for p in dict.fromkeys(p for _, p in named) if p.requires_grad]
        if not self._optimizers:
            return _core.Watch(named, watched, None, None, options)
        view = OptimizersView(self._optimizers, watched)
        if strangers := view.strangers([p for _, p in named]):
            more = f" and {len(strangers) - 6} more" if len(strangers) > 6 else ""
            self._notes.append(f"stepped, but none of the model's, and not watched: {'; '.join(strangers[:6])}{more}")
        if len(self._optimizers) > 1:
            self._notes.append(f"{len(self._optimizers)} optimizers: a step is made when each of them has stepped")
        return _core.Watch(named, watched, view.describe, view.state, options)

    # ------------------------------------------------------------------------------------------------- in the loop

    def backward(self, loss: torch.Tensor, closure: Loss | None = None, **kwargs: Any) -> None:
        """In place of loss.backward(**kwargs).

        A closure () -> loss of the same batch again (without a backward) opens the instruments that need a second
        forward; what it draws and changes is put back.
        """
        if self._resting:
            loss.backward(**kwargs)  # type: ignore[no-untyped-call]
            return
        entered = perf_counter()
        if self.before_backward(loss if kwargs.get("gradient") is None else loss * kwargs["gradient"], closure):
            kwargs["retain_graph"] = True
        called = perf_counter()
        loss.backward(**kwargs)  # type: ignore[no-untyped-call]
        returned = perf_counter()
        self._core.after_backward()
        self._seconds += called - entered + perf_counter() - returned

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """In place of optimizer.step(closure): returns what that returns. Of updates by hand it says that they are
        done."""
        if not self._optimizers:
            self._step_by_hand()
            return None
        if closure is not None:
            if len(self._optimizers) > 1:
                raise ValueError("step(closure) is for one optimizer, and this watch has several")
            return self._optimizers[0].step(closure)
        results = [optimizer.step() for optimizer in self._optimizers]
        return results[0] if len(results) == 1 else results

    # The same in parts, for loops in which others call backward.

    def before_backward(self, loss: torch.Tensor, closure: Loss | None = None) -> bool:
        """True: the backward that follows must be given retain_graph=True."""
        if self._resting or not isinstance(loss, torch.Tensor) or not loss.requires_grad:
            return False
        if len(self._optimizers) > 1 and self._stepped:
            self._end_step()
            if self._resting:
                return False
        found = self._scale.scaler
        scale = self._scale.of(loss)
        if self._scale.scaler is not found:
            self._notes.append("a gradient scaler is at work: losses and gradients are shown without its scale")
        again = frozen(self._model, self._watch_for_interrupts(closure), torch_random=False) if closure else None
        keep = self._core.before_backward(loss, again, scale)
        self._raise_interrupt()
        return keep

    def after_backward(self) -> None:
        if not self._resting:
            self._core.after_backward()
            self._raise_interrupt()

    def _before_step(self, optimizer: Any, *_: Any) -> None:
        if self._resting or self._stepped:
            return
        entered = perf_counter()
        self._core.before_step()
        self._seconds += perf_counter() - entered

    def _after_step(self, optimizer: Any, *_: Any) -> None:
        if self._resting:
            self._count_rest()
            return
        if len(self._optimizers) > 1:
            self._stepped.append(id(optimizer))
            if len(set(self._stepped)) < len(self._optimizers):
                return
        self._end_step()

    def _step_by_hand(self) -> None:
        if self._resting:
            self._count_rest()
        else:
            self._core.before_step()
            self._end_step()

    def _end_step(self) -> None:
        self._stepped.clear()
        self._resting = self._rest = self._core.after_step(self._seconds)
        self._seconds = 0.0
        if self._interrupted is not None:
            self._raise_interrupt()

    def _count_rest(self) -> None:
        self._resting -= 1
        if not self._resting:
            self._core.rested(self._rest)
            self._rest = 0

    def _wake(self) -> None:
        """Says which steps were rested, where more than that is about to be asked."""
        if 0 < self._rest < _FOR_EVER and not self._closed:
            self._core.rested(self._rest - self._resting)
            self._resting = self._rest = 0

    # What the user interrupts inside a closure is not to be taken for an instrument's failure.

    def _watch_for_interrupts(self, closure: Loss) -> Loss:
        def call() -> torch.Tensor:
            try:
                return closure()
            except Exception:
                raise
            except BaseException as interruption:
                self._interrupted = interruption
                raise

        return call

    def _raise_interrupt(self) -> None:
        if self._interrupted is not None:
            interruption, self._interrupted = self._interrupted, None
            raise interruption

    # --------------------------------------------------------------------------------------------------- afterwards

    def log(self, name: str, value: float, split: Literal["heldout", "train"] = "heldout") -> None:
        """A metric of the user's own, at this step."""
        one_of("split", split, ("heldout", "train"))
        if self._resting != _FOR_EVER:
            self._wake()
            self._core.log(name, float(value), split)

    @property
    def verdict(self) -> str:
        """'healthy', 'fault' or 'cannot_tell'."""
        self._wake()
        return self._core.verdict()

    @property
    def findings(self) -> list[Finding]:
        """In the order of their causes."""
        self._wake()
        return [Finding.from_json(text) for text in self._core.findings()]

    def readings(self, quantity: str) -> list[tuple[int, float]]:
        """Steps and values of what was read of the whole model: "loss", "overshoot"; `thalweg explain` lists them."""
        self._wake()
        return self._core.readings(quantity)

    @property
    def overhead(self) -> Overhead:
        self._wake()
        return Overhead.of(self._core.overhead())

    @property
    def notes(self) -> list[str]:
        """What was odd about model and optimizer, and what was given up on the way."""
        return [*self._notes, *self._core.notes()]

    @property
    def steps(self) -> int:
        self._wake()
        return self._core.steps()

    @property
    def store(self) -> str | None:
        """The folder that is written."""
        return self._core.store() or None

    def summary(self) -> str:
        """For reading: 80 columns."""
        self._wake()
        notes = "".join(f"  note         {note}\n" for note in self._notes)
        return self._core.summary() + notes

    def close(self) -> None:
        """Ends the record and lets go of the optimizer. Findings and summary stay."""
        if self._closed:
            return
        self._wake()
        for hook in self._hooks:
            hook.remove()
        if self._resting != _FOR_EVER:
            self._core.close()
        self._closed, self._resting = True, _FOR_EVER

    def _sleep(self) -> None:
        """In a forked child: backward and step do what the loop would do without."""
        self._resting, self._rest = _FOR_EVER, 0

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        store = f", store {self.store!r}" if self.store else ""
        return f"<thalweg.Watch: {self.steps} steps, {self.verdict}{store}>"
