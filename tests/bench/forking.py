"""Runs the benchmarks that are named on its input, one after the other, each as a fork of this process, in which Django
is set up: `[exit code, output, errors]` as a line of JSON for each. What `bench/common.py` tidies up as a program ends
is tidied up by each fork."""

from __future__ import annotations

import atexit
import json
import os
import runpy
import sys
import tempfile
import traceback
from pathlib import Path
from typing import IO, NoReturn

BENCH = Path(__file__).resolve().parent.parent.parent / "bench"
sys.path[0] = str(BENCH)  # as in a program that lies there

import common  # noqa: E402


def run(program: str) -> tuple[int, str, str]:
    (common.VAR / "static").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        child = os.fork()
        if not child:
            be(program, out, errors)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return code, *(file.seek(0) or file.read() for file in (out, errors))


def be(program: str, out: IO[str], errors: IO[str]) -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    code = 1
    try:
        sys.argv = [f"bench/{program}.py", "--quick", "--json"]
        runpy.run_path(str(BENCH / f"{program}.py"), run_name="__main__")
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(line.strip())), flush=True)
