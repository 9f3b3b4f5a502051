from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from ._optimizers import Description, State

class NoSecondDerivative(RuntimeError): ...

class SurveyProblem:
    subject: str
    parameters: Sequence[tuple[str, Tensor]]
    rows: int
    def set_batches(self, losses: Sequence[Callable[[], Tensor]]) -> None: ...
    def set_independent(self, losses: Sequence[Callable[[], Tensor]]) -> None: ...

class SurveyOptions:
    top: int
    bottom: int
    tolerance: float
    max_products: int
    trace_products: int
    index_products: int
    layers: bool
    density: bool
    slices: bool
    seed: int
    memory_limit: int
    def set_progress(self, show: Callable[[str, int, int], None]) -> None: ...

def survey(problem: SurveyProblem, options: SurveyOptions) -> tuple[str, str]: ...
def missing_second_derivatives(loss: Tensor, parameters: Sequence[Tensor]) -> list[str]: ...

class Tap:
    def passed(self, layer: str, type: str, module: str, activation: str, input: Tensor, before: Tensor, output: Tensor,
               /) -> None: ...

def weights_at_start(parameters: Sequence[tuple[str, Tensor]], gradients: Sequence[Tensor | None],
                     loss: float) -> list[dict[str, Any]]: ...
def signal_at_start(set_tap: Callable[[Tap | None], None], closure: Callable[[], Tensor]) -> list[dict[str, Any]]: ...

class FollowedLayer:
    name: str
    type: str
    activation: str
    pool: str
    groups: int
    bias: bool
    output: Sequence[int]

class ConnectionProblem:
    subject_a: str
    subject_b: str
    input: Sequence[int]
    layers: Sequence[FollowedLayer]
    parameters_a: Sequence[tuple[str, Tensor]]
    parameters_b: Sequence[tuple[str, Tensor]]
    buffers_a: Sequence[tuple[str, Tensor]]
    buffers_b: Sequence[tuple[str, Tensor]]
    evaluate: Callable[[list[Tensor]], list[float]]
    repaired: Callable[[list[Tensor]], list[Tensor]] | None
    constant_loss: float
    points: int
    starts: int
    seed: int

def connect(problem: ConnectionProblem) -> tuple[str, str]: ...

class WatchOptions:
    store: str
    name: str
    budget: float
    cadence: int
    instruments: list[str]
    objective: str
    buffers: Sequence[Tensor]
    buffer_names: Sequence[str]
    tap: Callable[[Tap | None], None] | None
    rank: int
    memory_limit: int
    warn: Callable[[str], None]
    planned_steps: int
    seed: int
    call_seconds: float

class Overhead:
    budget: float
    share: float
    first: float
    seconds: float
    trained: float
    peak_bytes: int
    by_instrument: dict[str, float]
    period: dict[str, float]

class Watch:
    def __init__(
        self,
        parameters: Sequence[tuple[str, Tensor]],
        watched: Sequence[Tensor],
        describe: Callable[[], Description] | None,
        state: Callable[[int], State] | None,
        options: WatchOptions,
    ) -> None: ...
    def before_backward(self, loss: Tensor, closure: Callable[[], Tensor] | None, scale: float) -> bool: ...
    def after_backward(self) -> None: ...
    def before_step(self) -> None: ...
    def after_step(self, loop_seconds: float) -> int: ...
    def rested(self, steps: int) -> None: ...
    def log(self, name: str, value: float, split: str) -> None: ...
    def verdict(self) -> str: ...
    def findings(self) -> list[str]: ...
    def readings(self, name: str) -> list[tuple[int, float]]: ...
    def overhead(self) -> Overhead: ...
    def summary(self) -> str: ...
    def notes(self) -> list[str]: ...
    def store(self) -> str: ...
    def steps(self) -> int: ...
    def close(self) -> None: ...
