"""Output of ``ledger`` and ``takedown`` for speech."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from vernacular.cli.ledger_views import check_reason
from vernacular.config.schema import Language
from vernacular.core.console import SafeConsole
from vernacular.core.entry_point import EntryPoint
from vernacular.core.store import Store
from vernacular.core.terminal import printable_data, say
from vernacular.speech.ledger_rows import SpeechLedger

_MOST = 20  # rows and files that are listed
_COLUMNS = {"recordings": ("id", "source", "path", "speakers", "minutes", "licence", "consent", "uses"),
            "speakers": ("pseudonym", "sources", "utterances", "minutes", "consent", "uses", "gender", "age", "village",
                         "withdrawn")}
_WITHDRAWAL, _LEDGER = "vernacular.speech.withdrawal", "vernacular.speech.ledger"  # import pyarrow


def look_up_speech(store: Store, language: Language, place: str, source: str, text: str,
                   speaker: str) -> SpeechLedger:
    """Return the recordings that match all arguments, and who speaks in them; empty where nothing does."""
    if language.speech is None and not speaker:
        return SpeechLedger()
    return EntryPoint[SpeechLedger](f"{_LEDGER}:look_up")(store, language, place, source, text, speaker)


def print_speech(found: SpeechLedger) -> None:
    """Print the result of ``look_up_speech``: what all rows share, then a row for each recording and each speaker."""
    tables = printable_data(found.as_json())
    for name, columns in _COLUMNS.items():
        rows = [{column: _cell(row.get(column)) for column in columns} for row in tables.get(name, [])]
        if not rows:
            continue
        shared = [column for column in columns if len({row[column] for row in rows}) == 1]
        table = Table(box=box.SIMPLE_HEAD, header_style="")
        for column in (shown := [column for column in columns if column not in shared]):
            table.add_column(column, overflow="fold", no_wrap=column in ("id", "pseudonym"))
        for row in rows[:_MOST]:
            table.add_row(*(escape(row[column]) for column in shown))
        say("")
        say(f"{name}: {len(rows)}" + (f", the first {_MOST} are shown; --json has all" if len(rows) > _MOST else ""))
        for column in shared:
            if rows[0][column]:
                say(f"{column + ':':18}{rows[0][column]}")
        if shown:
            SafeConsole(highlight=False).print(table)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.2f}" if isinstance(value, float) else "yes" if value is True else str(value or "")


def is_speech(store: Store, language: Language, source: str, recording: str) -> bool:
    """Whether a source is one of recordings, or the path or id is that of a recording."""
    selection = EntryPoint[Any](f"{_WITHDRAWAL}:Selection")(source=source, recording=recording)
    return EntryPoint[bool](f"{_WITHDRAWAL}:holds_speech")(language, store, selection)


def withdraw(store: Store, language: Language, reason: str, agreed: Callable[[], Any], **what: str) -> None:
    """Show what a withdrawal of speech removes, ask for confirmation, remove it, and list what remains to do.

    ``what``: ``speaker``, ``source`` or ``recording``.

    Raises:
        Problem: the reason is empty, or as in ``speech.withdrawal``.
    """
    check_reason(language, reason)
    selection = EntryPoint[Any](f"{_WITHDRAWAL}:Selection")(**what)
    plan = EntryPoint[Any](f"{_WITHDRAWAL}:plan_withdrawal")(language, store, selection)
    minutes = sum(one.seconds for one in plan.utterances) / 60
    say(f"{plan.selection}: {len(plan.utterances)} utterances, {minutes:.1f} minutes"
        + ("" if plan.new else ", already withdrawn"))
    say("Models that learned from them:" if plan.models else "No model learned from them.")
    for line in plan.models:
        say(f"  {line}")
    agreed()
    carry_out = EntryPoint[list[str]](f"{_WITHDRAWAL}:carry_out_withdrawal")
    for line in carry_out(plan, language, store, reason.strip(), say):
        say(f"removed: {line}")
    lines = ["Done. These recordings will not be read again. What this command cannot reach:"]
    lines += [f"  your own file {file}: delete it, or what it holds of them" for file in plan.own_files[:_MOST]]
    lines += [f"  and {len(plan.own_files) - _MOST} more files"] if len(plan.own_files) > _MOST else []
    lines += [f"  published copies of {line}: withdraw them" for line in plan.models]
    lines += ["  the list of speakers, version control history, backups, copies on other machines",
              "  pages and recordings that were copied or moved: delete them by hand"]
    for line in (*lines, f"Next: vernacular run {language.code}"):
        say(line)
