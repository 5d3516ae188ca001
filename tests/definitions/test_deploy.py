"""The files of ``deploy/``: how Compose and Dagster read them, and what they must not contain. Run elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.code_locations import LOCATION, MODULE

CHECKOUT = Path(__file__).resolve().parents[2]
DEPLOY = CHECKOUT / "deploy"
PASSWORD = "VERNACULAR_POSTGRES_PASSWORD"


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def compose() -> list[str] | None:
    """The command of Compose that is installed here."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            return command
    return None


@pytest.mark.skipif(compose() is None, reason="no Docker Compose is installed (Debian: apt-get install docker-compose)")
@pytest.mark.parametrize("files", [["compose.yaml"], ["compose.yaml", "compose.gpu.yaml"]])
def test_compose_takes_the_files_if_there_is_a_password(files: list[str], tmp_path: Path) -> None:
    for file in DEPLOY.glob("compose*.yaml"):
        shutil.copy(file, tmp_path)
    words = [*(compose() or []), *(word for file in files for word in ("-f", file)), "config"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VERNACULAR")}
    without = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert without.returncode != 0
    assert "set it in .env" in without.stderr
    made = subprocess.run(words, cwd=tmp_path, env=environment | {PASSWORD: "made-up"}, capture_output=True, text=True,
                          check=False)
    assert made.returncode == 0, made.stderr
    services = yaml.safe_load(made.stdout)["services"]
    assert set(services) == {"postgres", "code", "webserver", "daemon"}
    assert [name for name, service in services.items() if service["environment"].get(PASSWORD) == "made-up"] == [
        "code", "daemon", "webserver"]
    assert ("deploy" in services["code"]) == (len(files) == 2)


def test_nothing_is_open_to_others_and_no_password_is_written_down() -> None:
    services = read("compose.yaml")["services"]
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "webserver": ["${VERNACULAR_BIND:-127.0.0.1}:${VERNACULAR_PORT:-3000}:3000"]}
    assert read("compose.yaml")["networks"]["inside"] == {"internal": True}
    assert services["postgres"]["networks"] == ["inside"]
    for service in services.values():
        for name, value in service["environment"].items():
            assert "PASSWORD" not in name or value == f"${{{PASSWORD}:?set it in .env}}"
        assert "/var/run/docker.sock" not in str(service)
    assert f"\n{PASSWORD}=\n" in (DEPLOY / ".env.example").read_text(encoding="utf-8")
    values = read("helm/values.yaml")
    assert values["generatePostgresqlPasswordSecret"] is False
    assert "postgresqlPassword" not in values["postgresql"]
    assert values["dagsterWebserver"]["service"]["type"] == "ClusterIP"


def test_every_variable_that_compose_reads_is_named_in_the_example() -> None:
    wanted = {name for file in DEPLOY.glob("compose*.yaml")
              for name in re.findall(r"\$\{(\w+)", file.read_text(encoding="utf-8"))}
    named = set(re.findall(r"(?m)^#?(\w+)=", (DEPLOY / ".env.example").read_text(encoding="utf-8")))
    assert wanted == named


def test_the_instance_is_that_of_one_machine_but_for_its_storage() -> None:
    shared = read("dagster.yaml")
    storage = shared.pop("storage")
    alone = yaml.safe_load((CHECKOUT / "dagster.yaml").read_text(encoding="utf-8"))
    assert shared == alone
    for value in (storage["postgres"]["postgres_db"][name] for name in ("hostname", "username", "password", "db_name")):
        assert set(value) == {"env"}
    helm = read("helm/values.yaml")
    assert helm["concurrency"] == {
        "enabled": True,
        "pools": {"defaultLimit": alone["concurrency"]["pools"]["default_limit"],
                  "granularity": alone["concurrency"]["pools"]["granularity"],
                  "opGranularityRunBuffer": alone["concurrency"]["pools"]["op_granularity_run_buffer"]},
        "runs": {"maxConcurrentRuns": alone["concurrency"]["runs"]["max_concurrent_runs"],
                 "tagConcurrencyLimits": alone["concurrency"]["runs"]["tag_concurrency_limits"]}}
    queue = helm["dagsterDaemon"]["runCoordinator"]["config"]["customRunCoordinator"]
    assert queue == alone["run_coordinator"] | {"config": {}}
    assert helm["postgresql"]["postgresqlScheme"] == storage["postgres"]["postgres_db"]["scheme"]


def test_all_name_one_code_location_one_image_and_one_home() -> None:
    location = read("workspace.yaml")["load_from"][0]["grpc_server"]["location_name"]
    command = read("compose.yaml")["services"]["code"]["command"].split()
    helm = read("helm/values.yaml")
    code = helm["dagster-user-deployments"]["deployments"][0]
    assert location == command[-1] == code["codeServerArgs"][-1] == code["name"] == LOCATION
    assert MODULE in command
    assert MODULE in code["codeServerArgs"]
    assert code["image"] == helm["dagsterWebserver"]["image"] == helm["dagsterDaemon"]["image"]
    home = re.findall(r"DAGSTER_HOME=(\S+)", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))[0]
    storage = f"{home}/storage"  # where the locks of live runs are, and the logs that the page shows
    for service in ("code", "webserver", "daemon"):
        assert f"storage:{storage}" in read("compose.yaml")["services"][service]["volumes"]
    for pod in (code, helm["dagsterWebserver"], helm["dagsterDaemon"]):
        assert storage in [mount["mountPath"] for mount in pod["volumeMounts"]]
        assert {mount["name"] for mount in pod["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert helm["computeLogManager"]["config"]["customComputeLogManager"]["config"]["base_dir"] == storage


def test_a_job_on_kubernetes_has_its_folders_and_few_rights() -> None:
    """What Dagster's own launcher makes of the values; unknown keys of a pod are refused by Kubernetes' own classes."""
    from dagster_k8s.container_context import K8sContainerContext
    from dagster_k8s.job import DagsterK8sJobConfig, construct_dagster_k8s_job

    helm = read("helm/values.yaml")
    code, run = helm["dagster-user-deployments"]["deployments"][0], helm["runLauncher"]["config"]["k8sRunLauncher"]
    context = K8sContainerContext.create_from_config({"k8s": {
        "image_pull_policy": run["imagePullPolicy"], "security_context": run["securityContext"], "env": code["env"],
        "volumes": code["volumes"], "volume_mounts": code["volumeMounts"], "run_k8s_config": {
            re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): value
            for name, value in run["runK8sConfig"].items()}}})
    job = construct_dagster_k8s_job(DagsterK8sJobConfig(job_image="vernacular", dagster_home="/home"), ["run"], "run",
                                    user_defined_k8s_config=context.run_k8s_config)
    assert job.spec.ttl_seconds_after_finished == 86400
    pod = job.spec.template.spec
    container = pod.containers[0]
    assert {mount.mount_path for mount in container.volume_mounts} == {
        mount["mountPath"] for mount in code["volumeMounts"]}
    assert {volume.name for volume in pod.volumes} == {mount.name for mount in container.volume_mounts}
    environment = {variable.name: variable for variable in container.env}
    assert environment["VERNACULAR_ROOT"].value == "/artifacts"
    assert environment[PASSWORD].value is None
    assert environment[PASSWORD].value_from.secret_key_ref.name == helm["global"]["postgresqlSecretName"]
    assert container.security_context.run_as_non_root
    assert container.security_context.capabilities.drop == ["ALL"]
    assert container.resources.limits == {"memory": "24Gi"}
    assert pod.termination_grace_period_seconds == 90


def test_on_kubernetes_too_the_history_is_repaired_before_the_daemon() -> None:
    """The chart takes such containers unchanged; Kubernetes' own class refuses a key that it does not know."""
    from dagster_k8s.models import k8s_model_from_dict, k8s_snake_case_dict
    from kubernetes.client import V1Container

    helm = read("helm/values.yaml")
    written, = helm["dagsterDaemon"]["extraPrependedInitContainers"]
    repair = k8s_model_from_dict(V1Container, k8s_snake_case_dict(V1Container, written))
    daemon = read("compose.yaml")["services"]["daemon"]["command"].split()
    assert repair.command == daemon[:daemon.index("dagster-daemon")] == ["python", "-m", "pipelines.repair_history"]
    image = helm["dagsterDaemon"]["image"]
    assert repair.image == f"{image['repository']}:{image['tag']}"
    postgres = read("dagster.yaml")["storage"]["postgres"]["postgres_db"].values()
    assert {value["env"] for value in postgres if isinstance(value, dict)} == {variable.name for variable in repair.env}
    assert [mount.mount_path for mount in repair.volume_mounts] == [  # where the locks of live runs are
        mount["mountPath"] for mount in helm["dagsterDaemon"]["volumeMounts"]]
    assert repair.security_context.run_as_non_root


def test_the_page_on_kubernetes_listens_where_one_who_is_not_root_may() -> None:
    """The chart starts the webserver itself at the port of its service, and its probe does not follow that port."""
    page = read("helm/values.yaml")["dagsterWebserver"]
    port = page["service"]["port"]
    assert "\nUSER vernacular\n" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert port >= 1024
    assert page["readinessProbe"]["httpGet"] == {"path": "/server_info", "port": port}
    text = (CHECKOUT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
    forward = re.findall(r"port-forward \S+ \d+:(\d+)", text)
    assert forward == [str(port)]


def copied() -> Iterator[str]:
    """What the Dockerfile copies out of the checkout."""
    for line in (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines():
        if line.startswith("COPY "):
            yield from line.split()[1:-1]


def test_the_image_holds_the_code_and_nothing_else() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n")
    assert "*" in ignored
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    for path in copied():
        assert (CHECKOUT / path).exists(), path
        assert any(path == name or path.startswith(f"{name}/") for name in let_in), path
    assert not let_in & {"languages", "artifacts", "deploy/.env", "."}


def test_docs_name_every_file() -> None:
    page = (CHECKOUT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.name not in (".env", "Dockerfile.dockerignore"):
            assert path.name in page, path.name
