"""The key of an installation: private, made once, and shown by a command."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vernacular.cli.doctor import signing_key
from vernacular.cli.main import app
from vernacular.core.errors import Problem
from vernacular.release.signing_key import VARIABLE, fingerprint, own_key, own_or_new_key, public_text


def test_a_key_is_private_and_made_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "key.pem"
    assert own_key(path) is None
    key = own_or_new_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and [*path.parent.iterdir()] == [path]
    assert fingerprint(own_or_new_key(path).public_key()) == fingerprint(key.public_key())
    path.chmod(0o644)
    with pytest.raises(Problem):
        own_key(path)
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(Problem):
        own_or_new_key(path)
    assert path.read_text() == "no key"


def test_a_key_that_is_a_pipe_is_refused_and_one_behind_a_link_is_read(tmp_path: Path) -> None:
    path, link = tmp_path / "key.pem", tmp_path / "link.pem"
    own_or_new_key(path)
    link.symlink_to(path)
    assert own_key(link) is not None
    os.mkfifo(tmp_path / "pipe.pem", 0o600)
    with pytest.raises(Problem):
        own_key(tmp_path / "pipe.pem")


def test_the_doctor_says_that_no_key_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for path, good in ((tmp_path / "file" / "key.pem", False), (tmp_path / "key.pem", True)):
        monkeypatch.setenv(VARIABLE, str(path))
        finding = signing_key()
        assert finding.good is good and finding.needed


def test_the_command_prints_the_public_key() -> None:
    done = CliRunner().invoke(app, ["key"])
    public = own_or_new_key().public_key()
    assert done.stdout == public_text(public) and fingerprint(public) in done.stderr
