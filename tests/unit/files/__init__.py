"""Tests of vernacular.files."""
