"""The parts of a row are independent, so several processes may work on them; each trial is told as it comes."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
from typing import IO, TYPE_CHECKING

from benchmarks.faults import processes
from benchmarks.faults.trial import MissingError, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Work = Callable[[str], Iterator[Trial]]


def spread(parts: Sequence[str], work: Work, jobs: int) -> Iterator[Trial]:
    """Yield the trials of *parts*, of which *jobs* processes take one after the other.

    Who stops asking for more waits until the trials that are under way have ended.

    Raises:
        MissingError: a part cannot be worked on here.
    """
    hear, tell = os.pipe()
    os.write(tell, bytes(range(len(parts))))  # whoever is free takes the next
    os.close(tell)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, hear)
        workers = [_worker(parts, work, hear) for _ in range(min(jobs, len(parts)))]
        for pid, _ in workers:
            stack.callback(processes.ended, pid)
        for _, said in workers:  # closed first: a worker that is not heard any more ends
            stack.enter_context(said)
        yield from _heard([said for _, said in workers])


def _worker(parts: Sequence[str], work: Work, queue: int) -> tuple[int, IO[str]]:
    hear, tell = os.pipe()

    def run() -> None:
        os.close(hear)
        with contextlib.suppress(BrokenPipeError), os.fdopen(tell, "w") as said:
            try:
                while taken := os.read(queue, 1):
                    for trial in work(parts[taken[0]]):
                        print(json.dumps(trial), file=said, flush=True)
            except MissingError as missing:
                print(json.dumps({"missing": str(missing)}), file=said, flush=True)
            except BrokenPipeError:
                raise
            except Exception as error:
                print(json.dumps(Trial("the harness itself", (repr(error),), 0)), file=said, flush=True)
                raise

    pid = processes.forked(run)
    os.close(tell)
    return pid, os.fdopen(hear)


def _heard(said: Sequence[IO[str]]) -> Iterator[Trial]:
    with selectors.DefaultSelector() as selector:
        for each in said:
            selector.register(each, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if not line:
                    selector.unregister(key.fileobj)
                    continue
                told = json.loads(line)
                if isinstance(told, dict):
                    raise MissingError(told["missing"])
                yield Trial(told[0], tuple(told[1]), told[2])
