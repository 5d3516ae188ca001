"""What a family's module of tests chooses from its ``base``: the pieces, and the tokenizer extended by them."""

from __future__ import annotations

import pytest

from tests.tiny import with_json


@pytest.fixture(scope="module")
def found(base, request):
    return request.module.chosen(base)


@pytest.fixture(scope="module")
def extended(base, found, request, tmp_path_factory):
    text = request.module.extended_json(base.backend_tokenizer.to_str(), found)
    return with_json(base, text, tmp_path_factory.mktemp("extended"))
