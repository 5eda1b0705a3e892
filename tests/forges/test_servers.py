"""The fake forge does in git what a forge does there."""

from __future__ import annotations

import subprocess

from gitreg.forges.base import Proposal
from tests.forges.conftest import way


def test_a_pull_request_of_a_real_branch_is_merged_in_git(host, tmp_path, git):
    bare, clone = tmp_path / "bare.git", tmp_path / "clone"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
    subprocess.run(["git", "init", "-q", "-b", "main", str(clone)], check=True)
    git(clone, "commit", "-q", "--allow-empty", "-m", "first")
    git(clone, "push", "-q", str(bare), "HEAD:main", "HEAD:topic")
    git(clone, "commit", "-q", "--allow-empty", "-m", "second")
    git(clone, "push", "-q", str(bare), "HEAD:topic")
    host.folder = str(bare)

    pull = way(host).propose(Proposal("topic", "main", "title", "body"))
    fetched = git(bare, "rev-parse", way(host).ref(1))
    merged = host.merge(1)

    assert pull.commit == fetched == git(clone, "rev-parse", "HEAD")
    assert git(bare, "rev-parse", "main") == merged == way(host).pull(1).merge_commit
