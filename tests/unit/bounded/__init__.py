"""Tests of vernacular.bounded."""
