"""Output of ``takedown --speaker``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vernacular.cli.ledger_views import check_reason
from vernacular.config.schema import Language
from vernacular.core.entry_point import EntryPoint
from vernacular.core.store import Store
from vernacular.core.terminal import say

_MOST = 20  # files that are listed
_WITHDRAWAL = "vernacular.speech.withdrawal"  # imports pyarrow, which other commands do without


def withdraw(store: Store, language: Language, speaker: str, reason: str, agreed: Callable[[], Any]) -> None:
    """Show what the withdrawal of a speaker removes, ask for confirmation, remove it, and list what remains to do.

    Raises:
        Problem: the reason is empty, or as in ``speech.withdrawal``.
    """
    check_reason(language, reason)
    plan = EntryPoint[Any](f"{_WITHDRAWAL}:plan_withdrawal")(language, store, speaker)
    minutes = sum(one.seconds for one in plan.utterances) / 60
    say(f"{plan.pseudonym}: {len(plan.utterances)} utterances, {minutes:.1f} minutes"
        + ("" if plan.new else ", already withdrawn"))
    say("Models that learned from them:" if plan.models else "No model learned from them.")
    for line in plan.models:
        say(f"  {line}")
    agreed()
    carry_out = EntryPoint[list[str]](f"{_WITHDRAWAL}:carry_out_withdrawal")
    for line in carry_out(plan, language, store, reason.strip(), say):
        say(f"removed: {line}")
    lines = ["Done. The person's recordings will not be read again. What this command cannot reach:"]
    lines += [f"  your own file {file}: delete it" for file in plan.own_files[:_MOST]]
    lines += [f"  and {len(plan.own_files) - _MOST} more files"] if len(plan.own_files) > _MOST else []
    lines += [f"  published copies of {line}: withdraw them" for line in plan.models]
    lines += ["  the list of speakers, version control history, backups, copies on other machines"]
    for line in (*lines, f"Next: vernacular run {language.code}"):
        say(line)
