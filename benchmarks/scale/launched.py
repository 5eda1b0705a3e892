"""A command, and the memory of its largest process: ``python launched.py COMMAND …`` prints its peak in bytes and its seconds.

It is a small process of its own: what Linux tells of a child begins with the memory of whoever started it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

_KIB = 1024  # in which Linux counts


def peak(command: list[str]) -> int:
    """Return the peak memory of *command*, whose output is thrown away, or of the largest process that it waited for, in bytes.

    Raises:
        CalledProcessError: it failed.
    """
    done = subprocess.run([sys.executable, "-S", os.path.abspath(__file__), *command], check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return int(done.stdout)


def main(command: list[str]) -> int:
    """Run *command* and tell its peak; returns its exit code."""
    begun = time.perf_counter()
    code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _KIB)
    print(f"{time.perf_counter() - begun:.3f} s", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
