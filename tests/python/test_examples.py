"""The programs of examples/python run, and what the watch says of them."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import thalweg

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/python"


def example(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def run(name: str, steps: int, store: Path, cadence: int = 2) -> Any:
    return example(name).main(steps, str(store / name), cadence)


def goes_down(watch: thalweg.Watch) -> bool:
    losses = [value for _, value in watch.readings("loss")]
    third = len(losses) // 3
    return sum(losses[-third:]) < sum(losses[:third])


def test_every_example_is_tested_and_marks_what_changed() -> None:
    here = Path(__file__).read_text()
    for program in EXAMPLES.glob("*.py"):
        assert f'"{program.stem}"' in here, program
        assert program.read_text().count("# was: ") >= 1, program


def test_image_classifier(tmp_path: Path) -> None:
    module = example("image_classifier")
    if not module.DATA.is_dir():
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    watch = module.main(12, str(tmp_path / "run"), 6)
    assert watch.steps == 12 and goes_down(watch) and watch.readings("overshoot")
    assert watch.verdict != "fault"


def test_character_model(tmp_path: Path) -> None:
    watch = run("character_model", 12, tmp_path)
    assert watch.steps == 12 and goes_down(watch)
    assert 1.0 < watch.readings("loss")[0][1] < 100.0  # of the sum of four quarters, without the scaler's 256
    assert any("embedding.weight and head.weight are one parameter" in note for note in watch.notes)


def test_autoencoder(tmp_path: Path) -> None:
    watch = run("autoencoder", 60, tmp_path)
    assert watch.steps == 60 and goes_down(watch) and watch.readings("overshoot_secant")


def test_gan(tmp_path: Path) -> None:
    generator, critic = run("gan", 20, tmp_path)
    assert generator.steps == critic.steps == 20
    assert generator.readings("overshoot") and not generator.findings and not critic.findings


def test_actor_critic(tmp_path: Path) -> None:
    watch = run("actor_critic", 12, tmp_path)
    assert watch.steps == 12 and watch.readings("overshoot")


def test_lbfgs(tmp_path: Path) -> None:
    watch = run("lbfgs", 5, tmp_path)
    assert watch.steps == 5 and goes_down(watch) and not watch.readings("overshoot")
    assert any("LBFGS" in note for note in watch.notes)


def test_by_hand(tmp_path: Path) -> None:
    watch = run("by_hand", 30, tmp_path)
    assert watch.steps == 30 and goes_down(watch)
    assert watch.readings("overshoot") and any("no optimizer" in note for note in watch.notes)


def test_distributed(tmp_path: Path) -> None:
    program = [sys.executable, str(EXAMPLES / "distributed.py"), "--steps", "10", "--store", str(tmp_path / "distributed")]
    said = subprocess.run(program, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stderr
    assert "distributed: 10 steps watched" in said.stdout
    assert (tmp_path / "distributed/run.sqlite").is_file() and (tmp_path / "distributed-rank1/run.sqlite").is_file()
