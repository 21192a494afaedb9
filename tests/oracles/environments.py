#!/usr/bin/env python3
"""Makes the virtual environments of the oracles, `.venv-oracles` and `.venv-checkov`, in the root of the repository.

An environment is made again when its file of requirements has changed and left alone otherwise. Which index the
packages come from is the business of the caller's pip configuration.
"""
import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REQUIREMENTS = {"oracles": HERE / "requirements.txt", "checkov": HERE / "requirements-checkov.txt"}


def python_of(name):
    """The interpreter of an environment, which is made first where it is missing or stale."""
    return prepared(name)[0]


def prepared(name):
    requirements = REQUIREMENTS[name]
    directory = ROOT / f".venv-{name}"
    python = directory / "bin" / "python"
    # Written last, so that an installation cut short counts as none.
    stamp = directory / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted and python.exists():
        return python, "ready"
    shutil.rmtree(directory, ignore_errors=True)
    venv.create(directory, with_pip=True)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
        check=True,
        stdout=sys.stderr,
    )
    stamp.write_text(wanted)
    return python, "made"


if __name__ == "__main__":
    print(", ".join(f".venv-{name} {prepared(name)[1]}" for name in REQUIREMENTS))
