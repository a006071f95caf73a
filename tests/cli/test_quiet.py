"""`--quiet`: nothing when all is well, and only what went wrong when not."""

from __future__ import annotations

from pathlib import Path

from tests.command import Nuvyn


def test_only_what_goes_wrong_is_told(tmp_path: Path) -> None:
    nuvyn = Nuvyn(tmp_path)
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "a.csv").write_text("id\n1\n")
    good = nuvyn("--quiet", "run", nuvyn.payload({"a": str(tmp_path / "lake")}))
    assert (good.code, good.out, good.err) == (0, "", "")
    assert nuvyn("run", nuvyn.payload({"a": str(tmp_path / "lake")}), "--queue").code == 0
    worked = nuvyn("-q", "worker", "--once")
    assert (worked.code, worked.out, worked.err) == (0, "", "")
    bad = nuvyn("-q", "run", nuvyn.payload({"a": str(tmp_path / "nowhere")}))
    assert bad.code == 1 and bad.out == "" and "does not exist" in bad.err
