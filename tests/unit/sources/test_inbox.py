"""The inbox: whatever people drop into it, the readable files come in and the others are reported."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.within import within
from vernacular.config.sources import InboxSource
from vernacular.core.codes import Code
from vernacular.core.errors import TransientProblem, as_problem
from vernacular.pipeline.stage import silent
from vernacular.provenance.suppression_list import Suppressions
from vernacular.sources import Place, files
from vernacular.sources.inbox import Inbox


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    settings = InboxSource.model_validate({"name": "inbox", "kind": "inbox", "licence": "CC0-1.0",
                                           "consent": "contributor", "register": "news"})
    (tmp_path / "qaa").mkdir()
    return Inbox(settings, Place("qaa", tmp_path / "qaa", tmp_path / "mirror", Suppressions()))


def drop(inbox: Inbox, name: str, content: bytes, seconds: float = 60) -> Path:
    """Write a file that was last changed ``seconds`` ago."""
    path = inbox.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def texts(inbox: Inbox) -> list[str]:
    return [document.text for document in inbox.documents(silent)]


def test_an_inbox_that_is_not_there_is_empty(inbox: Inbox) -> None:
    assert texts(inbox) == [] and inbox.problems == []
    assert inbox.data_version() == inbox.data_version()


def test_what_cannot_be_read_is_set_aside_whole_and_the_rest_goes_in(inbox: Inbox) -> None:
    drop(inbox, "a.txt", b"one")
    drop(inbox, "sub/b.jsonl", b'{"text": "two"}\n{"text": "broken\n')
    drop(inbox, "c.pdf", b"hello")
    drop(inbox, "d.mp3", b"sound")
    drop(inbox, "e.txt", "góður".encode("cp1252"))
    drop(inbox, "f.txt", b"  \n")
    drop(inbox, "sub/g.txt", b"three")
    (inbox.folder / "h.txt").symlink_to(drop(inbox, "../../secret.txt", b"secret"))
    (inbox.folder / "i.txt").symlink_to(inbox.folder / "nowhere.txt")
    assert texts(inbox) == ["one", "three"]
    assert [document.path for document in inbox.documents(silent)] == ["a.txt", "sub/g.txt"]
    assert sorted(problem.where.removeprefix("qaa/inbox/").split(":")[0] for problem in inbox.problems) == [
        "c.pdf", "d.mp3", "e.txt", "f.txt", "h.txt", "i.txt", "sub/b.jsonl"]


def test_pipes_and_sockets_are_set_aside_and_nobody_waits_for_them(inbox: Inbox,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    drop(inbox, "a.txt", b"one")
    for pipe in ("b.txt", "c.usfm", ".pipe"):
        os.mkfifo(inbox.folder / pipe)
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(inbox.folder)  # the address of a socket has to be short
        listener.bind("d.txt")
    with within(60):
        inbox.data_version()
        assert texts(inbox) == ["one"]
    assert sorted(problem.where for problem in inbox.problems) == [
        f"qaa/inbox/{name}" for name in ("b.txt", "c.usfm", "d.txt")]


def test_a_folder_that_does_not_answer_is_not_an_empty_one(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(inbox, "sub/a.txt", b"one")
    drop(inbox, "shut/b.txt", b"two")
    opened = os.open

    def broken(path: Any, *more: Any, **named: Any) -> int:
        numbers = {"sub": errno.ESTALE, "shut": errno.EACCES}
        if (number := numbers.get(str(path))) in wrong:
            raise OSError(number, os.strerror(number), str(path))
        return opened(path, *more, **named)

    monkeypatch.setattr(os, "open", broken)
    wrong = {errno.ESTALE}
    with pytest.raises(OSError, match="Stale") as caught:
        inbox.data_version()
    problem = as_problem(caught.value, "here")
    assert isinstance(problem, TransientProblem) and problem.code == Code.DISK_UNREACHABLE
    wrong = {errno.EACCES}
    assert texts(inbox) == ["one"]
    assert [(problem.where, problem.code) for problem in inbox.problems] == [("qaa/inbox/shut", Code.SOURCE_ACCESS)]


def test_a_repaired_file_is_read(inbox: Inbox) -> None:
    drop(inbox, "a.jsonl", b'{"text": "tw')
    before = inbox.data_version()
    assert texts(inbox) == [] and len(inbox.problems) == 1
    drop(inbox, "a.jsonl", b'{"text": "two"}')
    assert inbox.data_version() != before
    assert texts(inbox) == ["two"] and inbox.problems == []


@pytest.mark.parametrize("name", ["~$letter.docx", ".hidden.txt", "a.pdf.part", "a.txt.crdownload", "a.tmp", "a.txt~",
                                  "Thumbs.db", ".git/a.txt"])
def test_hidden_and_unfinished_files_are_skipped(inbox: Inbox, name: str) -> None:
    drop(inbox, name, b"x")
    assert texts(inbox) == [] and inbox.problems == []


def test_a_file_that_grows_waits_and_a_whole_one_does_not(inbox: Inbox) -> None:
    drop(inbox, "whole.txt", b"whole", seconds=0)
    growing = drop(inbox, "growing.txt", b"one\n", seconds=0)
    stop = threading.Event()

    def grow() -> None:
        while not stop.wait(0.1):
            with growing.open("ab") as stream:
                stream.write(b"more\n")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert texts(inbox) == ["whole"]
    finally:
        stop.set()
        writer.join()
    os.utime(growing, (time.time() - 60,) * 2)
    assert len(texts(inbox)) > 1


def test_one_new_file_among_many_is_the_only_one_read(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        drop(inbox, f"{number}.usfm", f"\\id GEN\n\\c 1\n\\p\n\\v 1 text {number}\n".encode())
    assert len(texts(inbox)) == 50
    drop(inbox, "new.usfm", b"\\id GEN\n\\c 1\n\\p\n\\v 1 new\n")
    read: list[str] = []
    original = files.read_texts

    def watch(path: Path, *rest: Any) -> Any:
        read.append(path.name)
        return original(path, *rest)

    monkeypatch.setattr(files, "read_texts", watch)
    again = Inbox(inbox.settings, inbox.place)
    assert len(texts(again)) == 51
    assert read == ["new.usfm"]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EMFILE])
def test_what_is_the_disks_fault_sets_no_file_aside(inbox: Inbox, monkeypatch: pytest.MonkeyPatch,
                                                    number: int) -> None:
    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    drop(inbox, "a.txt", b"one")
    monkeypatch.setattr(files, "read_texts", fails)
    with pytest.raises(OSError, match=os.strerror(number)):
        texts(inbox)
    assert inbox.problems == []


def test_a_file_that_may_not_be_read_is_set_aside(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    drop(inbox, "a.txt", b"one")
    monkeypatch.setattr(files, "read_texts", fails)
    assert texts(inbox) == []
    assert [problem.code for problem in inbox.problems] == [Code.SOURCE_ACCESS]
