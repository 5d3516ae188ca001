"""``vernacular try``: a local page for typing or saying a sentence, comparing the answers of models, and marking them.

The template escapes everything. Typed sentences are not logged; marks are kept (``marks``). The server answers only
requests to the loopback name from the page itself, and a mark needs the token of this start, so that no other web page
can use the visitor's browser. Speech is in ``microphone``.
"""

from __future__ import annotations

import errno
import html
import secrets
import socket
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from vernacular.behavior_tests.load import FOLDER
from vernacular.config.codes import name_of
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import Problem, as_problem, panics_as_problems
from vernacular.core.store import Store
from vernacular.core.terminal import say
from vernacular.modeling.variants import ARMS
from vernacular.release import marks
from vernacular.release.inference import BLANK, Answerer, Answers, plain_text
from vernacular.reporting.html import MEANING
from vernacular.reporting.loopback_server import CONNECTIONS, SECONDS, LoopbackServer
from vernacular.search.finding import Hit, Searcher
from vernacular.search.listing import origin

LONGEST = 2000  # letters of a sentence
LARGEST = 64_000  # bytes of a mark, as a form sends it: a letter may take nine
OUTSIDE = "O"
REMEMBERED = 32  # sentences whose answers are kept in memory, for the marks that follow
MOST_NAMED = 3  # languages of the base
FIELDS = 200  # of a mark: an answer has one for each label that it could have
ASKED_FIELDS = 8  # of the address
OWN_SITE = (None, "none", "same-origin")  # of a request of the page itself, or typed by the visitor
Ask = Callable[[str], Mapping[str, Answers]]
Find = Callable[[str], Sequence[Hit]]
_microphone = EntryPoint[Any]("vernacular.reporting.microphone:Microphone")
POLICY = "Content-Security-Policy"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
           "Referrer-Policy": "same-origin", POLICY:
           "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
           "frame-ancestors 'none'"}


class SpeechPart(Protocol):
    """The part of the page for recordings: ``microphone.Microphone``."""

    name: str  # of the model
    longest: int  # seconds of a recording

    def routes(self, token: str) -> list[Route]:
        """The addresses that the page asks; each recording must come with the ``token``."""


def serve(store: Store, language: Language, model_name: str | None, speech_model: str | None, port: int,
          host: str = "127.0.0.1") -> None:
    """Answer the page until it is interrupted.

    ``model_name``: of the text model; None for speech alone.
    ``speech_model``: the model that transcribes; None for text alone. With both, one may not have been run yet.
    ``host``: the loopback address; nothing else is meant to reach this page.

    Raises:
        Problem: a stage has not been run yet, or the port is taken.
    """
    ask = _part(lambda name: Answerer(store, language, name).ask, model_name, optional=speech_model is not None)
    speech = _part(lambda name: _microphone(store, language, name), speech_model, optional=ask is not None)
    shown = None if ask is None else model_name

    @cache  # of the one that could be made: its model is loaded once
    def searcher() -> Searcher:
        return Searcher(store, language, str(model_name))

    try:
        server = make_server(ask or (lambda text: {}), language, shown, port, host,
                             find=lambda text: searcher().find(text), speech=speech)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        fix = f"Give another one, such as --port {port + 1}"
        raise Problem(f"the port {port} is taken", where=host, fix=fix, code=Code.COMMAND_ADDRESS) from None
    say(f"http://{host}:{server.port}  (stop with Ctrl-C)")
    server.run()


def _part(make: Callable[[str], Any], name: str | None, optional: bool) -> Any:
    """A part of the page; None without its model, or where an ``optional`` one has not been run."""
    try:
        return None if name is None else make(name)
    except Problem as problem:
        if not optional:
            raise
        say(f"note: {problem}", err=True)
        return None


def make_server(ask: Ask, language: Language, model_name: str | None, port: int, host: str = "127.0.0.1",
                token: str | None = None, seconds: float = SECONDS, connections: int = CONNECTIONS,
                find: Find = lambda text: [], speech: SpeechPart | None = None) -> LoopbackServer:
    """The server of the page, bound but not started.

    ``host``: the loopback address.
    ``token``: required of a mark; random if not given.
    ``seconds``: for a request to arrive whole, and for an answer to be taken.
    ``connections``: answered at once.
    ``find``: gives the passages of the corpus that are nearest to a text.
    ``speech``: the part of the page for recordings; None without one.
    """
    listener = socket.create_server((host, port))
    token = token or secrets.token_urlsafe(24)
    demo = _Demo(ask, find, language, model_name, token, speech)
    routes, headers = [Route("/", demo.show), Route("/mark", demo.mark, methods=["POST"])], HEADERS
    if speech is not None:
        routes += speech.routes(token)
        headers = {**HEADERS, POLICY: f"{HEADERS[POLICY]}; script-src 'self'; connect-src 'self'"}
    names = {host, "localhost"}
    origins = {f"http://{name}:{listener.getsockname()[1]}" for name in names}
    application = Starlette(
        routes=routes,
        middleware=[Middleware(_OwnPage, names=names, origins=origins)], max_body_size=LARGEST,
        exception_handlers={HTTPException: _refused, Exception: _failed})
    return LoopbackServer(application, listener, headers, seconds, connections)


class _Demo:
    """Handles the requests of the page, one sentence at a time."""

    def __init__(self, ask: Ask, find: Find, language: Language, model_name: str | None, token: str,
                 speech: SpeechPart | None) -> None:
        self._ask, self._find, self._language, self._model_name = ask, find, language, model_name
        self._token, self._speech = token, speech
        self._known: OrderedDict[str, Mapping[str, Answers]] = OrderedDict()
        self._lock = threading.Lock()

    def show(self, request: Request) -> Response:
        """The answers to the sentence in the address, or the passages nearest to it."""
        fields = _fields(request.scope["query_string"], ASKED_FIELDS)
        text, by = _field(fields, "text")[:LONGEST].strip(), _field(fields, "by")
        if fields.get("find"):
            return self._show_passages(text, by)
        return self._show(text, by, noted=bool(fields.get("noted")))

    async def mark(self, request: Request) -> Response:
        """Keep the mark that a form sent, and show the page again."""
        try:
            body = await request.body()
        except ClientDisconnect:
            raise HTTPException(408, "The form did not arrive whole.") from None
        fields = _fields(body, FIELDS)
        if not secrets.compare_digest(_field(fields, "token").encode(), self._token.encode()):
            raise HTTPException(403, "The page was opened before the program was started again. Reload it.")
        return await run_in_threadpool(self._keep, fields)

    def _keep(self, fields: Mapping[str, list[str]]) -> Response:
        text, by = _field(fields, "text")[:LONGEST].strip(), _field(fields, "by")
        try:
            arm, task, verdict = _field(fields, "mark").split(" ")
            answers = self._answers(text).get(arm, Answers())
            marks.keep(self._language.folder, marks.make_mark(plain_text(text), task, arm, answers, verdict == "right",
                                                              _field(fields, f"should_be {arm} {task}"), by))
        except Exception as error:  # a fault of the program is shown on the page, too
            return self._show(text, by, trouble=str(as_problem(error, "mark")), status=400)
        return RedirectResponse("/?" + urlencode({"text": text, "by": by, "noted": 1}), 303)

    def _answers(self, text: str) -> Mapping[str, Answers]:
        with self._lock, panics_as_problems("try"):
            answers = self._known.get(text)
            if answers is None:
                answers = self._known[text] = self._ask(text)
                while len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
            return answers

    def _show(self, text: str, by: str, noted: bool = False, trouble: str = "", status: int = 200) -> Response:
        answers: Mapping[str, Answers] = {}
        try:
            answers = self._answers(text) if text else {}
        except Exception as error:
            trouble = trouble or str(as_problem(error, "try"))
        return HTMLResponse(page(self._language, self._model_name, text, answers, trouble, token=self._token, by=by,
                                 noted=noted, speech=self._speech), status)

    def _show_passages(self, text: str, by: str) -> Response:
        hits: Sequence[Hit] | None = None
        trouble = ""
        try:
            with self._lock, panics_as_problems("search"):
                hits = self._find(text) if text else None
        except Exception as error:
            trouble = str(as_problem(error, "search"))
        return HTMLResponse(page(self._language, self._model_name, text, {}, trouble, token=self._token, by=by,
                                 hits=hits, speech=self._speech))


class _OwnPage:
    """Passes on requests to this page's host and, if they state an origin, from this page; others get 403.

    Args:
        names: of this machine, as ``Host`` may give them.
        origins: of the page, as ``Origin`` may give them.
    """

    def __init__(self, app: ASGIApp, names: set[str], origins: set[str]) -> None:
        self._app, self._names, self._origins = app, names, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        host, source = headers.get("host", ""), headers.get("origin")
        own = ((host.rpartition(":")[0] or host) in self._names and (source is None or source in self._origins)
               and headers.get("sec-fetch-site") in OWN_SITE)
        answer = self._app if own else _refusal(HTTPException(403, "Requests are accepted from this machine only."))
        await answer(scope, receive, send)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _refusal(error)


def _refusal(error: HTTPException) -> Response:
    return HTMLResponse(f"<!doctype html><title>Refused</title><p>{html.escape(error.detail)} <a href='/'>The page is "
                        "here.</a>", error.status_code, error.headers)


def _failed(request: Request, error: Exception) -> Response:
    """Report a fault of the program by its name alone, without what was typed."""
    say(f"error: a request was not answered ({type(error).__name__}) [{Code.BUG}]", err=True)
    return _refusal(HTTPException(500))


def _fields(form: bytes, most: int) -> Mapping[str, list[str]]:
    try:
        return parse_qs(form.decode("utf-8"), max_num_fields=most)
    except ValueError:
        raise HTTPException(400, "This is not a form of this page.") from None


def page(language: Language, model_name: str | None, text: str, answers: Mapping[str, Answers], trouble: str = "", *,
         token: str = "", by: str = "", noted: bool = False, hits: Sequence[Hit] | None = None,
         speech: SpeechPart | None = None) -> str:
    """The whole page as HTML, with everything that comes from outside escaped."""
    environment = Environment(loader=PackageLoader("vernacular.release", "templates"), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"hue": hue, "origin": origin, "chance": chance}
    return environment.get_template("try.html").render(
        language=language, model_name=model_name, blank=BLANK, speech=speech,
        masked=model_name is not None and language.models[model_name].objective == "masked",
        place=f"languages/{language.code}/{FOLDER}/{marks.FILE}", longest=LONGEST, text=text, by=by, token=token,
        answers={arm: answers[arm] for arm in ARMS if arm in answers}, trouble=trouble, noted=noted, meaning=MEANING,
        outside=OUTSIDE, hits=hits, searched_in=searched_in(language, model_name))


def searched_in(language: Language, model_name: str | None) -> str:
    """The languages of the base in which the corpus can also be searched; empty without translations."""
    model = None if model_name is None else language.models[model_name]
    if model is None or model.alignment is None:
        return ""
    known = [name_of(code) for code in model.base.languages if code != "mul"]
    return " or ".join(known) if len(known) <= MOST_NAMED else ""


def chance(probability: float) -> str:
    """A probability in per cent; none is called certain or impossible by rounding."""
    shown = round(100 * probability)
    return ">99%" if shown > 99 else "<1%" if shown < 1 else f"{shown}%"


def hue(label: str) -> int:
    """A colour for a label, in degrees; that of B-PER is that of I-PER."""
    return zlib.crc32(label.split("-", 1)[-1].encode()) * 47 % 360


def _field(fields: Mapping[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[0]
