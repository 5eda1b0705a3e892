"""The verbs, pure: each is a function from a view of the registry to a change."""
