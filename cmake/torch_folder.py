"""Prints the folder of the torch package that this interpreter would import, found by path: in pip's isolated build
environment, where this runs, it cannot be imported. Nothing where there is none."""

import site
import sys
import sysconfig
from pathlib import Path

base = {"base": sys.base_prefix, "platbase": sys.base_prefix}
folders = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), site.getusersitepackages(),
           *site.getsitepackages([sys.prefix, sys.base_prefix]), sysconfig.get_path("purelib", vars=base)]
print(next((str(torch) for folder in folders if (torch := Path(folder) / "torch").is_dir()), ""))
