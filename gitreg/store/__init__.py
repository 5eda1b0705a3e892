"""Where a registry lives: files, YAML, git objects, refs and worktrees, one module each."""
