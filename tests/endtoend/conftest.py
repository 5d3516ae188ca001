"""The projects that these tests work on."""

from tests.project import place, whole, with_corpus

__all__ = ["place", "whole", "with_corpus"]
