"""Thalweg measures the landscape that a network is being trained on, and says what holds the run back.

    with thalweg.Watch(model, optimizer, store="runs/mine") as watch:
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            watch.backward(loss)    # in place of loss.backward()
            watch.step()            # in place of optimizer.step()
    print(watch.summary())

`thalweg.check` looks before the first step, `thalweg.survey` at any point, `thalweg.connect` between two.
`python -m thalweg` is the command line.
"""

# Torch takes seconds to import, and the command line needs none of it: what is named here is loaded when it is first
# asked for.

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from . import _build

__version__ = _build.VERSION
__all__ = ["__version__"]

if TYPE_CHECKING:
    from ._core import NoSecondDerivative as NoSecondDerivative
    from ._check import Check as Check, check as check
    from ._connect import Connection as Connection, connect as connect
    from ._findings import Evidence as Evidence, Finding as Finding, Overhead as Overhead, Remedy as Remedy
    from ._survey import Eigenvalue as Eigenvalue, Survey as Survey, survey as survey
    from ._watch import Watch as Watch

_HOMES = {
    "NoSecondDerivative": "_core",
    "Check": "_check", "check": "_check",
    "Connection": "_connect", "connect": "_connect",
    "Evidence": "_findings", "Finding": "_findings", "Overhead": "_findings", "Remedy": "_findings",
    "Watch": "_watch",
    "Eigenvalue": "_survey", "Survey": "_survey", "survey": "_survey",
}
__all__ += list(_HOMES)


def _refuse_other_torch() -> None:
    """libtorch has no stable binary interface: with another version the extension would crash, or worse."""
    try:
        found = version("torch")
    except PackageNotFoundError:
        raise ImportError(f"thalweg {__version__} was built for torch {_build.TORCH}, and no torch is installed: "
                          f"'pip install torch=={_build.TORCH}'") from None
    if found.partition("+")[0] != _build.TORCH:
        raise ImportError(f"thalweg {__version__} was built for torch {_build.TORCH}, and torch {found} is installed: "
                          f"'pip install torch=={_build.TORCH}', or build thalweg again against {found}")


_refuse_other_torch()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'thalweg' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
