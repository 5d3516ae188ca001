"""The projects that these tests work on."""

from tests.endtoend.faults import world
from tests.project import place, whole, with_corpus

__all__ = ["place", "whole", "with_corpus", "world"]
