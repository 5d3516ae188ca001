"""Tests of vernacular.bases."""
