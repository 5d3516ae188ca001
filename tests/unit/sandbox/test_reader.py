"""The bounded reader: what passes a limit is refused by its name, and the next file is read."""

from __future__ import annotations

import errno
import os
import pickle
import signal
from pathlib import Path
from typing import Any

import pytest

from vernacular.config.limits import Limits
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sandbox import reader
from vernacular.sandbox.frames import Allowance
from vernacular.sandbox.limits import LimitReached, for_file
from vernacular.sandbox.reader import opened, read_bounded, stop

SOME = Allowance(0.3, 100_000_000, 1_000_000, 2_000_000)


def ask(name: str, *arguments: Any, allowance: Allowance = SOME) -> list[Any]:
    return list(read_bounded(f"tests.unit.sandbox.attacks:{name}", [], arguments, "a", allowance))


def pid() -> int:
    return int(ask("echo", None)[-1])


@pytest.mark.parametrize(("name", "arguments", "limit"), [
    ("spin", (), "seconds"), ("fill", (200,), "memory"), ("hidden", (), "memory"), ("talk", (1_100_000, 1), "output"),
    ("talk", (100_000, 30), "output"), ("crash", (), "crash")])
def test_what_passes_a_limit_is_refused_and_the_next_request_answered(name: str, arguments: tuple[int, ...],
                                                                      limit: str) -> None:
    with pytest.raises(LimitReached) as raised:
        ask(name, *arguments)
    assert raised.value.limit == limit and raised.value.where == "a"
    assert ask("echo", "next")[1] == "next"


def test_a_parser_that_waits_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_LEAST_PATIENCE", 0.0)
    with pytest.raises(LimitReached) as raised:
        ask("wait", allowance=Allowance(0.02, 10**8, 10**6, 10**6))
    assert raised.value.limit == "wait"


def test_what_stays_within_its_limits_comes_whole() -> None:
    assert ask("fill", 50) == [50_000_000] and sum(map(len, ask("talk", 100_000, 19))) == 1_900_000


def test_values_come_back_as_they_were() -> None:
    value = {"half a character": "\ud800", "number": 2**80, "none": None, "list": [1.5, True, {"": []}]}
    assert ask("echo", value)[1] == value


def test_files_and_bytes_are_read_from_their_start(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("kale")
    with opened(File.at(tmp_path / "a.txt")) as file:
        file.stream.read()
        for _ in range(2):
            found = list(read_bounded("tests.unit.sandbox.attacks:echo", [file, b"amo", file], [None], "a", SOME))
            assert found[0][:2] == ["kale", "amo"] and file.size == 4


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(Problem), opened(File.at(tmp_path / "a.txt")):
        pass


def test_one_process_answers_all_requests_also_after_a_refusal() -> None:
    first = pid()
    for name, kind in (("refuse", Problem), ("fail", OSError), ("blunder", RuntimeError)):
        with pytest.raises(kind):
            ask(name)
    assert pid() == first


def test_what_a_parser_raises_is_raised_here() -> None:
    with pytest.raises(Problem) as refused:
        ask("refuse")
    assert not isinstance(refused.value, LimitReached) and refused.value.where == "a:3"
    with pytest.raises(OSError) as failed:
        ask("fail")
    assert failed.value.errno == errno.EIO
    with pytest.raises(RuntimeError) as fault:
        ask("blunder")
    assert "in blunder" in "".join(fault.value.__notes__)


def test_values_nested_too_deeply_are_refused() -> None:
    assert ask("nest", 50)
    with pytest.raises(Problem):
        ask("nest", 100_000)


def test_a_worker_that_was_killed_meanwhile_is_replaced() -> None:
    first = pid()
    os.kill(first, signal.SIGKILL)
    assert pid() != first


def test_a_fork_has_a_worker_of_its_own() -> None:
    first, (ours, theirs) = pid(), os.pipe()
    child = os.fork()
    if not child:
        os.write(theirs, str(pid()).encode())
        stop()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert int(os.read(ours, 20)) != first == pid()


def test_a_larger_file_may_take_more() -> None:
    limits = Limits(seconds=10, output_mb=10)
    small, large = for_file(limits, 1000), for_file(limits, 50_000_000)
    assert (small.seconds, small.output) == (10, 10_000_000) and (large.seconds, large.output) == (50, 10**9)
    assert small.memory == large.memory and small.item == large.item


def test_the_reason_survives_being_sent_to_another_process() -> None:
    problem = pickle.loads(pickle.dumps(LimitReached("x", where="y", fix="z", limit="memory")))  # noqa: S301
    assert isinstance(problem, LimitReached) and problem.limit == "memory" and str(problem) == "y: x. z [VN-DATA-LIMIT]"
