"""Web pages: asking for them politely, keeping them as WARC, and taking the main text out of them.

``extract`` (with ``charset``, ``licence`` and ``hints``) reads a page; ``mirror`` (with ``warc``) keeps pages, and
``frontier`` says which to ask next; ``process`` asks them in a process of its own (with ``spider``, ``answers``,
``manners``, ``robots``, ``addresses``, ``urls``, ``listings``); ``source`` starts that process and reads the mirror.
The kinds of source that a language folder names are in ``vernacular.sources``.
"""
