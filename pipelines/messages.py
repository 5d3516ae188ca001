"""Group failed checks and library messages, so that a run ends with a short summary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vernacular.core.terminal import names_in_line

MOST_GROUPS, WIDTH = 4, 100
_WARNING = re.compile(r"(?P<path>\S+\.py):\d+: (?P<category>\w*Warning): ")
_PACKAGE = re.compile(r"(?:site|dist)-packages/(\w+)")


@dataclass(frozen=True)
class FailedCheck:
    """A failed gate of a stage."""

    stage: str
    name: str
    reason: str
    blocking: bool


def every_line(checks: Iterable[FailedCheck], slug: str) -> list[str]:
    """Return a line for each check, with its reason."""
    return [f"{'error' if check.blocking else 'warning'}: {slug}/{check.stage}: {check.name} failed: {check.reason}"
            for check in checks]


def warning_lines(checks: Iterable[FailedCheck], where: str) -> list[str]:
    """Return nonblocking checks by stage, or by family of stages if there are many.

    Args:
        checks: blocking ones are skipped.
        where: command or page that shows all reasons.
    """
    names = [(check.stage, check.name) for check in dict.fromkeys(checks) if not check.blocking]
    if not names:
        return []
    groups = _grouped(names)
    if len(groups) > MOST_GROUPS:
        groups = _grouped([(stage.split("/")[0], name) for stage, name in names])
    shown = sorted(groups.items(), key=lambda group: -len(group[1]))
    lines = [f"warning: {len(names)} check{'s need' if len(names) > 1 else ' needs'} attention and blocked "
             f"nothing; reasons: {where}"]
    lines += [names_in_line(f"  {group}: {len(failed)} ", _counted(failed), WIDTH)
              for group, failed in shown[:MOST_GROUPS]]
    if len(shown) > MOST_GROUPS:
        other = sum(len(failed) for _, failed in shown[MOST_GROUPS:])
        lines[-1] += f"; {other} more in {len(shown) - MOST_GROUPS} other groups"
    return lines


def _grouped(names: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for group, name in names:
        groups.setdefault(group, []).append(name)
    return groups


def _counted(names: Sequence[str]) -> list[str]:
    return [name if number == 1 else f"{name} x{number}" for name, number in Counter(names).items()]


class Messages:
    """Warnings and log lines of libraries, in this process and its children."""

    def __init__(self) -> None:
        self._groups: Counter[str] = Counter()
        self._lines = 0
        self._in_warning = False

    def add(self, line: str) -> None:
        """Count a line; the source line after a Python warning belongs to it."""
        if self._in_warning and line.startswith("  "):
            self._in_warning = False
            return
        found = _WARNING.match(line)
        self._in_warning = found is not None
        if found is not None:
            package = _PACKAGE.search(found["path"])
            self._groups[f"{found['category']} of {package[1] if package else found['path'].split('/')[-1]}"] += 1
        elif line.strip():
            self._lines += 1

    def lines(self, where: str) -> list[str]:
        """Return one line that counts them by kind; empty if there are none."""
        kinds = [f"{number} {kind}" for kind, number in self._groups.most_common()]
        kinds += [f"{self._lines} other line{'s' if self._lines > 1 else ''}"] if self._lines else []
        if not kinds:
            return []
        return [f"libraries wrote {', '.join(kinds[:4])}{', …' if len(kinds) > 4 else ''}; complete output: {where}"]
