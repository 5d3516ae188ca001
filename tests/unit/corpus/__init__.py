"""Tests of vernacular.corpus."""
