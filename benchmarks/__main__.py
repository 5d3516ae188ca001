"""``python -m benchmarks [NAME ...]``: measure all figures, or those whose name begins with one of NAME."""

from __future__ import annotations

import sys

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import (  # noqa: F401  # the figures make themselves known
    cleaning,
    extension,
    identification,
    pictures,
    pretraining,
    pretraining_on_gpu,
    rows,
    salted,
    scale,
    speech_cleaning,
    starts,
    tasks,
    vocabulary,
)
from benchmarks.registry import FIGURES, Skipped, write


def main(names: list[str]) -> int:
    """Measure, write and print; return the exit code: 2 if no figure has such a name, 1 if one failed."""
    console = Console(highlight=False)
    chosen = [name for name in FIGURES if not names or any(name.startswith(start) for start in names)]
    if not chosen:
        console.print(f"error: no figure begins with {' or '.join(names)}. There are: {', '.join(FIGURES)}")
        return 2
    table = Table("figure", "value", "unit", "reference", "ratio", box=box.SIMPLE_HEAD, header_style="")
    failed = False
    for name in chosen:
        console.print(f"{name}: {FIGURES[name].meaning}", markup=False)
        try:
            for row in FIGURES[name].measure():
                write(row)
                table.add_row(row.name, f"{row.value:,.4g}", row.unit, "" if row.reference is None else
                              f"{row.reference:,.4g}", "" if row.ratio is None else f"{row.ratio:,.3g}")
                for key, value in row.details.items():
                    console.print(f"  {row.name} {key}: {value}", markup=False)
        except Skipped as reason:
            console.print(f"  skipped: {reason}", markup=False)
        except Exception:  # one figure that fails takes no other down
            console.print_exception()
            failed = True
    console.print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main([name for name in sys.argv[1:] if name]))
