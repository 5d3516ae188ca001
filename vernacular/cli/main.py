"""The command ``vernacular``: parses arguments, calls the library, prints.

Problems are one line on stderr with exit code 2; a failed check has exit code 1. ``run`` executes
``pipelines.run`` by name, since the library never imports the orchestrator.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from vernacular.bases.advice import comment_for
from vernacular.bases.languages import spoken_as
from vernacular.bases.table import read_table
from vernacular.cleaning.accept import accept as accept_documents
from vernacular.cleaning.accept import accept_loss
from vernacular.cli import project as cli_project  # noqa: F401  # first: its commands are listed first
from vernacular.cli.checking.folder import check_all
from vernacular.cli.checking.printed import errors_of, found_in
from vernacular.cli.common import (
    Debug,
    LanguageCode,
    ModelName,
    app,
    check_model,
    command,
    open_language,
    plain_errors,
)
from vernacular.cli.doctor import examine
from vernacular.cli.ledger_views import check_one, look_up, print_rows, take_down
from vernacular.cli.speech_views import is_speech, look_up_speech, print_speech, withdraw
from vernacular.cli.stage_process import assist_one, is_worker_process, run_one
from vernacular.config.codes import is_code
from vernacular.config.new import doubts, new_language
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem
from vernacular.core.project import find_project
from vernacular.core.terminal import guard_streams, printable, say, say_data, say_json
from vernacular.langid.draw import draw_lines
from vernacular.langid.query import answers, open_identifier
from vernacular.sources.fetch_schedule import fetch as fetch_due
from vernacular.sources.formats.encoding import decode


@command()
def doctor() -> None:
    """Check that this machine has what the enabled models need; exit code 1 if something is missing."""
    findings = examine(find_project())
    for finding in findings:
        say(finding.line())
    if any(finding.needed and not finding.good for finding in findings):
        raise typer.Exit(1)


@command()
def new(code: Annotated[str, typer.Argument(help="BCP 47 tag of the language, such as bem")]) -> None:
    """Create a language folder with name, autonym, script and likely neighbors."""
    spoken = spoken_as(code) if is_code(code) else None
    bases = comment_for(spoken, read_table()) if spoken is not None else []
    folder = new_language(find_project().languages, code, bases)
    for line in (*(f"note: {doubt}" for doubt in doubts(code)),
                 *(f"note: base to start from: {line}; `vernacular bases {code}` compares" for line in bases[:1]),
                 f"{folder}: written. Next:",
                 f"  1. edit {folder / 'language.yaml'}: correct guesses, set owner, licence and consent",
                 f"  2. put text into {folder / 'inbox'}, or name other sources",
                 f"  3. vernacular check {code}",
                 f"  4. vernacular run {code}"):
        say(line)


from vernacular.cli import bases as cli_bases  # noqa: E402, F401  # here, so that its command is listed in its order


@command()
def check(code: Annotated[str | None, typer.Argument(help="one language; default all")] = None) -> None:
    """Report every error in one or all language folders; of one, also content and gaps; exit code 2 on errors."""
    project = find_project()
    found = check_all(project, code)
    for checked in found:
        for line in errors_of(checked):
            say(line, err=True)
        for line in [] if checked.faults else found_in(checked, project.artifacts, alone=code is not None):
            say(line)
    if any(checked.faults for checked in found):
        raise typer.Exit(2)


@command()
def plan(code: LanguageCode, model: ModelName = None,
         quick: Annotated[bool, typer.Option("--quick", help="do not measure the speed of this machine")] = False,
         ) -> None:
    """Estimate a run: minutes of each stage, memory, disk; and what will gain little."""
    store, language = open_language(code)
    check_model(language, model)
    EntryPoint("vernacular.cli.plan_table:print_plan")(store, language, model, quick)


@app.command()
def run(code: LanguageCode,
        to: Annotated[str | None, typer.Option(metavar="STAGE", help="stop after this stage")] = None,
        model: ModelName = None, debug: Debug = False) -> None:
    """Run a language's stages through Dagster; unchanged results are reused."""
    arguments = [sys.executable, "-m", "pipelines.run", code]
    for option, value in (("--to", to), ("--model", model)):
        arguments += [option, value] if value else []
    sys.stdout.flush()
    # one process, so that signals reach it directly
    os.execv(sys.executable, [*arguments, "--debug"] if debug else arguments)


from vernacular.cli import release as cli_release  # noqa: E402, F401, I001  # here, so that its commands are listed in their order
from vernacular.cli import export as cli_export  # noqa: E402, F401  # behind those of releases
from vernacular.cli import speech as cli_speech  # noqa: E402, F401


@command()
def ledger(code: LanguageCode,
           id_: Annotated[str, typer.Option("--id", help="of the document or recording")] = "",
           url: Annotated[str, typer.Option(help="its origin: a URL or a path")] = "",
           source: Annotated[str, typer.Option(help="name in language.yaml")] = "",
           text: Annotated[str, typer.Option(help="words it contains")] = "",
           speaker: Annotated[str, typer.Option(help="name or pseudonym of a person whose voice is recorded")] = "",
           as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False) -> None:
    """Show the origin of documents and recordings, and who speaks; with --id also where a document was used."""
    store, language = open_language(code)
    speech = look_up_speech(store, language, id_ or url, source, text, speaker)
    found = {} if speaker else look_up(store, language, id_, url, source, text, optional=bool(speech))
    if as_json:
        say_json({**found, **speech.as_json()})
        return
    if found:
        print_rows(found)
    print_speech(speech)


from vernacular.cli import discover as cli_discover  # noqa: E402, F401  # here, so that its command is listed in its order


@command()
def takedown(code: LanguageCode, reason: Annotated[str, typer.Option(help="stored in the suppression list")],
             id_: Annotated[str, typer.Option("--id", help="of a document or recording")] = "",
             url: Annotated[str, typer.Option(help="of a page, fetched or not; or the path of a file")] = "",
             source: Annotated[str, typer.Option(help="all documents or recordings of a source")] = "",
             speaker: Annotated[str, typer.Option(help="name or pseudonym of a person whose voice is recorded")] = "",
             yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Remove a document, page, recording, source or speaker from everything, permanently; list the models."""
    store, language = open_language(code)

    def agreed() -> bool:
        return yes or typer.confirm("Remove all this?", abort=True)

    check_one(language, (id_, url, source, speaker))
    if speaker or (language.speech is not None and is_speech(store, language, source, id_ or url)):
        withdraw(store, language, reason, agreed, speaker=speaker, source=source, recording=id_ or url)
    else:
        take_down(store, language, (id_, url, source), reason, agreed)


@command()
def fetch(code: LanguageCode, due: Annotated[bool, typer.Option("--due",
                                                        help="skip sources that failed recently, "
                                                             "as upkeep does")] = False) -> None:
    """Fetch network sources that are due or failed before; exit code 1 if one is unreachable."""
    store, language = open_language(code)
    problems = fetch_due(language, store.root, say, at_once=not due)
    for problem in problems:
        say(f"error: {problem}", err=True)
    if problems:
        raise typer.Exit(1)


@command()
def accept(code: LanguageCode, source: Annotated[str, typer.Argument(help="name in language.yaml")],
           reason: Annotated[str, typer.Option(help="why the new documents are good, or the loss is right")],
           rule: Annotated[str, typer.Option(help="accept that this rule drops a large share of the source")] = "",
           ) -> None:
    """Accept quarantined documents of a changed source, or what a rule drops of it (--rule)."""
    store, language = open_language(code)
    if rule:
        loss = accept_loss(language, store.root, source, rule, reason)
        say(f"accepted: {rule} drops {loss.share:.0%} of {source}. Continue with `vernacular run {code}`")
        return
    number = len(accept_documents(language, store.root, source, reason))
    say(f"{number} documents of {source} are accepted. `vernacular run {code}` includes them")


@command()
def seed(code: LanguageCode, lines: Annotated[int, typer.Option(min=1, help="how many")] = 300) -> None:
    """Sample lines from all texts, for a speaker to select a seed: append them to seed.txt."""
    store, language = open_language(code)
    for line in draw_lines(language, store.root, lines):
        say_data(line)


@command()
def identify(code: LanguageCode, file: Annotated[Path, typer.Argument(help="a text file with one text per line; - for "
                                                                   "standard input",
                                                              allow_dash=True)],
             as_json: Annotated[bool, typer.Option("--json", help="JSON Lines with the costs")] = False,
             accepted: Annotated[bool, typer.Option("--accepted", help="only the accepted lines, unchanged")]
             = False) -> None:
    """Identify which lines of a file are in the language, with probabilities."""
    store, language = open_language(code)
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Problem(f"cannot be read ({error.strerror})", where=str(file),
                      fix="Name a text file, or -", code=Code.FILE_SYSTEM) from None
    lines = decode(data, str(file))[0].split("\n")
    for answer in answers(open_identifier(store, language), language, lines):
        if as_json:
            say_json(answer.row(), indent=None)
        elif accepted and answer.accepted:
            say_data(answer.text)
        elif not accepted:
            verdict = language.code if answer.accepted else "other"
            say(f"{verdict}\t{answer.probability:.3f}\t{printable(answer.text)}")


from vernacular.cli import behavior as cli_behaviour  # noqa: E402, F401  # here, so that its commands are listed in their order


@app.command(hidden=True)
def stage(code: LanguageCode, stage: Annotated[str, typer.Argument()], model: ModelName = None,
          outcome: Annotated[Path | None, typer.Option(help="where to write the artifact's key or the problem")] = None,
          debug: Debug = False) -> None:
    """Run one stage in this process; used by launchers."""
    _interrupt_once()
    if is_worker_process():
        with plain_errors(debug):
            assist_one(find_project(), code, stage, model)
        return
    with plain_errors(debug, quiet=outcome is not None and outcome.parent.is_dir()):
        artifact = run_one(find_project(), code, stage, model, outcome)
        if outcome is None:
            say(f"{code} {stage}: {artifact.folder}")


def _interrupt_once() -> None:
    """Let only the first Ctrl-C interrupt: both a terminal and the parent run send one."""
    def interrupt(signum: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)


def before_torch() -> None:
    """Set environment variables that torch reads on import.

    Spinning threads make a step up to seven times slower when cores are shared, and gain nothing
    otherwise (docs/explanation/pretraining.md).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of the command; ``arguments`` in place of those of this process."""
    guard_streams()
    before_torch()
    app(arguments, prog_name="vernacular")
