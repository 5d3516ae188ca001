"""Output of the commands ``ledger`` and ``takedown``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.console import SafeConsole
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.core.terminal import printable_data, say
from vernacular.corpus.lineage import Row, find_beside, find_rows, holding, same_place, saw
from vernacular.corpus.takedown import Plan, Target, carry_out, make_plan
from vernacular.provenance.suppression_list import Suppressions, folded

_MOST, _EXCERPT = 20, 300
_COLUMNS = ("id", "source", "role", "path", "licence", "consent", "register", "fetched", "title")


def look_up(store: Store, language: Language, id_: str, url: str, source: str, text: str,
            optional: bool = False) -> dict[str, Any]:
    """Return the ledger rows that match all arguments and, for one id, where the document was used.

    ``optional``: return nothing where nothing matches.

    Raises:
        Problem: nothing was ingested yet, or nothing matches.
    """
    words = folded(text)

    def fits(row: Row) -> bool:
        return ((not id_ or row["id"] == id_) and (not url or same_place(row["path"], url))
                and (not source or row["source"] == source) and (not words or words in folded(row.get("text", ""))))

    rows = find_rows(store, language.code, fits) + _with_rights(language, find_beside(store, language.code, fits))
    suppressed = Suppressions.of(language.folder)
    gone = bool((id_ and id_ in suppressed.ids) or (url and suppressed.covers_url(url)) or source in suppressed.sources)
    if not rows and not gone and optional:
        return {}
    if not rows and not gone:
        raise Problem("no document matches", where=f"{language.code} ledger", code=Code.COMMAND_NAME, fix=(
            f"Use fewer criteria, or run `vernacular run {language.code} --to corpus/documents` first"))
    found: dict[str, Any] = {"documents": rows, "taken_down": gone}
    if id_:
        found["held_by"] = holding(store, language.code, [id_])[id_]
        found["seen_by"] = [model.line() for model in saw(store, language.code, [id_])]
    return found


def _with_rights(language: Language, rows: Sequence[Row]) -> list[Row]:
    """Add to documents beside the corpus the license and consent from the folder."""
    named = {(role, source.name): {"licence": source.licence, "consent": source.consent}
             for model in language.models.values() for source, role in model.beside}
    return [{**named.get((row["role"], row["source"]), {}), **row} for row in rows]


def print_rows(found: dict[str, Any]) -> None:
    """Print the result of ``look_up``: one document in full, several as a table."""
    found = printable_data(found)
    rows = found["documents"]
    if found["taken_down"]:
        say("It was taken down." if not rows else "It has been taken down; the next run excludes it.")
    if len(rows) == 1:
        _print_pairs([(name, value) for name, value in rows[0].items() if value not in ("", [], None)])
    elif rows:
        SafeConsole(highlight=False).print(_table(_COLUMNS, rows[:_MOST]))
        say(f"{len(rows)} documents" + (f", the first {_MOST} are shown" if len(rows) > _MOST else ""))
    if "held_by" in found:
        for title, name in (("Where it is stored", "held_by"), ("Models trained on it", "seen_by")):
            say("")
            say(f"{title}:")
            for one in found[name]:
                say(f"  {_where(one) if isinstance(one, dict) else one}")
            if not found[name]:
                say("  nothing")


def check_one(language: Language, what: tuple[str, ...]) -> None:
    """Raise a Problem unless exactly one of the options that name a target is given."""
    if sum(map(bool, what)) != 1:
        raise Problem("give exactly one of --id, --url, --source and --speaker", where=f"{language.code} takedown",
                      fix=f"`vernacular ledger {language.code} --text \"...\"` finds the id",
                      code=Code.COMMAND_OPTION)


def take_down(store: Store, language: Language, what: tuple[str, str, str], reason: str,
              agreed: Callable[[], Any]) -> None:
    """Show what a takedown removes, ask for confirmation, remove it, and list what remains to do.

    Raises:
        Problem: as in ``corpus.takedown``.
    """
    check_reason(language, reason)
    plan = make_plan(language, store, Target(*what))
    _print_plan(plan)
    agreed()
    for line in carry_out(plan, language, store, reason.strip(), progress=say):
        say(f"removed: {line}")
    _print_left(plan, language)


def check_reason(language: Language, reason: str) -> None:
    """Raise a Problem if the reason of a takedown is empty."""
    if not reason.strip():
        raise Problem("the reason is empty", where=f"{language.code} takedown",
                      fix="Write briefly who requested the takedown, and why", code=Code.COMMAND_OPTION)


def _print_plan(plan: Plan) -> None:
    say(f"{plan.target}: {len(plan.rows)} documents" + ("" if plan.new else ", already suppressed"))
    if plan.rows:
        SafeConsole(highlight=False, soft_wrap=True).print(_table(_COLUMNS, printable_data(plan.rows[:_MOST])))
        if len(plan.rows) > _MOST:
            say(f"and {len(plan.rows) - _MOST} more")
    for note in plan.notes:
        say(f"note: {note}")
    say("Models trained on it:" if plan.models else "No model was trained on it.")
    for model in plan.models:
        say(f"  {model.line()}")


def _print_left(plan: Plan, language: Language) -> None:
    """Print what a takedown cannot reach, and the next steps."""
    lines = ["Done. It will not be ingested again. What this command cannot reach:"]
    lines += [f"  your own file {language.folder / file} still contains it: "
              "edit or delete it" for file in plan.own_files]
    lines += [f"  {model.line()} was trained on it: retrain, and withdraw what was published"
              for model in plan.models]
    lines += ["  version control history, backups, copies on other machines, published releases"]
    lines += [f"Next: vernacular run {language.code}"]
    for line in lines:
        say(line)


def _where(row: dict[str, Any]) -> str:
    reason = f", dropped by {row['rule']}: {row['reason']}" if "rule" in row else ""
    return f"{row['stage']} {row['file']}: {row['lines']} lines{reason}"


def _print_pairs(pairs: Sequence[tuple[str, Any]]) -> None:
    for name, value in pairs:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        text = text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"
        say(f"{name + ':':18}{text}")


def _table(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> Table:
    shown = [name for name in columns if any(row.get(name) for row in rows)]
    table = Table(box=box.SIMPLE_HEAD, header_style="")
    for name in shown:
        table.add_column(name, overflow="fold", no_wrap=name == "id")
    for row in rows:
        table.add_row(*(escape(str(row.get(name, ""))) for name in shown))
    return table
