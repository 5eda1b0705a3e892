"""What others ask of ``gitreg run`` reaches the program that it runs, whenever they ask."""

from __future__ import annotations

import os
import signal
import subprocess

from gitreg.runs.child import passed_on


def test_a_signal_that_comes_before_the_program_has_begun_is_not_lost():
    before = signal.getsignal(signal.SIGTERM)

    with passed_on() as begun:
        os.kill(os.getpid(), signal.SIGTERM)
        program = subprocess.Popen(["sleep", "60"])
        begun(program)
        ended = program.wait(timeout=30)

    assert ended == -signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


def test_ctrl_c_is_left_to_the_terminal():
    with passed_on() as begun:
        os.kill(os.getpid(), signal.SIGINT)
        program = subprocess.Popen(["true"])
        begun(program)

        assert program.wait(timeout=30) == 0
