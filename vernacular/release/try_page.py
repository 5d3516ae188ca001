"""``vernacular try``: a page on this machine alone, to type a sentence and compare base, control and adapted.

Holds the HTTP and the HTML. Everything that is shown is escaped, nothing is stored or logged, and only requests
addressed to the loopback name are answered, so that no other web page can ask in the visitor's name.
"""

from __future__ import annotations

import errno
import html
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from rich.console import Console

from vernacular.arms import ARMS
from vernacular.artifacts import Store
from vernacular.config.schema import Language
from vernacular.errors import Problem
from vernacular.release.answers import BLANK, Answerer, Answers

LONGEST = 2000
OUTSIDE = "O"
MEANING = {"base": "the model as it was", "control": "trained on the same text, original tokenizer",
           "adapted": "trained with the extended tokenizer"}
Ask = Callable[[str], Mapping[str, Answers]]
HEADERS = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
           "Referrer-Policy": "no-referrer", "Content-Security-Policy":
           "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
STYLE = """
:root { color-scheme: light dark; --line: #8886; --mark: #f6c34455; --bar: #3a7bd5; --quiet: #767676 }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 0 } h3 { font-size: .95rem; margin: 1.2rem 0 .3rem }
p.quiet, .quiet { color: var(--quiet); font-size: .9rem; margin: .2rem 0 }
textarea { font: inherit; width: 100%; box-sizing: border-box; padding: .6rem; border: 1px solid var(--line);
  border-radius: 6px }
button { font: inherit; padding: .45rem 1.2rem; margin: .5rem 0 1.5rem; border: 0; border-radius: 6px;
  background: var(--bar); color: #fff; cursor: pointer }
.arms { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem }
section { border: 1px solid var(--line); border-radius: 8px; padding: 1rem }
section.adapted { border-color: var(--bar); border-width: 2px }
.row { display: flex; gap: .5rem; align-items: center } .row span:first-child { flex: 1; overflow-wrap: anywhere }
meter { width: 6rem } .row span:last-child { width: 3rem; text-align: right; font-variant-numeric: tabular-nums }
mark { background: var(--mark); color: inherit; border-radius: 3px; padding: 0 .15rem }
"""


def serve(store: Store, language: Language, model_name: str, port: int, host: str = "127.0.0.1") -> None:
    """Answer the page until it is interrupted.

    Args:
        store: where the artifacts lie.
        language: its folder.
        model_name: which of its models.
        port: to listen on.
        host: the loopback address; nothing else is meant to reach this page.

    Raises:
        Problem: a stage has not been run yet, or the port is taken.
    """
    answerer = Answerer(store, language, model_name)
    try:
        server = make_server(answerer.ask, language, model_name, port, host)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Problem(f"the port {port} is taken", where=host, fix=f"Give another one, such as --port {port + 1}"
                      ) from None
    Console().print(f"http://{host}:{server.server_port}  (stop with Ctrl-C)", highlight=False)
    with server:
        server.serve_forever()


def make_server(ask: Ask, language: Language, model_name: str, port: int, host: str = "127.0.0.1"
                ) -> ThreadingHTTPServer:
    """The server of the page, bound but not started; ``ask`` gives the answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            named = (self.headers.get("Host") or "").rpartition(":")[0] or self.headers.get("Host")
            if named not in (host, "localhost"):
                self._send(403, "<!doctype html><title>Refused</title><p>Only this machine may ask.")
            elif address.path != "/":
                self._send(404, "<!doctype html><title>Not here</title><p><a href='/'>The page is here.</a>")
            else:
                text = parse_qs(address.query, max_num_fields=4).get("text", [""])[0][:LONGEST].strip()
                try:
                    answers, trouble = (ask(text) if text else {}), ""
                except Problem as problem:
                    answers, trouble = {}, str(problem)
                self._send(200, page(language, model_name, text, answers, trouble))

        def _send(self, status: int, body: str) -> None:
            data = body.encode("utf-8")
            self.send_response(status)
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing that a person types is written anywhere."""

    return ThreadingHTTPServer((host, port), Handler)


def page(language: Language, model_name: str, text: str, answers: Mapping[str, Answers], trouble: str = "") -> str:
    """The whole page as HTML, with everything that comes from outside escaped."""
    masked = language.models[model_name].objective == "masked"
    hint = (f"Put {BLANK} in the place of one word to see what each model would fill in." if masked
            else "Each model goes on with the sentence.")
    name, said = html.escape(language.name), html.escape(text, quote=True)
    code = html.escape(language.code, quote=True)
    columns = "".join(_arm(arm, answers[arm]) for arm in ARMS if arm in answers)
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}: try {html.escape(model_name)}'
            f'</title><meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
            f'<body><h1>{name}: {html.escape(model_name)}</h1><p class="quiet">Type a sentence in {name}. {hint} '
            'Nothing leaves this machine and nothing is kept.</p><form method="get" action="/">'
            f'<label class="quiet" for="text">Sentence</label>'
            f'<textarea id="text" name="text" rows="3" maxlength="{LONGEST}" dir="auto" '
            f'lang="{code}" autofocus>{said}</textarea><button>Compare</button></form>'
            + (f'<p role="alert">{html.escape(trouble)}</p>' if trouble else "")
            + f'<div class="arms">{columns}</div></body></html>')


def _arm(arm: str, answers: Answers) -> str:
    parts = [f'<section class="{arm}"><h2>{arm}</h2><p class="quiet">{MEANING[arm]}</p>']
    for task, labels in answers.lines.items():
        parts.append(f"<h3>{html.escape(task)}</h3>" + "".join(_bar(*pair) for pair in labels[:4]))
    for task, words in answers.words.items():
        spans = [f'<mark title="{html.escape(label, quote=True)} {value:.0%}">{html.escape(word)}</mark>'
                 if label != OUTSIDE else html.escape(word) for word, label, value in words]
        parts.append(f'<h3>{html.escape(task)}</h3><p dir="auto">{" ".join(spans)}</p>')
    if answers.fill_ins:
        parts.append("<h3>fill-ins</h3>" + "".join(_bar(*pair) for pair in answers.fill_ins))
    if answers.continuation:
        parts.append(f'<h3>goes on</h3><p dir="auto">{html.escape(answers.continuation)}</p>')
    return "".join(parts) + "</section>"


def _bar(label: str, value: float) -> str:
    return (f'<div class="row"><span dir="auto">{html.escape(label)}</span><meter min="0" max="1" '
            f'value="{value:.3f}"></meter><span>{value:.0%}</span></div>')
