"""The command ``vernacular``: exit codes, errors in one line, and what is printed."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance
from typer.testing import CliRunner

from tests.command_server import run_vernacular
from tests.generate import write_language
from tests.panics import panic
from tests.terminal import in_a_terminal
from tests.tiny import write_bert
from vernacular.cli.main import app, plain_errors
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import as_problem
from vernacular.core.store import Store

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(tmp_path / "languages"))
    monkeypatch.setenv("VERNACULAR_ROOT", str(tmp_path / "artifacts"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    write_language(tmp_path / "languages", documents=6)
    return tmp_path


def break_it(project: Path) -> None:
    path = project / "languages" / "qaa" / "language.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"sourcs": []}))


def vernacular(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_vernacular(arguments, Path.cwd(), os.environ)


def test_check_says_what_is_there() -> None:
    result = RUNNER.invoke(app, ["check"])
    assert result.exit_code == 0
    assert result.stdout.startswith("qaa: no errors. Invented")


def test_check_of_a_broken_folder(project: Path) -> None:
    break_it(project)
    for arguments in (["check"], ["check", "qaa"]):
        result = RUNNER.invoke(app, arguments)
        assert result.exit_code == 2
        assert result.stderr.splitlines()[0] == "languages/qaa/language.yaml"
        assert "sourcs" in result.stderr and "1 error in 1 file" in result.stderr


@pytest.mark.parametrize(("name", "text", "message"), [
    ("names", "tests:\n  - capabilty: spelling\n", "capabilty"), ("names", ": [", "VN-CONFIG-YAML"),
    ("fairness", "template: []\n", "line 1:")])
def test_check_reads_the_behaviour_files(project: Path, name: str, text: str, message: str) -> None:
    write_language(project / "languages", "qab", documents=3)
    folder = project / "languages" / "qaa" / "behaviour"
    folder.mkdir()
    (folder / f"{name}.yaml").write_text(text)
    result = RUNNER.invoke(app, ["check"])
    assert result.exit_code == 2
    assert result.stdout.startswith("qab: no errors.")
    assert result.stderr.startswith(f"languages/qaa/behaviour/{name}.yaml\n  line ")
    assert message in result.stderr
    assert RUNNER.invoke(app, ["check", "qaa"]).stderr == result.stderr


def test_new_writes_a_folder_and_says_what_comes_next(project: Path) -> None:
    shutil.copytree(Path(__file__).parents[3] / "languages" / "_template", project / "languages" / "_template")
    result = RUNNER.invoke(app, ["new", "bem"])
    assert result.exit_code == 0, result.output
    assert "vernacular check bem" in result.stdout
    assert "vernacular run bem" in result.stdout
    assert RUNNER.invoke(app, ["check", "bem"]).exit_code == 0


def test_publish_uploads_the_release_of_the_chosen_model(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str]] = []

    def check(store: Store, language: Language, model: str) -> tuple[str, str]:
        return language.code, model

    def upload(code: str, model: str, repo: str) -> str:
        asked.append((code, model, repo))
        return f"https://example.org/{repo}"

    monkeypatch.setattr("vernacular.cli.release.check_publishable", check)
    monkeypatch.setattr("vernacular.cli.release.upload_release", upload)
    for arguments in (["publish", "qaa", "me/it"], ["publish", "qaa", "me/it", "--model", "tiny"]):
        result = RUNNER.invoke(app, arguments)
        assert result.exit_code == 0, result.output
        assert result.stdout == "https://example.org/me/it\n"
    assert asked == [("qaa", "tiny", "me/it")] * 2


def test_plan_before_anything_has_run(project: Path) -> None:
    write_bert(project / "languages" / "qaa" / "base")
    result = RUNNER.invoke(app, ["plan", "qaa", "--quick"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"qaa: \S+( to \S+)? (seconds|minutes) for 15 of 15 stages", lines[0])
    assert re.fullmatch(r"memory: .* GiB. Disk: .* GiB, and .* GiB while it trains.", lines[1])
    stages = [line.split()[1] for line in lines if line.startswith("run ")]
    assert stages[:2] == ["corpus/documents", "corpus/identifier"] and stages[-1] == "release/tiny"
    assert all(re.search(r"\d (seconds?|minutes)  ", line) for line in lines if line.startswith("run "))
    assert not (project / "artifacts" / ".machine").exists(), "nothing was measured"


def test_plan_of_a_base_that_is_not_there_says_so_beside_the_rest() -> None:
    result = RUNNER.invoke(app, ["plan", "qaa", "--quick"])
    assert result.exit_code == 0, result.output
    assert "tiny: its minutes are unknown: " in result.stdout and "no model at base" in result.stdout
    assert result.stdout.startswith("qaa: unknown for 11 of the 15 stages to run; ")
    assert re.search(r"run +corpus/clean +\d", result.stdout) and re.search("model/tiny +unknown", result.stdout)


def test_plan_names_labelled_data_that_was_not_fetched(project: Path) -> None:
    write_language(project / "languages", documents=3, tasks={"topic": {"kind": "sequence_classification", "data": {
        "kind": "hub", "dataset": "somebody/news", "revision": "0" * 40}}})
    result = RUNNER.invoke(app, ["plan", "qaa", "--quick"])
    assert result.exit_code == 0, result.output
    line, = (line for line in result.stdout.splitlines() if line.startswith("  not fetched yet"))
    assert line.startswith("  not fetched yet: the data of topic. `vernacular run qaa --to corpus/clean` fetches it")


@pytest.mark.parametrize(("arguments", "code"), [
    (["plan", "qab"], "VN-CONFIG-FILE"), (["plan", "qaa", "--model", "tny"], "VN-COMMAND-NAME"),
    (["report", "qab"], "VN-CONFIG-FILE"), (["publish", "qaa", "me/it"], ""),
    (["waive", "qaa", "behaviour", "--by", "Ada Banda", "--reason", "no release yet"], "VN-RESULT-MISSING"),
    (["publish", "qaa", "me/it", "--model", "tny"], "VN-COMMAND-NAME"), (["stage", "qaa", "corpus/clean"], ""),
    (["stage", "qaa", "corpus/none"], "VN-COMMAND-NAME"), (["review", "qaa", "--by", "Ada"], "VN-COMMAND-OPTION")])
def test_wrong_input_is_one_line_and_exit_code_2(arguments: list[str], code: str) -> None:
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 2 and code in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_a_file_to_identify_that_is_not_there_is_reported_with_the_fix() -> None:
    result = RUNNER.invoke(app, ["identify", "qaa", "none.txt"])
    assert result.exit_code == 2
    assert "none.txt" in result.stderr and "VN-FILE-SYSTEM" in result.stderr and result.stderr.count("\n") == 1


def test_a_stage_reports_its_outcome_to_its_launcher(project: Path) -> None:
    outcome = project / "outcome.json"
    assert RUNNER.invoke(app, ["stage", "qaa", "corpus/documents", "--outcome", str(outcome)]).exit_code == 0
    key = json.loads(outcome.read_text())["key"]
    assert (project / "artifacts" / "qaa" / "corpus" / "documents" / key / "manifest.json").is_file()
    assert RUNNER.invoke(app, ["stage", "qaa", "corpus/splits", "--outcome", str(outcome)]).exit_code == 2
    assert "corpus/clean" in json.loads(outcome.read_text())["problem"]["what"]


def test_run_on_a_terminal_shows_a_bar_and_again_without_one(project: Path) -> None:
    """And what libraries write is counted there and kept in a file, and shown with --debug."""
    (project / "sitecustomize.py").write_text(WARNS)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(project), os.environ.get("PYTHONPATH", "")])}
    command = ["run", "qaa", "--to", "corpus/documents"]
    code, written = in_a_terminal([sys.executable, "-m", "vernacular", *command], Path.cwd(), environment)
    assert code == 0, written
    assert "0/1 stages" in re.sub(r"\x1b\[[\d;]*m", "", written)
    assert "corpus/documents: done" not in written
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") == 1, "the cursor is shown again"
    last = written.rsplit("\x1b[?25h", 1)[1]
    assert "all 1 stages are up to date" in last and "━" not in last
    log = project / "artifacts" / "qaa" / ".last_run.log"
    assert log.read_text(encoding="utf-8").count("UserWarning: made for a test") == 1
    assert "made for a test" not in written and "1 UserWarning of sitecustomize.py" in last

    second = vernacular(*command)
    assert second.returncode == 0, second.stderr
    assert "corpus/documents" not in second.stdout, "nothing was to do"
    assert runs_in(project) == 1

    shutil.rmtree(project / "history")  # a history without the artifacts
    third = subprocess.run([sys.executable, "-m", "vernacular", *command, "--debug"], capture_output=True, text=True,
                           check=False, env=environment, timeout=120)
    assert third.returncode == 0, third.stderr
    assert "corpus/documents: reused" in third.stdout
    assert "made for a test" in third.stdout + third.stderr
    assert runs_in(project) == 1


def runs_in(home: Path) -> int:
    """How many runs Dagster's history in ``home`` holds."""
    with DagsterInstance.from_config(str(home)) as instance:
        return instance.get_runs_count()


WARNS = """\
import sys, warnings
def hook(event, arguments):
    if event == "import" and arguments[0] == "dagster":
        warnings.warn("made for a test")
sys.addaudithook(hook)
"""


def test_a_red_blocking_gate_ends_the_run_with_exit_code_1(project: Path) -> None:
    write_language(project / "languages", documents=6, cleaning={"min_words": 1000})
    for word in ("qaa corpus/clean: done in", "corpus/clean)"):  # a result that is there is not trusted the more
        result = vernacular("run", "qaa", "--to", "corpus/splits")
        assert result.returncode == 1, result.stderr
        assert word in result.stdout
        assert "qaa/corpus/clean: some_text_left failed" in result.stderr
        assert "corpus/splits" not in result.stdout + result.stderr
        assert "up to date" not in result.stdout
    assert not (project / "artifacts" / "qaa" / "corpus" / "splits").exists()


def test_run_of_what_is_not_there() -> None:
    for arguments in (("run", "qab"), ("run", "qaa", "--to", "corpus/claen"), ("run", "qaa", "--model", "none")):
        result = vernacular(*arguments)
        assert result.returncode == 2
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1


def test_errors_of_every_kind_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "checkpoint.bin")
    assert as_problem(full, "nya").code == Code.DISK_FULL
    for error in (full, RuntimeError("two\nlines"), KeyboardInterrupt()):
        with pytest.raises(Exception) as stopped, plain_errors():
            raise error
        assert getattr(stopped.value, "exit_code", None) in (2, 130)
        assert capsys.readouterr().err.count("\n") == 1


def test_a_panic_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception) as stopped, plain_errors():
        panic()
    assert getattr(stopped.value, "exit_code", None) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_debug_shows_the_traceback() -> None:
    result = vernacular("plan", "qab", "--debug")
    assert result.returncode == 1
    assert "Traceback" in result.stderr


def test_check_reads_the_labelled_files(project: Path) -> None:
    folder = write_language(project / "languages", "qaa", documents=3, tasks={"tags": {
        "kind": "token_classification", "data": {"kind": "files", "folder": "tasks", "train": "a.conll"}}})
    (folder / "tasks").mkdir()
    (folder / "tasks" / "a.conll").write_text("Moses B-PER\nali O\n\nku O\nZomba LOC\n", encoding="utf-8")
    result = RUNNER.invoke(app, ["check"])
    assert result.exit_code == 2
    assert result.stderr.startswith("qaa/tasks/a.conll\n  line 5: 'LOC' ")


@pytest.mark.parametrize(("file", "text", "message"), [
    ("names", "tests:\n  - {name: a_test, capability: vocabulary, type: minimum, task: topic, author: me, "
     "templates: [kale], expect: {label: sprots}}\n", "'sprots'"),
    ("fairness", "author: me\ntasks: [names]\nname_label: PER\ncomparisons:\n"
     "  - {name: two, groups: {a: [Amo], b: [Badu]}}\n", "'PER'")])
def test_check_knows_the_labels_that_tests_ask_for(project: Path, file: str, text: str, message: str) -> None:
    """A run would find out behind the training."""
    folder = write_language(project / "languages", "qaa", documents=3, tasks={
        "topic": {"kind": "sequence_classification", "data": {"kind": "files", "folder": "tasks", "train": "a.csv"}},
        "names": {"kind": "token_classification", "labels": {"kind": "capitalised"}}})
    (folder / "tasks").mkdir()
    (folder / "behaviour").mkdir(exist_ok=True)
    rows = [f"mawu a nambala {number},{'sports' if number % 2 else 'health'}" for number in range(60)]
    (folder / "tasks" / "a.csv").write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    (folder / "behaviour" / f"{file}.yaml").write_text(text, encoding="utf-8")
    result = RUNNER.invoke(app, ["check"])
    assert result.exit_code == 2 and message in result.stderr and "1 error in" in result.stderr
    (folder / "behaviour" / f"{file}.yaml").write_text(text.replace("sprots", "sports").replace("PER", "NAME"),
                                                       encoding="utf-8")
    assert RUNNER.invoke(app, ["check"]).exit_code == 0


BAD = "\x1b]0;owned\x07\x9b2J\u202e\u2066"
_COMMANDS = """
import json, sys
from vernacular.cli.main import main
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit:
        pass
    sys.stdout.flush()
    sys.stderr.flush()
    sys.stdout.buffer.write(b"@@\\n")
    sys.stdout.buffer.flush()
"""


def test_names_from_outside_write_no_control_character_and_no_line(project: Path) -> None:
    folder = project / "languages" / "qaa"
    settings = yaml.safe_load((folder / "language.yaml").read_text(encoding="utf-8"))
    source = {"name": "in", "kind": "inbox", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}
    (folder / "language.yaml").write_text(yaml.safe_dump(settings | {"sources": [source]}), encoding="utf-8")
    (folder / "inbox").mkdir()
    for name, word in ((f"a{BAD}\nerror: forged.txt", "ndi"), (f"b{BAD}\nerror: forged.md", "zina")):
        text = f"---\ntitle: t{BAD}\nauthor: x{BAD}\n---\nMawu {word} {BAD} a.\n"
        (folder / "inbox" / name).write_text(text, encoding="utf-8")
    write_language(project / "languages", "qab", documents=2, **{f"key{BAD}\nerror: forged": 1})
    look = ["ledger", "qaa", "--text", "Mawu"]
    commands = [["check"], ["stage", "qaa", "corpus/documents"], [*look[:3], "zina"], look,
                [*look, "--json"], ["check", f"q{BAD}\nerror:"],
                ["takedown", "qaa", "--url", f"{BAD}\nerror: forged", "--reason", "x"], ["try", "qaa", "--port", BAD]]
    done = subprocess.run([sys.executable, "-c", _COMMANDS, json.dumps(commands)], capture_output=True, text=True,
                          check=False, env=os.environ | {"PYTHONWARNINGS": "ignore"}, timeout=120)
    written = done.stdout + done.stderr
    assert written.replace("\n", "").replace("\t", "").isprintable(), written
    assert not any(line.startswith("error: forged") for line in written.split("\n")), written
    _, _, shown, table, found, *_ = done.stdout.split("@@\n")
    assert "owned" in shown and "id" in table and done.stderr.count("owned") >= 3
    assert any(BAD in row["title"] for row in json.loads(found)["documents"])  # what a program reads is as it was
