"""Retrieval of a sentence's translation."""
