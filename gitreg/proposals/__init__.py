"""Proposals: changes that go to a branch of their own, to be discussed, judged and merged at the git host."""
