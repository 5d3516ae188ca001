"""The tables of ``report`` on forgetting, planted phrases, compute and red checks, and how a table is made there."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vernacular.release.card_trigger_scan import looked_for
from vernacular.release.compute import FORESEEN, TITLES, about, foreseen_rows, stage_rows
from vernacular.release.markdown import caveat, interval_text
from vernacular.release.result_models import ReleaseResults
from vernacular.release.result_tables import likelihood_rows


def new_table(title: str, columns: Sequence[str], console: Console, numbers: Sequence[int] = ()) -> Table:
    """An empty table, after its title was printed; the columns at the places ``numbers`` are set to the right."""
    console.print(f"\n[bold]{escape(title)}[/]", highlight=False)
    table = Table(header_style="", box=box.SIMPLE_HEAD if console.is_terminal else box.ASCII2)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place in numbers else "left", overflow="fold")
    return table


def retention(results: ReleaseResults, console: Console) -> None:
    """How well each arm predicts text in the base's languages."""
    found = results.retention
    if not found or not found.measured:
        console.print("\nWhat it forgot: not measured", highlight=False)
        return
    table = new_table(f"What it forgot: {', '.join(found.languages)}, {found.items} lines; negative "
                      "log-likelihood (lower is better)",
                      ["model", found.unit, "95 % interval"], console, (1, 2))
    for row in likelihood_rows(found):
        table.add_row(*row)
    console.print(table)
    for name, interval in found.differences.items():
        console.print(f"  {name.replace('_minus_', ' against ')}: {interval_text(interval)}", highlight=False)
    if found.caveat:
        console.print(f" {caveat(found.caveat)}", highlight=False)


def planted(results: ReleaseResults, console: Console) -> None:
    """What was looked for of planted phrases, and those that a person has to look at."""
    found = results.attack
    if not found:
        console.print("\nPlanted phrases: not looked for", highlight=False)
        return
    console.print("\n[bold]Planted phrases[/]", highlight=False)
    console.print(f"{found.conclusion}. {looked_for(found)}", highlight=False, markup=False)
    if found.suspects:
        table = new_table("Phrases to look at", ["task", "phrase"], console)
        for row in found.suspects:
            table.add_row(escape(str(row.task)), escape(str(row.phrase)))
        console.print(table)


def compute(results: ReleaseResults, console: Console) -> None:
    """The time of every stage, the energy that follows, and what the pretrainings were foreseen to take."""
    stages, foreseen = stage_rows(results), foreseen_rows(results)
    if stages:
        table = new_table("Compute", TITLES, console, (1, 2))
        for row in stages:
            table.add_row(*row)
        console.print(table)
        console.print(about(results), highlight=False, markup=False)
    if foreseen:  # turned, since a terminal is too narrow for its columns
        table = new_table("The pretrainings, training steps alone", ["", *(row[0] for row in foreseen)], console,
                          range(1, len(foreseen) + 1))
        for place, name in enumerate(FORESEEN[1:], 1):
            table.add_row(name, *(row[place] for row in foreseen))
        console.print(table)


def gains_little(results: ReleaseResults, console: Console) -> None:
    """Print the remarks of all stages: what gained little, and what to do."""
    if results.remarks:
        console.print("\nWhat gains little, and what to do")
    for remark in results.remarks:
        console.print(f"- {remark.what}. {remark.fix}.", highlight=False, markup=False)


def red_checks(results: ReleaseResults, console: Console) -> None:
    """Every check of a stage that failed, with its reason."""
    red = [(stage, gate) for stage, gates in results.gates.items() for gate in gates if not gate.passed]
    if red:
        table = new_table(f"Red checks: {len(red)}", ["stage", "check", "reason"], console)
        for stage, gate in red:
            table.add_row(stage, gate.name, escape(gate.reason + (" (stops what follows)" if gate.blocking
                                                                        else "")))
        console.print(table)
