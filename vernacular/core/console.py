"""A rich console for tables that keeps styles and escapes control characters."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from vernacular.core.terminal import Guarded, escaped


class SafeConsole(Console):
    """A console on standard output that escapes control characters in every text it renders."""

    def __init__(self, **settings: Any) -> None:
        if "file" not in settings and isinstance(sys.stdout, Guarded):
            settings["file"] = sys.stdout.plain
        super().__init__(**settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of ``renderable``, escaped, except rich's own cursor movements."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else escaped(text), style, control)
