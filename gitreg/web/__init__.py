"""The dashboard: pages made from one snapshot, as files (``gitreg site``) or at each request (``gitreg ui``)."""
