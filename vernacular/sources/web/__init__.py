"""Web pages: asking for them politely, keeping them as WARC, and taking the main text out of them.

``extract`` (with ``charset``, ``licence`` and ``language_hints``) reads a page; ``page_store`` (with ``warc``)
keeps pages; ``frontier`` says which to ask next; ``crawler_process`` asks them in a process of its own (with
``spider``, ``response``, ``politeness``, ``robots``, ``ip_filter``, ``sitemaps``); ``source`` starts that process
and reads what is kept.
"""
