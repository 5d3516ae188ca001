"""Commands for releases: report, try, waive, publish, verify, key. ``main`` loads them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vernacular.catalog import stages_of
from vernacular.cli.common import (
    LanguageCode,
    ModelName,
    check_model,
    choose_model,
    command,
    open_language,
    open_model,
    open_release,
)
from vernacular.core.codes import Code
from vernacular.core.console import SafeConsole
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem
from vernacular.core.store import Artifact
from vernacular.core.terminal import printable, say, say_json
from vernacular.provenance.own_files import remember_written
from vernacular.release.attestation import Statement
from vernacular.release.publish import Refused, check_publishable, upload_release
from vernacular.release.signing_key import fingerprint, own_or_new_key, public_text, trusted_keys
from vernacular.release.verification import verdict_lines
from vernacular.release.verification import verify as compare
from vernacular.release.waivers import waive as note
from vernacular.reporting.demo_server import serve
from vernacular.reporting.full_report import results
from vernacular.reporting.language_report import read_report
from vernacular.search import MOST, TOP
from vernacular.search.listing import print_hits
from vernacular.speech.release.code_files import foreign_code
from vernacular.speech.release.gates import read_evaluation
from vernacular.speech.release.stages import USES

_check_speech = EntryPoint[tuple[Artifact, Statement]](
    "vernacular.speech.release.publishing:check_speech_publishable")
_searcher_of = EntryPoint[Any]("vernacular.search.finding:Searcher")


@command()
def report(code: LanguageCode, as_json: Annotated[bool, typer.Option("--json",
                                                             help="machine-readable, without a page")] = False,
           full: Annotated[bool, typer.Option("--full",
                                              help="all numbers, and all failed checks with reasons")] = False,
           html: Annotated[Path | None, typer.Option(help="where to write the page; default "
                                                          "beside the release")] = None,
           model: ModelName = None) -> None:
    """Show a release on one screen, or all its numbers; write a page with pictures, samples and failures.

    Of a folder with speech it shows every enabled model of speech as well.
    """
    store, language, name, _ = open_release(code, model)
    shown = read_report(store, language, name, stages_of(language, model), chosen=model is not None)
    if as_json:
        say_json(shown.as_json())
    elif full:
        shown.print_all(SafeConsole())
    if html is not None:
        remember_written(store, language.code, html)
    if html is not None or not as_json:
        written = shown.write_page(html)
        if full or as_json:
            say("", err=as_json)
            say(f"The same as a page: {written}", err=as_json)
        else:
            shown.print_short(written, SafeConsole())


@command("try")
def try_(code: LanguageCode, model: ModelName = None,
         port: Annotated[int, typer.Option(help="on this machine")] = 8600) -> None:
    """Serve a local page for typing text or recording speech, and comparing base and adapted model."""
    store, language = open_language(code)
    check_model(language, model)
    text = next(iter(language.models_to_run(model)), None)
    speech = next(iter({} if language.speech is None else language.speech.models_to_run(model)), None)
    if text is speech is None:
        choose_model(language, model)
    serve(store, language, text, speech, port, host="127.0.0.1")


@command()
def search(code: LanguageCode, query: Annotated[list[str], typer.Argument(
               help="a sentence or a few words, in the language or, with an aligned model, the base's")],
           model: ModelName = None,
           top: Annotated[int, typer.Option(min=1, max=MOST, help="passages to show")] = TOP,
           as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False) -> None:
    """Search the cleaned corpus by meaning with the released model; show source and license of each passage."""
    store, language, name = open_model(code, model)
    asked = " ".join(query)
    searcher = _searcher_of(store, language, name)
    passages = searcher.prepare(lambda line: say(line, err=True))
    hits = searcher.find(asked, top)
    if as_json:
        say_json(EntryPoint("vernacular.search.finding:hits_as_json")(asked, name, passages, hits))
    else:
        print_hits(hits, passages)
        if language.models[name].alignment is None:
            say(f"{name} learned from no translations (`models.{name}.alignment`), so this finds similar words "
                "rather than the same meaning.", err=True)


@command()
def publish(code: LanguageCode, repo: Annotated[str, typer.Argument(help="OWNER/NAME on the Hugging Face hub")],
            model: ModelName = None, dry_run: Annotated[bool, typer.Option(
                "--dry-run", help="do not upload: list the files, or the reasons against publishing")] = False) -> None:
    """Upload a release, private at first, unless one of its gates is red. The token is read from HF_TOKEN."""
    store, language, name, speech = open_release(code, model)
    try:
        artifact, statement = (_check_speech if speech else check_publishable)(store, language, name)
    except Refused as refused:
        for reason in refused.reasons:
            say(f"forbids publishing: {printable(reason)}", err=True)
        raise Problem(f"not published, for the {len(refused.reasons)} reasons above", where=refused.where,
                      fix=refused.fix, code=refused.code) from None
    if not dry_run:
        say(upload_release(artifact, statement, repo))
        return
    sizes = {file: (artifact.folder / file).stat().st_size for file in sorted(statement.digests())}
    for file, size in sizes.items():
        say(f"{size / 1e6:10,.2f} MB  {file}")
    say(f"Ready to publish: {len(sizes)} files, {sum(sizes.values()) / 1e6:,.0f} MB, to {repo}.")


@command()
def waive(code: LanguageCode, gate: Annotated[str, typer.Argument(help="a red gate, as `vernacular report` names it")],
          by: Annotated[str, typer.Option(help="the responsible person")],
          reason: Annotated[str, typer.Option(help="why it may still be published")],
          model: ModelName = None) -> None:
    """Waive a red gate of a release, as a named person with a reason; the card shows both."""
    store, language, name, speech = open_release(code, model)
    release = store.current(language.code, f"speech/release_{name}" if speech else f"release/{name}")
    if release is None:
        raise Problem("there is no release yet whose gate could be waived", where=f"{code} {name}",
                      fix=f"Make one with `vernacular run {language.cli_args(name)}`; it may be red",
                      code=Code.RESULT_MISSING)
    gates = release.manifest.report.gates if speech else results(store, language, name).release_gates
    if speech and gate == USES:
        raise Problem("only the people who speak can allow a release", where=f"{code} {name} {gate}", fix="Ask them, "
                      "and write it into `uses`; or take their recordings out of training", code=Code.WAIVER_GATE)
    waived_reason = note(language.folder, name, gates, gate, by, reason).gate_reason
    say(f"{gate} is waived as long as its reason is: {waived_reason}. "
        f"`vernacular run {language.cli_args(name)}` adds this to the card")


@command()
def verify(folder: Annotated[Path, typer.Argument(metavar="PATH", help="folder of a release, downloaded or local")],
           key: Annotated[list[Path] | None, typer.Option(
               help="public key of the publisher, instead of this installation's own; repeatable")] = None) -> None:
    """Verify a release's signature, files, gates and waivers. Works offline; exit code 1 on failure."""
    verified = compare(folder, trusted_keys(key or []), read_evaluation)
    named = {failure.file for failure in verified.failures}
    failures = [*verified.failures, *(failure for failure in foreign_code(folder) if failure.file not in named)]
    for failure in failures:
        say(str(failure), err=True)
    if failures:
        raise typer.Exit(1)
    for line in verdict_lines(verified):
        say(line)


@command("key")
def key_() -> None:
    """Print the public key that signs this installation's releases, creating one if needed; publish it."""
    public = own_or_new_key().public_key()
    for line in public_text(public).splitlines():
        say(line)
    say(f"fingerprint: {fingerprint(public)}", err=True)
