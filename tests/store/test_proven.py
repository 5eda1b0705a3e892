"""What was found sound: only what is gitreg's own is ever removed."""

from __future__ import annotations

from gitreg.store import proven
from gitreg.store.proven import Proven


def test_only_what_is_called_as_a_key_is_forgotten(tmp_path):
    common_dir = tmp_path
    (common_dir / "objects").mkdir()
    home = common_dir / "home"
    for name in ("thesis", "pictures", "mail", "music", "a" * 32, "b" * 32, "c" * 32, "d" * 32):
        (home / name).mkdir(parents=True)
    (common_dir / "gitreg").mkdir()
    (common_dir / "gitreg/proven").symlink_to(home)

    Proven(str(common_dir), "e" * 32, saves=True).keep({"iris": "0" * 40}, {})

    left = {path.name for path in home.iterdir()}
    assert {"thesis", "pictures", "mail", "music"} < left
    assert len(left) == 4 + proven._MOST
