"""The sparse index: a registry as small files that any HTTP server gives away, and the reader that asks them.

``writer.py`` makes it from a snapshot, ``reader.py`` asks it over HTTP; both know the files by ``files.py`` alone.
"""
