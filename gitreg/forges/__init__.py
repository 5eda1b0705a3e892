"""Forges: the hosts where a change is proposed, discussed and merged. One module each; they know nothing of a registry."""
