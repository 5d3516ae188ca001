"""Tests of vernacular.core.files."""
