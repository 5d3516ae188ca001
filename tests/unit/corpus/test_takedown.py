"""Taking down: no trace stays, it never comes back, who saw it is listed, and a kill at any step is made good."""

from __future__ import annotations

import gzip
import html
import json
import multiprocessing
import os
import signal
from pathlib import Path

import docx
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from tests.generate import make_documents, write_language
from tests.site import Answer, LoopbackSite
from tests.unit.corpus.takedown_chain import grep, rows, run, take
from vernacular.cli.main import app
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.corpus.lineage import holding
from vernacular.corpus.stages import stages
from vernacular.corpus.takedown import Target, carry_out, make_plan
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.own_files import remember_written
from vernacular.provenance.suppression_list import FILE, Suppressions, folded


def test_no_trace_stays_and_it_does_not_come_back(language: Language, store: Store) -> None:
    done = run(language, store)
    gone = rows(done["corpus/documents"])[1]
    mirror = store.root / "qaa" / ".mirror" / "old"  # of a source that language.yaml no longer names
    mirror.mkdir(parents=True)
    (mirror / "pages.warc.gz").write_bytes(gzip.compress(gone["text"].encode(), mtime=0))
    work = store.home("qaa", "task/names_tiny") / ".work-abc" / "out"
    work.mkdir(parents=True)
    (work / "predictions.jsonl").write_text(json.dumps({"text": gone["text"]}))
    assert len(grep(store.root, gone["text"])) >= 8

    plan, removed = take(language, store, id=gone["id"])
    assert grep(store.root, gone["text"]) == []
    assert plan.own_files == [gone["path"]]
    assert [row["id"] for row in plan.rows] == [gone["id"]] and "text" not in plan.rows[0]
    assert any("pages" in line or "old" in line for line in removed) and "the caches" in removed
    assert store.current("qaa", "corpus/documents") is None and store.current("qaa", "task/names_tiny") is None
    assert store.current("qaa", "model/tiny") is not None and store.current("qaa", "release/tiny") is not None
    listed = (language.folder / FILE).read_text(encoding="utf-8")
    assert not any(line in listed for line in gone["text"].split("\n"))
    assert json.loads(listed)["who"] == "tests" and json.loads(listed)["reason"] == "the author asked"

    (language.folder / "text" / "river" / "renamed.txt").write_text(f"{gone['text']}\n", encoding="utf-8")
    (language.folder / "text" / "river" / "quoted.txt").write_text(
        "first of all\n" + gone["text"].split("\n")[3].upper() + "\nlast of all\n\nx\n", encoding="utf-8")
    after = run(language, store)
    assert grep(store.root, gone["text"]) == []
    assert len(rows(after["corpus/documents"])) == 13
    assert any(row["text"] == "first of all\nlast of all" for row in rows(after["corpus/documents"]))


def test_pages_tables_and_marks_that_quote_it_are_named(language: Language, store: Store, tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(language, store)
    gone, kept = rows(done["corpus/documents"])[1:3]
    line = max(gone["text"].split("\n"), key=len)
    assert len(folded(line)) > 45
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere" / "sent.html"
    elsewhere.parent.mkdir()
    remember_written(store, "qaa", elsewhere)
    remember_written(store, "qaa", tmp_path / "elsewhere" / "never.html")
    shown = store.root / "qaa" / "release" / "shown.html"  # beside the one that is written by default
    remember_written(store, "qaa", shown)
    for page in (elsewhere, shown, tmp_path / "review-qaa.html"):
        page.write_text(f"<p class='line'>{html.escape(line[5:])}</p>", encoding="utf-8")
    (tmp_path / "other.csv").write_text(kept["text"], encoding="utf-8")
    (tmp_path / "names.csv").write_text(f'word,"{line[8:50]}"\n', encoding="utf-8")
    (language.folder / "behaviour").mkdir()
    (language.folder / "behaviour" / "marks.jsonl").write_text(json.dumps({"text": line[:39]}) + "\n", encoding="utf-8")
    log = store.root / "qaa" / ".last_run.log"
    log.write_text(f"12:00:00 qaa corpus/clean: {line}\n", encoding="utf-8")
    plan, _ = take(language, store, id=gone["id"])
    assert plan.own_files == ["behaviour/marks.jsonl", gone["path"], *sorted(map(str, (
        shown, elsewhere, tmp_path / "names.csv", tmp_path / "review-qaa.html")))]
    assert line not in log.read_text(encoding="utf-8")


def test_the_same_text_elsewhere_goes_as_well(language: Language, store: Store) -> None:
    text = (language.folder / "text" / "river" / "text.txt").read_text(encoding="utf-8")
    (language.folder / "text" / "school" / "copy.txt").write_text(text, encoding="utf-8")
    done = run(language, store)
    gone = next(row for row in rows(done["corpus/documents"]) if "river" in row["path"])
    plan, _ = take(language, store, id=gone["id"])
    assert {row["path"] for row in plan.rows} == {"text/river/text.txt", "text/school/copy.txt"}
    assert grep(store.root, gone["text"]) == []


def test_a_file_goes_by_path_and_an_unseen_page_by_url(language: Language,
                                                                             store: Store) -> None:
    run(language, store)
    plan, _ = take(language, store, url="text/river/text.txt")
    assert len(plan.rows) == 4
    assert {row["path"] for row in rows(run(language, store)["corpus/documents"])} == {
        "text/market/text.txt", "text/school/text.txt"}
    plan, _ = take(language, store, url="https://example.org/page/")
    assert "never seen" in plan.notes[0] and plan.rows == []
    assert Suppressions.of(language.folder).covers_url("http://example.org/page#part")


def test_a_source_goes_whole(tmp_path: Path, language: Language, store: Store) -> None:
    one = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}
    folder = write_language(tmp_path / "languages", documents=12, sources=[
        {**one, "name": "river", "files": "text/river/*"}, {**one, "name": "rest", "files": "text/[ms]*/*"}])
    both = load_language(folder)
    done = run(both, store)
    texts = [row["text"] for row in rows(done["corpus/documents"]) if row["source"] == "river"]
    plan, _ = take(both, store, source="river")
    assert len(plan.rows) == 4 and plan.row["sources"] == ["river"] and plan.row["lines"] == []
    assert grep(store.root, "\n".join(texts)) == []
    assert {row["source"] for row in rows(run(both, store)["corpus/documents"])} == {"rest"}
    (folder / "text" / "school" / "again.txt").write_text("\n\n".join(texts), encoding="utf-8")
    run(both, store)
    assert grep(store.root, "\n".join(texts)) == []


def test_looking_for_a_text_keeps_nothing_of_what_was_taken_down_before(language: Language, store: Store) -> None:
    """What is read of slow formats is kept beside the files, so the plan reads them as a run does."""
    text = "this line of eight words belongs to somebody else\nand another line that is long enough to count"
    for name, written in (("a.docx", text), ("b.docx", "a text that stays\nwith a second line to it")):
        document = docx.Document()
        for line in written.split("\n"):
            document.add_paragraph(line)
        document.save(str(language.folder / "text" / "river" / name))
    source = language.sources[0].model_copy(update={"files": "text/*/*"})
    language = language.model_copy(update={"sources": [source]})
    documents = rows(run(language, store)["corpus/documents"])
    take(language, store, id=next(row["id"] for row in documents if row["path"] == "text/river/a.docx"))
    run(language, store)
    kept = {path.name: path.read_bytes() for path in store.root.glob("qaa/.mirror/text/extracted/*")}
    assert len(kept) == 1
    with pytest.raises(Problem, match="VN-COMMAND-NAME"):
        make_plan(language, store, Target(id="f" * 16))
    make_plan(language, store, Target(id=rows(run(language, store)["corpus/documents"])[0]["id"]))
    assert {path.name: path.read_bytes() for path in store.root.glob("qaa/.mirror/text/extracted/*")} == kept
    assert grep(store.root, text) == []


@pytest.mark.parametrize("target", [{"id": "f" * 16}, {"url": "text/nowhere.txt"}, {"source": "nowhere"}])
def test_what_nobody_knows_is_a_problem_and_changes_nothing(language: Language, store: Store,
                                                          target: dict[str, str]) -> None:
    run(language, store)
    with pytest.raises(Problem, match="VN-COMMAND-NAME"):
        make_plan(language, store, Target(**target))
    assert not (language.folder / FILE).exists()


def test_it_waits_for_nobody_but_refuses_while_a_stage_is_computed(language: Language, store: Store) -> None:
    gone = rows(run(language, store)["corpus/documents"])[0]["id"]
    plan = make_plan(language, store, Target(id=gone))
    with FileLock(store.home("qaa", "corpus/clean") / ".lock"):
        with pytest.raises(Problem, match=r"corpus/clean: .*VN-STAGE-BUSY"):
            make_plan(language, store, Target(id=gone))
        with pytest.raises(Problem, match="VN-STAGE-BUSY"):
            carry_out(plan, language, store, "asked")
        assert gone in Suppressions.of(language.folder).ids  # suppressed at once; the rest is made good later
    take(language, store, id=gone)
    assert len((language.folder / FILE).read_text().splitlines()) == 1


def _die_after(language: Language, store: Store, gone: str, steps: int) -> None:
    def progress(line: str) -> None:
        nonlocal steps
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    carry_out(make_plan(language, store, Target(id=gone)), language, store, "asked", progress=progress)


def test_a_kill_at_any_step_leaves_it_suppressed_and_the_next_time_finishes(language: Language, store: Store) -> None:
    killed = 0
    for steps in range(1, 20):
        rowsof = rows(run(language, store)["corpus/documents"])
        if len(rowsof) < 2:
            break
        gone = rowsof[0]
        process = multiprocessing.get_context("fork").Process(target=_die_after,
                                                              args=(language, store, gone["id"], steps))
        process.start()
        process.join(60)
        assert gone["id"] in Suppressions.of(language.folder).ids
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        killed += 1
        plan, _ = take(language, store, id=gone["id"])
        assert grep(store.root, gone["text"]) == []
        assert not list(store.root.glob("qaa/*/*/.gone-*"))
        assert len((language.folder / FILE).read_text().splitlines()) == killed
        assert "model/tiny" in {one.stage for one in plan.models}
    assert killed >= 8


def test_the_commands(language: Language, store: Store) -> None:
    runner = CliRunner()
    done = run(language, store)
    gone = rows(done["corpus/documents"])[0]
    words = " ".join(gone["text"].split()[:5]).upper()
    shown = runner.invoke(app, ["ledger", "qaa", "--text", words, "--json"])
    assert shown.exit_code == 0, shown.output
    assert [row["id"] for row in json.loads(shown.stdout)["documents"]] == [gone["id"]]
    one = runner.invoke(app, ["ledger", "qaa", "--id", gone["id"]])
    for part in (gone["path"], "corpus/splits train.parquet: 10 lines", "dropped by short: it is", "model/tiny"):
        assert part in one.stdout
    assert holding(store, "qaa", [gone["id"]])[gone["id"]][0] == {"stage": "corpus/documents", "lines": 10,
                                                                 "file": "documents.parquet"}
    refused = runner.invoke(app, ["takedown", "qaa", "--id", gone["id"], "--reason", "asked"], input="n\n")
    assert refused.exit_code == 1 and not (language.folder / FILE).exists()
    for wrong in ([], ["--id", "x", "--url", "y"]):
        result = runner.invoke(app, ["takedown", "qaa", *wrong, "--reason", "asked", "--yes"])
        assert result.exit_code == 2 and Code.COMMAND_OPTION in result.stderr
    agreed = runner.invoke(app, ["takedown", "qaa", "--id", gone["id"], "--reason", "asked", "--yes"])
    assert agreed.exit_code == 0, agreed.output
    for part in ("1 documents", "model/tiny", "removed: corpus/documents", "text/market/text.txt still contains it",
                 "version control"):
        assert part in agreed.stdout
    assert grep(store.root, gone["text"]) == []
    after = runner.invoke(app, ["ledger", "qaa", "--id", gone["id"]])
    assert after.exit_code == 0 and "taken down" in after.stdout
    unknown = runner.invoke(app, ["ledger", "qaa", "--id", "f" * 16])
    assert unknown.exit_code == 2 and Code.COMMAND_NAME in unknown.stderr


def page(*lines: str) -> str:
    """A page with a text that is long enough to be taken for one."""
    body = "".join(f"<p>{line}</p>" for line in lines)
    return f"<html><head><title>{lines[1][:20]}</title></head><body><article>{body}</article></body></html>"


def test_a_page_leaves_what_was_fetched_and_is_not_asked_for_again(tmp_path: Path, language: Language,
                                                                   store: Store) -> None:
    texts = [text.split("\n") for text in make_documents(9, lines=12, seed=5)["river"]]
    with LoopbackSite({"/": '<a href="/a">a</a> <a href="/b">b</a> <a href="/c">c</a>', "/a": page(*texts[0]),
                       "/b": page(*texts[1]), "/c": page(*texts[2], texts[0][4])}) as site:
        site.pages["/robots.txt"] = Answer(b"User-agent: *\nAllow: /\n", type="text/plain")
        web = load_language(write_language(tmp_path / "languages", documents=6, sources=[
            {"name": "site", "kind": "crawl", "start": [f"{site.url}/"], "contact": "tests@example.org",
             "private_addresses": True, "delay_seconds": 0, "refresh_days": 0.0000001, "licence": "CC0-1.0",
             "consent": "public-licence", "register": "news"}]))
        documents = stages(web)[0]
        before = rows(run_stage(documents, web, store))
        assert {row["path"] for row in before} == {f"{site.url}/{name}" for name in ("", "a", "b", "c")}
        assert grep(store.root / "qaa" / ".mirror", texts[0][0])
        plan, removed = take(web, store, url=f"{site.url}/a#part")
        assert [row["path"] for row in plan.rows] == [f"{site.url}/a"]
        assert any("other pages there quote it" in line for line in removed)
        assert grep(store.root, "\n".join(texts[0][:4] + texts[0][5:])) == []
        asked = len(site.asked("/a"))
        after = rows(run_stage(documents, web, store))
        assert len(site.asked("/a")) == asked and len(site.asked("/b")) == 2
        assert {row["path"] for row in after} == {f"{site.url}/{name}" for name in ("", "b", "c")}
        assert texts[0][4] not in "".join(row["text"] for row in after)
        assert grep(store.root, "\n".join(texts[0][:4] + texts[0][5:])) == []


def test_a_page_goes_by_the_url_of_its_copy(
        tmp_path: Path, language: Language, store: Store) -> None:
    texts = [text.split("\n") for text in make_documents(6, lines=12, seed=5)["river"]]
    with LoopbackSite({"/": '<a href="/a">a</a> <a href="/b">b</a> <a href="/old">c</a>', "/a": page(*texts[0]),
                       "/b": page(*texts[1]), "/old": Answer(status=301, headers={"Location": "/older"}),
                       "/older": Answer(status=301, headers={"Location": "/b"})}) as site:
        site.pages["/robots.txt"] = Answer(b"User-agent: *\nAllow: /\n", type="text/plain")
        web = load_language(write_language(tmp_path / "languages", documents=6, sources=[
            {"name": "site", "kind": "crawl", "start": [f"{site.url}/"], "contact": "tests@example.org",
             "private_addresses": True, "delay_seconds": 0, "refresh_days": 0.0000001, "licence": "CC0-1.0",
             "consent": "public-licence", "register": "news"}]))
        run_stage(stages(web)[0], web, store)
        site.pages["/copy"] = page(*texts[0])  # comes later, so that it is the copy
        site.pages["/"] = f'{site.pages["/"]} <a href="/copy">d</a>'
        run_stage(stages(web)[0], web, store)
    plan = make_plan(web, store, Target(url=f"{site.url}/old"))
    assert plan.rows == [] and plan.notes == [
        f"it leads to {site.url}/b, which stays: take that down by its own URL if it is meant"]
    plan, _ = take(web, store, url=f"{site.url}/copy")
    assert [row["path"] for row in plan.rows] == [f"{site.url}/a"] and plan.notes == []
    assert grep(store.root, "\n".join(texts[0])) == [] and grep(store.root, texts[1][0])
