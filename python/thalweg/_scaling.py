"""By how much a loss was multiplied: a gradient scaler that was given, or the one that is found at work."""

import gc
from typing import Any

import torch

_SEARCHES = 3  # each looks through all objects that Python knows


class LossScale:
    def __init__(self, scaler: Any = None) -> None:
        if scaler is not None and not hasattr(scaler, "get_scale"):
            raise TypeError(f"scaler is a {type(scaler).__name__}, and a torch.amp.GradScaler is needed")
        self.scaler = scaler
        self._searches = 0 if scaler is not None else _SEARCHES

    def of(self, loss: torch.Tensor) -> float:
        if self.scaler is not None:
            return float(self.scaler.get_scale())
        if self._searches and type(loss.grad_fn).__name__ == "MulBackward0":
            self._look_for(loss.grad_fn)
        return 1.0 if self.scaler is None else float(self.scaler.get_scale())

    def _look_for(self, node: Any) -> None:
        """A scaler's scale(loss) is the loss times the very tensor that it holds."""
        factor = node._saved_other
        if not isinstance(factor, torch.Tensor) or factor.dim() != 0 or factor.requires_grad:
            return
        self._searches -= 1
        for thing in gc.get_objects():
            if issubclass(type(thing), torch.amp.GradScaler):  # isinstance would wake objects that only warn
                held = getattr(thing, "_scale", None)
                if held is not None and held.data_ptr() == factor.data_ptr():
                    self.scaler = thing
                    return
