"""Tests of the search by meaning."""
