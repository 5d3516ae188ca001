"""The command ``vernacular``: one module for each group of commands.

Reads arguments, calls the library, prints. Computes nothing.
"""
