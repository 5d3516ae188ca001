"""``python -m pipelines.reload URL``: make a running UI reload the language folders after an edit."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

from pipelines.code_locations import locations
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.project import find_project
from vernacular.core.terminal import guard_streams, say

MUTATION = """mutation($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) { __typename
  ... on WorkspaceLocationEntry { loadStatus locationOrLoadError { __typename ... on PythonError { message } } }
  ... on UnauthorizedError { message } ... on ReloadNotSupported { message }
  ... on RepositoryLocationNotFound { message }
} }"""


def main(arguments: list[str]) -> int:
    """Reload the UI at the address in ``arguments``; return the exit code."""
    address = arguments[0] if arguments else "http://127.0.0.1:3000"
    try:
        for location in locations(find_project().home):
            reload(address, location.name)
    except Problem as problem:
        say(f"error: {problem}", err=True)
        return 2
    say("reloaded")
    return 0


def reload(address: str, location: str) -> None:
    """Make the UI reload a code location.

    Raises:
        Problem: it does not respond, or reloading failed.
    """
    body = json.dumps({"query": MUTATION, "variables": {"name": location}}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            reply = json.load(answer)["data"]["reloadRepositoryLocation"]
    except (OSError, ValueError, KeyError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise Problem(f"the UI does not respond ({reason})", where=address,
                      fix="Start it with `vernacular ui`", code=Code.UI_RESPONSE) from None
    trouble = reply.get("message") or (reply.get("locationOrLoadError") or {}).get("message")
    if trouble:
        raise Problem(trouble.rstrip(". \n"), where=address, fix="Fix that and run `vernacular reload` again",
                      code=Code.UI_RESPONSE)


if __name__ == "__main__":
    guard_streams()
    sys.exit(main(sys.argv[1:]))
