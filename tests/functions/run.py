#!/usr/bin/env python3
"""run.py: tests the code of the components' functions, as it stands in the repository, against moto in this process.

Makes the environment of the oracles first where it is missing; any Python 3.11 will do to start it. Ends with a line
`N passed, M failed`, and status 1 where something failed.
"""
import os
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "oracles"))

import environments  # noqa: E402


def main():
    python = environments.python_of("oracles")
    if Path(sys.prefix) != python.parent.parent:
        os.execv(python, [python, __file__])
    result = unittest.TextTestRunner(verbosity=2, buffer=True).run(unittest.defaultTestLoader.discover(HERE))
    failed = len({test.id() for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
