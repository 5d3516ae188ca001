"""Behavioral tests as written: YAML schema, line changes, word lists, speakers' marks.

Running them on models is in ``vernacular.evaluation.behavior``.
"""
