"""What passes between the layers of a model in one forward, told to a tap of the core (thalweg/model/tap.h)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from . import _core

Tapping = Callable[["_core.Tap | None"], None]

# The recipe's words for what instruments treat apart.
_TYPES: tuple[tuple[type[nn.Module], str], ...] = (
    (nn.Linear, "linear"), (nn.Conv2d, "conv"), (nn.modules.batchnorm._BatchNorm, "batch_norm"),
    (nn.LayerNorm, "layer_norm"), (nn.GroupNorm, "group_norm"), (nn.Embedding, "embedding"),
    (nn.RNN, "rnn"), (nn.GRU, "gru"), (nn.LSTM, "lstm"), (nn.Dropout, "dropout"), (nn.Flatten, "flatten"),
)
_ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid", nn.Softmax: "softmax", nn.GELU: "gelu", nn.ELU: "elu",
    nn.SELU: "selu", nn.LeakyReLU: "leaky_relu", nn.SiLU: "silu",
}


def _is_layer(module: nn.Module) -> bool:
    return isinstance(module, nn.RNNBase) or next(module.children(), None) is None


def _tensor(value: Any) -> torch.Tensor | None:
    """The tensor that counts: of what a recurrent layer returns its states at all moments."""
    while isinstance(value, (tuple, list)) and value:
        value = value[0]
    return value if isinstance(value, torch.Tensor) else None


def _rows_first(module: nn.Module, value: torch.Tensor) -> torch.Tensor:
    if isinstance(module, nn.RNNBase) and not module.batch_first and value.dim() == 3:
        return value.transpose(0, 1)
    return value


def tapping(model: nn.Module) -> Tapping | None:
    """Sets who hears the model's layers from now on; None: nobody. None instead where the model cannot be heard.

    While somebody hears, activations that overwrite their input do not: the numbers are the same.
    """
    layers = [(name, module) for name, module in model.named_modules() if _is_layer(module)]
    compiled = any(hasattr(module, "_orig_mod") or isinstance(module, torch.jit.ScriptModule)
                   for module in model.modules())
    if compiled or not layers:
        return None
    undo: list[Callable[[], None]] = []

    def tell(tap: "_core.Tap", name: str, module: nn.Module) -> Callable[..., None]:
        kind = next((word for of, word in _TYPES if isinstance(module, of)), "")
        activation = _ACTIVATIONS.get(type(module), "none")

        def hook(_: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            given, made = _tensor(inputs), _tensor(output)
            if given is None or made is None:
                return
            made = _rows_first(module, made)
            tap.passed(name, "activation" if activation != "none" else kind, type(module).__name__, activation,
                       _rows_first(module, given), given if activation != "none" else made, made)

        return hook

    def set_tap(tap: "_core.Tap | None") -> None:
        while undo:
            undo.pop()()
        if tap is None:
            return
        for name, module in layers:
            undo.append(module.register_forward_hook(tell(tap, name, module)).remove)
            if getattr(module, "inplace", None) is True:
                module.inplace = False
                undo.append(lambda module=module: setattr(module, "inplace", True))  # type: ignore[misc]

    return set_tap
