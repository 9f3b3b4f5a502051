"""Several processes: ranks, forked children, workers, and two writers of one store."""

import os
import subprocess
import sys
from pathlib import Path

import thalweg
import torch
from models import same
from torch import nn

HERE = Path(__file__).parent


def python(code: str, *arguments: object, **environment: str) -> str:
    result = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path[1:]]), **environment})
    assert result.returncode == 0, result.stderr
    return result.stdout


def watch_of(model: nn.Module, store: Path | None) -> tuple[thalweg.Watch, torch.optim.Optimizer]:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return thalweg.Watch(model, optimizer, store=store, cadence=1, instruments="all"), optimizer


def test_a_forked_child_trains_on_and_nothing_is_watched(tmp_path: Path) -> None:
    model = nn.Linear(2, 1)
    watch, optimizer = watch_of(model, tmp_path / "run")
    for _ in range(3):
        watch.backward(model(torch.ones(4, 2)).square().mean())
        watch.step()
    child = os.fork()
    if child == 0:  # pragma: no cover
        before = model.weight.detach().clone()
        model.zero_grad()
        watch.backward(model(torch.ones(4, 2)).square().mean())
        watch.step()
        watch.log("accuracy", 1.0)
        watch.close()
        os._exit(0 if not torch.equal(before, model.weight) and watch.steps == 3 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    watch.backward(model(torch.ones(4, 2)).square().mean())
    watch.step()
    watch.close()
    assert watch.steps == 4


def test_a_loader_with_forked_workers(tmp_path: Path) -> None:
    model = nn.Linear(2, 1)
    watch, optimizer = watch_of(model, tmp_path / "run")
    loader = torch.utils.data.DataLoader(torch.randn(32, 2), batch_size=8, num_workers=2)  # type: ignore[arg-type]
    for _ in range(2):
        for x in loader:
            optimizer.zero_grad()
            watch.backward(model(x).square().mean())
            watch.step()
    watch.close()
    assert watch.steps == 8 and len(watch.readings("loss")) == 8


def test_a_second_writer_of_one_store_is_refused_with_the_owners_process(tmp_path: Path) -> None:
    watch, _ = watch_of(nn.Linear(2, 1), tmp_path / "run")
    code = """
import sys, thalweg
from torch import nn
try:
    thalweg.Watch(nn.Linear(1, 1), None, store=sys.argv[1])
except (ValueError, OSError) as error:
    print(error)
"""
    said = python(code, tmp_path / "run")
    assert str(os.getpid()) in said and len(said.splitlines()) == 1
    watch.close()


def test_the_next_run_gets_the_next_free_folder(tmp_path: Path) -> None:
    for expected in ("run", "run-2", "run-3"):
        watch, _ = watch_of(nn.Linear(2, 1), tmp_path / "run")
        watch.close()
        assert watch.store == str(tmp_path / expected)


WORKER = """
import sys, torch, thalweg
from torch import nn, multiprocessing

def work(store):
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with thalweg.Watch(model, optimizer, store=store) as watch:
        watch.backward(model(torch.ones(1, 1)).sum())
        watch.step()

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=work, args=(sys.argv[1],)) for _ in range(2)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    sys.exit(max(worker.exitcode for worker in workers))
"""


def test_workers_that_race_write_each_their_own(tmp_path: Path) -> None:
    python(WORKER, tmp_path / "run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run-worker1", "run-worker2"]


def test_a_watch_that_is_not_closed_is_closed_when_python_ends(tmp_path: Path) -> None:
    code = """
import sys, torch, thalweg
from torch import nn
model = nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
watch = thalweg.Watch(model, optimizer, store=sys.argv[1], cadence=1)
watch.backward(model(torch.ones(1, 1)).sum())
watch.step()
"""
    python(code, tmp_path / "run")
    import sqlite3

    (reason,) = sqlite3.connect(tmp_path / "run/run.sqlite").execute("SELECT stop_reason FROM result").fetchone()
    assert reason == "closed"


DDP = """
import sys, torch, thalweg
import torch.distributed as dist
from torch import nn
from models import Impure, state_of

store, rank, watched = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "watched"
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{store}.rendezvous-{watched}", rank=rank, world_size=2)
torch.manual_seed(0)
model = nn.parallel.DistributedDataParallel(Impure())
torch.manual_seed(rank)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
watch = thalweg.Watch(model, optimizer, store=store, cadence=2 + rank, instruments="all") if watched else None
for _ in range(6):
    x, y = torch.randn(8, 4), torch.randint(0, 2, (8,))
    loss = lambda: nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    if watched:
        watch.backward(loss(), loss)
        watch.step()
    else:
        loss().backward()
        optimizer.step()
if watched:
    watch.close()
    assert watch.steps == 6 and watch.readings("overshoot"), watch.notes
torch.save(state_of(model.module), f"{store}.{rank}.{watched}")
dist.destroy_process_group()
"""


def test_ranks_of_distributed_training_keep_their_bits_and_write_each_their_own(tmp_path: Path) -> None:
    store = tmp_path / "run"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path[1:]])}
    for how in ("plain", "watched"):
        ranks = [subprocess.Popen([sys.executable, "-c", DDP, str(store), str(rank), how], stderr=subprocess.PIPE, text=True,
                                  env=environment) for rank in range(2)]
        for rank in ranks:
            _, errors = rank.communicate(timeout=120)
            assert rank.returncode == 0, errors
    for rank in range(2):
        plain, watched = (torch.load(f"{store}.{rank}.{how}") for how in (False, True))
        assert same(plain, watched)
    assert (tmp_path / "run/run.sqlite").is_file() and (tmp_path / "run-rank1/run.sqlite").is_file()
