"""The rows of the table: every harness by its name."""

from __future__ import annotations

from benchmarks.faults import calls, clocks, clones, full, histories, kills, person, power, steps
from benchmarks.faults.trial import Row

ROWS = {
    "calls": Row("a process of a command is killed at a system call, by strace, at every call in turn", "calls", calls.killed),
    "errors": Row("a system call of a command fails with EIO, ENOSPC, EACCES, EMFILE or EINTR, by strace, every call in turn", "errors", calls.failing),
    "steps": Row("the command's own process is killed in the middle of a write, and before and after each git that it starts", "steps", steps.killed),
    "interrupts": Row("Ctrl-C at each step of a command", "steps", steps.interrupted),
    "full": Row("a disk of 1 MB fills up, and then is freed", "disks", full.filled),
    "power": Row("the power is cut: ext4 is shut down without flushing its log, mounted again; every acknowledged write is there", "cuts", power.cut),
    "kills": Row("two writers, of small writes or of packs, are killed at a random moment, with or without the git processes that they started", "kills", kills.killed),
    "histories": Row("processes work on the same models at once; what each was told has one order, no number is missing or twice", "operations", histories.told),
    "clones": Row("6 clones race to push to one remote over HTTP; nothing is lost, nothing doubled", "writes", clones.racing),
    "clocks": Row("the clock is ten years off, stands still, runs backwards", "commands", clocks.lying),
    "person": Row("a person is editing, staging, merging, rebasing, elsewhere; or has autocrlf, a sparse, shallow or partial clone: no edit is lost", "scenes", person.disturbed),
}
