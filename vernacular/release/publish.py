"""Publishing a release on the Hugging Face hub, or the reasons why it may not be published."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from vernacular.artifacts import Artifact, Store, describe, remade
from vernacular.config.schema import Language
from vernacular.corpus.suppression import Suppressions
from vernacular.errors import Problem
from vernacular.release import stages
from vernacular.release.gates import no_consent, unverified
from vernacular.release.summary import claims, stage_names
from vernacular.release.waivers import read_waivers

TOKEN = "HF_TOKEN"
ENDPOINT: str | None = None  # of the hub; None for huggingface_hub's own


def refusals(artifact: Artifact, language: Language, store: Store) -> list[str]:
    """Why this release may not be published; empty if it may.

    Red gates that nobody waived, or not any more; a licence or a consent that was taken back, anything else that it
    tells of the folder and that changed, a document taken down, or a stage that has run again, since it was made.

    Raises:
        Problem: the list of what was taken down, or of waivers, cannot be read.
    """
    gates, details = artifact.manifest.report.gates, artifact.manifest.report.details
    if not any(gate.name == "publishable" for gate in gates):
        return ["publishable: this release says nothing of its gates"]
    kept = [waiver.model_dump() for waiver in read_waivers(language.folder)]
    waived = {waiver["gate"] for waiver in details.get("waivers", []) if waiver in kept}
    red = [f"{gate.name}: {gate.reason}" for gate in gates
           if not gate.passed and gate.name != "publishable" and gate.name not in waived]
    green, name = {gate.name for gate in gates if gate.passed}, artifact.manifest.stage.partition("/")[2]
    said = claims(language, name, language.models[name])
    taken_back = []
    for gate, word, names in (("licences_verified", "licence", unverified(said)),
                              ("consent_known", "consent", no_consent(said))):
        if gate in green and names:
            taken_back.append(f"{gate}: the {word} of {', '.join(names)} was taken back since")
    red += taken_back
    otherwise = [] if taken_back else _otherwise(artifact, language, store)
    if otherwise:
        red.append(f"{', '.join(otherwise)} changed since it was made, and its card says what was there before; run "
                   "again, nobody can waive that")
    changed = remade(artifact.manifest, {stage: now for stage in stage_names(language, name)
                                         if (now := store.current(language.code, stage)) is not None})
    if changed:
        red.append(f"it was made before {', '.join(changed)} ran again; nobody can waive that")
    gone = taken_down(artifact.folder / "documents.txt", Suppressions.of(language.folder))
    if gone:
        red.append(f"takedown: {gone} of the documents that it was trained on were taken down since, and it was not "
                   "trained again; nobody can waive that")
    return red


def _otherwise(artifact: Artifact, language: Language, store: Store) -> list[str]:
    """What a release tells of its folder and would tell otherwise if it were made now; waivers are asked one by one."""
    name = artifact.manifest.stage.partition("/")[2]
    stage, = stages(language, name, language.models[name])

    def told(settings: dict[str, Any], outside: dict[str, str]) -> dict[str, Any]:
        return {f"{part}.{key}": value for part, found in settings.items() for key, value in found.items()} | {
            key: value for key, value in outside.items() if key != "waivers"}

    before = told(artifact.manifest.settings, artifact.manifest.outside)
    now = told(stage.settings_data(language), stage.outside(language, store.root))
    return sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))


def taken_down(documents: Path, suppressed: Suppressions) -> int:
    """How many of the documents listed in a release's ``documents.txt`` are on the suppression list.

    Raises:
        Problem: the list of documents is not there.
    """
    if not documents.is_file():
        raise Problem("the release does not list its documents", where=str(documents), fix="Run again")
    number = 0
    for line in documents.read_text(encoding="utf-8").removesuffix("\n").split("\n")[1:]:
        id_, digest, _, source, path = line.split("\t", 4)
        number += (id_ in suppressed.ids or digest in suppressed.texts or source in suppressed.sources
                   or ("://" in path and suppressed.covers_url(path)))
    return number


def publish(store: Store, language: Language, model_name: str, repo: str) -> str:
    """Upload the current release of a model to ``repo`` on the hub, in place of what lies there.

    The token is read from the environment alone.

    Args:
        store: where the release lies.
        language: its folder.
        model_name: which of its models.
        repo: ``owner/name`` on the hub.

    Returns:
        The address of the upload.

    Raises:
        Problem: there is no release, one of its gates is red, there is no token, its files were changed, or the hub
            refuses.
    """
    stage = f"release/{model_name}"
    artifact = store.current(language.code, stage)
    if artifact is None:
        raise Problem("there is no release to publish", where=f"{language.code} {stage}",
                      fix=f"Run `vernacular run {language.asked(model_name)}` first")
    red = refusals(artifact, language, store)
    if red:
        raise Problem(f"not published, for {len(red)} {'reason' if len(red) == 1 else 'reasons'}: {'; '.join(red)}",
                      where=f"{language.code} {stage}", fix="Mend each of these in the language folder and run again, "
                      f"or have a person answer for it: vernacular waive {language.asked(model_name)} GATE --by NAME "
                      "--reason WHY")
    if repo.count("/") != 1 or not all(repo.split("/")):
        raise Problem(f"'{repo}' is not the name of a repository", where="publish", fix="Write owner/name")
    token = os.environ.get(TOKEN)
    if not token:
        raise Problem("there is no token for the hub", where=f"environment variable {TOKEN}",
                      fix="Set it to a token with write access")
    if describe(artifact.folder)[1] != artifact.manifest.data_version:
        raise Problem("its files are not those that were made and asked", where=str(artifact.folder),
                      fix="Delete this folder and run again; what the card says is written in language.yaml, "
                      "statement.md and the tests")
    return _upload(artifact, repo, token)


def _upload(artifact: Artifact, repo: str, token: str) -> str:
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError
    api: Any = HfApi(endpoint=ENDPOINT, token=token)
    try:
        api.create_repo(repo, exist_ok=True, private=True)
        # An adapter of an earlier release would otherwise stay, and be loaded onto the weights of this one.
        done = api.upload_folder(repo_id=repo, folder_path=artifact.folder, ignore_patterns=["manifest.json"],
                                 delete_patterns="*", commit_message=f"Release {artifact.manifest.key}")
    except HfHubHTTPError as error:
        lines = str(error).strip().split("\n")  # the first one names the address, the last one the hub's own reason
        said = "; ".join(dict.fromkeys((lines[0].strip(), lines[-1].strip())))
        again = error.response is not None and error.response.status_code >= 500
        raise Problem(f"the hub refused ({said})", where=repo, fix="Try again later: what was sent is not sent again"
                      if again else "Check the repository's name and the token's rights") from error
    except (HTTPError, OSError, ValueError, RuntimeError) as error:  # RuntimeError: of the storage for large files
        raise Problem(f"the upload did not end ({' '.join(str(error).split()) or type(error).__name__})", where=repo,
                      fix="Check the repository's name and the network, then try again") from error
    return str(done)
