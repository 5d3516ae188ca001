"""Tests of vernacular.config."""
