"""Tests of vernacular.speech.behavior."""
