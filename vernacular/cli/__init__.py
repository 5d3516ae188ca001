"""The command ``vernacular``: one module per group of commands. Parses arguments, calls the library, prints."""
