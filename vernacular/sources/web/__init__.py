"""Web pages: polite fetching, WARC storage, main text extraction.

``extract`` (with ``charset``, ``licence`` and ``language_hints``) parses a page; ``page_store``
(with ``warc``) stores pages; ``frontier`` selects the next one; ``crawler_process`` fetches in a
separate process (with ``spider``, ``response``, ``politeness``, ``robots``, ``ip_filter``,
``public_addresses``, ``sitemaps``); ``source`` starts that process, ``page_source`` reads the store.
"""
