"""``vernacular try``: a page on this machine alone, to type a sentence, compare what models answer, and mark it.

Holds the HTTP. Everything that is shown is escaped by the template. What a person types is not logged; what they mark
right or wrong is kept (``marks``). Only requests addressed to the loopback name are answered, and a mark needs the
token of this start, so that no other web page can ask or mark in the visitor's name.
"""

from __future__ import annotations

import errno
import re
import secrets
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from urllib.parse import parse_qs, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from vernacular.behavior_tests.load import FOLDER
from vernacular.config.codes import name_of
from vernacular.config.schema import Language
from vernacular.core.errors import Problem, as_problem, panics_as_problems
from vernacular.core.store import Store
from vernacular.core.terminal import say
from vernacular.modeling.variants import ARMS
from vernacular.release import marks
from vernacular.release.inference import BLANK, Answerer, Answers, plain_text
from vernacular.reporting.html import MEANING
from vernacular.reporting.loopback_server import CONNECTIONS, SECONDS, LoopbackHandler, LoopbackServer
from vernacular.search.finding import Hit, Searcher
from vernacular.search.listing import origin

LONGEST = 2000  # letters of a sentence
LARGEST = 64_000  # bytes of a mark, as a form sends it: a letter may take nine
OUTSIDE = "O"
REMEMBERED = 32  # sentences whose answers are kept in memory, for the marks that follow
MOST_NAMED = 3  # languages of the base
FIELDS = 200  # of a mark: an answer has one for each label that it could have
ASKED_FIELDS = 8  # of the address
OWN_SITE = (None, "none", "same-origin")  # how a browser calls a request of the page itself, or typed by the visitor
Ask = Callable[[str], Mapping[str, Answers]]
Find = Callable[[str], Sequence[Hit]]
HEADERS = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
           "Referrer-Policy": "same-origin", "Content-Security-Policy":
           "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}


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

    @cache  # of the one that could be made: its model is loaded once
    def searcher() -> Searcher:
        return Searcher(store, language, model_name)

    try:
        server = make_server(answerer.ask, language, model_name, port, host, find=lambda text: searcher().find(text))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Problem(f"the port {port} is taken", where=host, fix=f"Give another one, such as --port {port + 1}"
                      ) from None
    say(f"http://{host}:{server.server_port}  (stop with Ctrl-C)")
    with server:
        server.serve_forever()


def make_server(ask: Ask, language: Language, model_name: str, port: int, host: str = "127.0.0.1",
                token: str | None = None, seconds: float = SECONDS, connections: int = CONNECTIONS,
                find: Find = lambda text: []) -> LoopbackServer:
    """The server of the page, bound but not started.

    Args:
        ask: gives the answers to a sentence.
        language: its folder.
        model_name: which of its models.
        port: to listen on; 0 for any.
        host: the loopback address.
        token: that a mark has to bear; drawn if not given.
        seconds: for a request to arrive whole, and for an answer to be taken.
        connections: answered at once.
        find: gives the passages of the corpus that are nearest to a text.
    """
    secret = token or secrets.token_urlsafe(24)
    known: OrderedDict[str, Mapping[str, Answers]] = OrderedDict()
    lock = threading.Lock()

    def asked(text: str) -> Mapping[str, Answers]:
        with lock, panics_as_problems("try"):
            found = known.get(text)
            if found is None:
                found = known[text] = ask(text)
                while len(known) > REMEMBERED:
                    known.popitem(last=False)
            return found

    class Handler(LoopbackHandler):
        def do_GET(self) -> None:
            if not self._is_addressed():
                return
            try:
                address = urlsplit(self.path)
                fields = parse_qs(address.query, max_num_fields=ASKED_FIELDS)
            except ValueError:
                self._send(400, "<!doctype html><title>No page</title><p><a href='/'>The page is here.</a>")
                return
            if address.path != "/":
                self._send(404, "<!doctype html><title>Not here</title><p><a href='/'>The page is here.</a>")
                return
            text, by = _field(fields, "text")[:LONGEST].strip(), _field(fields, "by")
            if fields.get("find"):
                self._show_passages(text, by)
            else:
                self._show(text, by, bool(fields.get("noted")))

        def do_POST(self) -> None:
            if not self._is_addressed():
                return
            if self.path.partition("?")[0] != "/mark":
                self._send(404, "<!doctype html><title>Not here</title><p><a href='/'>The page is here.</a>")
                return
            body = self._body()
            if body is not None:
                try:
                    fields = parse_qs(body.decode("utf-8"), max_num_fields=FIELDS)
                except ValueError:
                    self._send(400, "<!doctype html><title>No form</title><p>That is no form of this page.")
                    return
                if not secrets.compare_digest(_field(fields, "token").encode(), secret.encode()):
                    self._send(403, "<!doctype html><title>Refused</title><p>The page was opened before the program "
                                    "was started again. <a href='/'>Open it anew.</a>")
                    return
                self._mark(fields)

        def _body(self) -> bytes | None:
            """What a form sent; None if it is refused, or did not arrive whole in its time."""
            sizes = self.headers.get_all("Content-Length") or []
            if "Transfer-Encoding" in self.headers or len(sizes) != 1 or not re.fullmatch("[0-9]+", sizes[0]):
                self._send(400, "<!doctype html><title>No form</title><p>A form says once how long it is.")
                return None
            if len(sizes[0]) > len(str(LARGEST)) or int(sizes[0]) > LARGEST:
                self._send(413, "<!doctype html><title>Too long</title><p>That is too long.")
                return None
            body = self.rfile.read(int(sizes[0]))
            if len(body) < int(sizes[0]):
                self._send(408, "<!doctype html><title>Cut off</title><p>The form did not arrive whole.")
                return None
            return body

        def _mark(self, fields: Mapping[str, list[str]]) -> None:
            text, by = _field(fields, "text")[:LONGEST].strip(), _field(fields, "by")
            try:
                arm, task, said = _field(fields, "mark").split(" ")
                answers = asked(text).get(arm, Answers())
                marks.keep(language.folder, marks.make_mark(plain_text(text), task, arm, answers, said == "right",
                                                            _field(fields, f"should_be {arm} {task}"), by))
            except Exception as error:  # a fault of the program is said on the page, too
                self._show(text, by, trouble=str(as_problem(error, "mark")), status=400)
                return
            self.send_response(303)
            self.send_header("Location", "/?" + urlencode({"text": text, "by": by, "noted": 1}))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _show(self, text: str, by: str = "", noted: bool = False, trouble: str = "", status: int = 200) -> None:
            answers: Mapping[str, Answers] = {}
            try:
                answers = asked(text) if text else {}
            except Exception as error:
                trouble = trouble or str(as_problem(error, "try"))
            self._send(status, page(language, model_name, text, answers, trouble, token=secret, by=by, noted=noted))

        def _show_passages(self, text: str, by: str) -> None:
            hits: Sequence[Hit] | None = None
            trouble = ""
            try:
                with lock, panics_as_problems("search"):
                    hits = find(text) if text else None
            except Exception as error:
                trouble = str(as_problem(error, "search"))
            self._send(200, page(language, model_name, text, {}, trouble, by=by, hits=hits))

        def _is_addressed(self) -> bool:
            """Whether the request is meant for this page, and comes from it if it says where from; refused if not."""
            named = (self.headers.get("Host") or "").rpartition(":")[0] or self.headers.get("Host")
            origin = self.headers.get("Origin")
            own = {f"http://{name}:{server.server_port}" for name in (host, "localhost")}
            if (named in (host, "localhost") and (origin is None or origin in own)
                    and self.headers.get("Sec-Fetch-Site") in OWN_SITE):
                return True
            self._send(403, "<!doctype html><title>Refused</title><p>Only this machine may ask.")
            return False

        def _send(self, status: int, body: str) -> None:
            data = body.encode("utf-8")
            self.send_response(status)
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing that a person types is written into a log."""

    server = LoopbackServer((host, port), Handler, seconds, connections)
    return server


def page(language: Language, model_name: str, text: str, answers: Mapping[str, Answers], trouble: str = "", *,
         token: str = "", by: str = "", noted: bool = False, hits: Sequence[Hit] | None = None) -> str:
    """The whole page as HTML, with everything that comes from outside escaped."""
    environment = Environment(loader=PackageLoader("vernacular.release", "templates"), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"hue": hue, "origin": origin, "chance": chance}
    return environment.get_template("try.html").render(
        language=language, model_name=model_name, masked=language.models[model_name].objective == "masked", blank=BLANK,
        place=f"languages/{language.code}/{FOLDER}/{marks.FILE}", longest=LONGEST, text=text, by=by, token=token,
        answers={arm: answers[arm] for arm in ARMS if arm in answers}, trouble=trouble, noted=noted, meaning=MEANING,
        outside=OUTSIDE, hits=hits, searched_in=searched_in(language, model_name))


def searched_in(language: Language, model_name: str) -> str:
    """The languages of the base in which the corpus can be asked, too; empty where no translation taught the model."""
    model = language.models[model_name]
    known = [name_of(code) for code in model.base.languages if code != "mul"]
    return " or ".join(known) if model.alignment is not None and len(known) <= MOST_NAMED else ""


def chance(probability: float) -> str:
    """A probability in per cent; none is called certain or impossible by rounding."""
    shown = round(100 * probability)
    return ">99%" if shown > 99 else "<1%" if shown < 1 else f"{shown}%"


def hue(label: str) -> int:
    """A colour for a label, in degrees; that of B-PER is that of I-PER."""
    return zlib.crc32(label.split("-", 1)[-1].encode()) * 47 % 360


def _field(fields: Mapping[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[0]
