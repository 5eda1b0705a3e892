"""The person's cache folder: what is in it may be deleted at any time, and nobody else may look into it."""

from __future__ import annotations

import contextlib
import os
import stat

from gitreg.errors import BusyError


def own() -> str:
    """Return the cache folder, made where it is missing and closed to others.

    Raises:
        BusyError: it cannot be made, or is somebody else's.
    """
    from platformdirs import user_cache_dir

    folder = user_cache_dir("gitreg")
    try:
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        found = os.stat(folder)
        if found.st_uid != os.geteuid():
            raise BusyError("the cache folder {folder!r} is somebody else's", folder=folder, hint="set XDG_CACHE_HOME to a folder of your own")
        if stat.S_IMODE(found.st_mode) != 0o700:
            os.chmod(folder, 0o700)
    except OSError as error:
        raise unwritable(folder, error) from None
    return folder


def unwritable(folder: str, error: OSError) -> BusyError:
    """Return the error that the cache folder cannot be written."""
    return BusyError("cannot write to the cache folder {folder!r}: {reason}", folder=folder, reason=error.strerror or str(error))
