"""One thread, so that the tests take the same time beside each other, and the same bits everywhere."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
