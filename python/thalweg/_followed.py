"""Follows a model's forward from module to module: which layers it is a chain of, in the recipe's words."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from . import _core

_ACTIVATIONS: dict[type[nn.Module], str] = {
    nn.ReLU: "relu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid", nn.GELU: "gelu", nn.ELU: "elu", nn.SELU: "selu",
    nn.LeakyReLU: "leaky_relu", nn.SiLU: "silu",
}
_PASSING = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)
_AVERAGES = (nn.AvgPool2d, nn.AdaptiveAvgPool2d)
_KNOWN = ("Linear, Conv2d (groups=1), BatchNorm1d, BatchNorm2d, LayerNorm, GroupNorm, MaxPool2d, AvgPool2d, "
          "AdaptiveAvgPool2d, Flatten, Dropout, Identity, " + ", ".join(kind.__name__ for kind in _ACTIVATIONS))


def _refuse(name: str, module: nn.Module, why: str) -> None:
    raise ValueError(f"the symmetry of layer '{name}' ({type(module).__name__}) is not known: {why}")


def _layer(name: str, module: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Any:
    layer = _core.FollowedLayer()
    layer.name, layer.output = name, list(y.shape[1:])
    kind = type(module)
    if kind in _ACTIVATIONS:
        layer.type, layer.activation = "activation", _ACTIVATIONS[kind]
    elif isinstance(module, nn.Linear):
        layer.type, layer.bias = "linear", module.bias is not None
        if x.dim() > 3:
            _refuse(name, module, "its input is an image; put Flatten before it")
    elif isinstance(module, nn.Conv2d):
        layer.type, layer.bias = "conv", module.bias is not None
        if module.groups != 1:
            _refuse(name, module, f"it has groups = {module.groups}")
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        layer.type = "batch_norm"
        if x.dim() == 3:
            _refuse(name, module, "its input has a time axis")
    elif isinstance(module, nn.LayerNorm):
        layer.type = "layer_norm"
        if list(module.normalized_shape) != list(x.shape[1:]) and x.dim() != 3:
            _refuse(name, module, "it does not run over all entries of a row")
    elif isinstance(module, nn.GroupNorm):
        layer.type, layer.groups = "group_norm", module.num_groups
    elif isinstance(module, nn.MaxPool2d):
        layer.type = "pool"
    elif isinstance(module, _AVERAGES):
        layer.type, layer.pool = "pool", "average"
    elif isinstance(module, nn.Flatten):
        layer.type = "flatten"
        if list(y.shape[1:]) != [x[0].numel()]:
            _refuse(name, module, "it does not flatten whole rows")
    elif isinstance(module, _PASSING):
        layer.type = "dropout"
    else:
        _refuse(name, module, f"known are {_KNOWN}")
    return layer


def _flattened(y: torch.Tensor, x: torch.Tensor) -> bool:
    """Whether x is y, each row in one axis."""
    return x.data_ptr() == y.data_ptr() and x.dim() == 2 and x.shape == y.flatten(1).shape


class _Chain:
    def __init__(self) -> None:
        self.layers: list[Any] = []
        self.input: list[int] = []
        self._names: list[str] = []
        self._output: torch.Tensor | None = None  # kept, so that nobody else gets its memory
        self._done = False

    def passed(self, name: str, module: nn.Module, arguments: tuple[Any, ...], y: Any) -> None:
        if self._done:
            return
        if name in self._names:
            if name != self._names[0]:
                _refuse(name, module, "it is used twice in one forward")
            self._done = True  # the next batch
            return
        if len(arguments) != 1 or not isinstance(arguments[0], torch.Tensor) or not isinstance(y, torch.Tensor):
            _refuse(name, module, "it takes or gives more than one tensor")
        x = arguments[0]
        self._join(name, x)
        self._names.append(name)
        self.layers.append(_layer(name, module, x, y))
        self._output = y

    def _join(self, name: str, x: torch.Tensor) -> None:
        if self._output is None:
            self.input = list(x.shape[1:])
        elif x is not self._output and not (x.data_ptr() == self._output.data_ptr() and x.shape == self._output.shape):
            if not _flattened(self._output, x):
                raise ValueError(f"between '{self._names[-1]}' and '{name}' the model does something that is no module "
                                 "(a functional activation, an addition): its symmetry is not known; write it as a "
                                 "module, nn.ReLU() say, in a chain")
            flatten = _core.FollowedLayer()
            flatten.name, flatten.type, flatten.output = f"before {name}", "flatten", list(x.shape[1:])
            self.layers.append(flatten)


def chain_of(model: nn.Module, forward: Callable[[], Any]) -> tuple[list[int], list[Any]]:
    """The shape of an input row, and the layers of the model in the order in which `forward` calls them."""
    chain = _Chain()
    hooks = []
    for name, module in model.named_modules():
        if next(module.children(), None) is None:
            hooks.append(module.register_forward_hook(
                lambda module, arguments, y, name=name: chain.passed(name, module, arguments, y)))
    try:
        forward()
    finally:
        for hook in hooks:
            hook.remove()
    if not chain.layers:
        raise ValueError("evaluate(model) did not call the model: it has to evaluate the model that it is given")
    return chain.input, chain.layers
