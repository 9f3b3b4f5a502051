"""The package as it is imported and run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import thalweg
import torch
from thalweg import _build

PACKAGE = Path(thalweg.__file__).parent


def python(code: str, path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(path)}, capture_output=True, text=True)


def test_was_built_for_this_torch() -> None:
    assert torch.__version__.partition("+")[0] == _build.TORCH


def copy_built_for(torch_version: str, folder: Path) -> Path:
    """The package without its extension, as if it had been built for that torch."""
    shutil.copytree(PACKAGE, folder / "thalweg", ignore=shutil.ignore_patterns("*.so", "bin", "__pycache__"))
    (folder / "thalweg/_build.py").write_text(f"TORCH = {torch_version!r}\nVERSION = '0.1.0'\n")
    return folder


def test_another_torch_is_refused_in_one_line_before_anything_is_loaded(tmp_path: Path) -> None:
    result = python("import thalweg", copy_built_for("2.12.1", tmp_path))
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: thalweg 0.1.0 was built for torch 2.12.1, and torch 2.13.0")
    assert "pip install torch==2.12.1" in last


def test_import_loads_no_torch_until_something_is_asked_for() -> None:
    result = python("import sys, thalweg; print('torch' in sys.modules); thalweg.survey; print('torch' in sys.modules)",
                    PACKAGE.parent)
    assert result.stdout.split() == ["False", "True"], result.stderr


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'surveyed'"):
        thalweg.surveyed


def test_every_name_is_there() -> None:
    for name in thalweg.__all__:
        assert getattr(thalweg, name) is not None
    assert set(thalweg.__all__) == set(dir(thalweg))


def test_the_command_line() -> None:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-m", "thalweg", *arguments], env={"PYTHONPATH": str(PACKAGE.parent)},
                              capture_output=True, text=True)

    assert run("--version").stdout == f"thalweg {thalweg.__version__}\n"
    assert "none.toml: does not exist" in run("train", "none.toml").stderr
    assert "there is no command 'trian'" in run("trian").stderr
