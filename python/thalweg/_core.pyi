from collections.abc import Callable, Sequence

from torch import Tensor

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
