"""Tests of vernacular.sandbox."""
