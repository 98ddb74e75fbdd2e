"""The Helm chart, linted and rendered by Helm: what it makes of its values, and what it refuses."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lotkeeper_server.settings import Settings, read_settings

from tests.helm_program import found_helm

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/lotkeeper"
HELM = found_helm()
PLAINTEXT = ("allowPlaintext=true",)
ON_DATABASE = ("database.existingSecret=lotkeeper-database", "tls.existingSecret=lotkeeper-tls")
KINDS = [
    pytest.param(PLAINTEXT, id="embedded"),
    pytest.param(ON_DATABASE, id="database"),
    pytest.param((*ON_DATABASE, "tls.clientCaSecret=ca", "metrics.serviceMonitor.enabled=true"), id="everything"),
    pytest.param(("bootstrap=true",), id="bootstrap"),
]

pytestmark = pytest.mark.skipif(HELM is None, reason="there is no helm here; `make test-helm` fetches it")


def helm(*words: str) -> subprocess.CompletedProcess[str]:
    assert HELM is not None
    return subprocess.run([HELM, *words], capture_output=True, text=True, check=False)


def set_to(values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in ("--set", value)]


def rendered(values: tuple[str, ...]) -> list[dict[str, Any]]:
    """The objects that the chart makes."""
    done = helm("template", "plant", str(CHART), "--namespace", "factory", *set_to(values))
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def refused(*values: str) -> str:
    done = helm("template", "plant", str(CHART), *set_to(values))
    assert done.returncode != 0
    return done.stderr


def one_of(kind: str, objects: list[dict[str, Any]]) -> dict[str, Any]:
    [found] = [one for one in objects if one["kind"] == kind]
    return found


def pods(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The specification of each pod."""
    for one in objects:
        if one["kind"] in {"StatefulSet", "Deployment", "Job"}:
            yield one["spec"]["template"]["spec"]


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]


@pytest.mark.parametrize("values", KINDS)
def test_helm_finds_nothing_wrong_with_it(values: tuple[str, ...]) -> None:
    done = helm("lint", "--strict", str(CHART), *set_to(values))
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_a_database_it_is_one_pod_with_a_volume() -> None:
    """The embedded store has one writer, and no budget that would block each drain."""
    objects = rendered(PLAINTEXT)
    kinds = sorted(one["kind"] for one in objects)
    assert kinds == ["NetworkPolicy", "Service", "Service", "ServiceAccount", "StatefulSet"]
    spec = one_of("StatefulSet", objects)["spec"]
    assert spec["replicas"] == 1
    [claim] = spec["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    [server] = spec["template"]["spec"]["containers"]
    assert {"name": "store", "mountPath": "/var/lib/lotkeeper"} in server["volumeMounts"]


def test_on_a_server_database_it_is_many_pods_a_budget_and_a_migration_before_them() -> None:
    objects = rendered((*ON_DATABASE, "replicas=3"))
    assert one_of("Deployment", objects)["spec"]["replicas"] == 3
    assert one_of("PodDisruptionBudget", objects)["spec"]["maxUnavailable"] == 1
    job = one_of("Job", objects)
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["migrate"]
    assert not [one for one in rendered((*ON_DATABASE, "replicas=1")) if one["kind"] == "PodDisruptionBudget"]


@pytest.mark.parametrize("values", KINDS)
def test_every_container_is_restricted(values: tuple[str, ...]) -> None:
    """As the Pod Security Standard of that name demands, and with a file system that it cannot write to."""
    for pod in pods(rendered(values)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("values", KINDS)
def test_every_volume_that_is_mounted_is_there(values: tuple[str, ...]) -> None:
    for one in rendered(values):
        if one["kind"] in {"StatefulSet", "Deployment", "Job"}:
            pod = one["spec"]["template"]["spec"]
            claims = [claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])]
            there = {volume["name"] for volume in pod["volumes"]} | set(claims)
            mounted = {mount["name"] for container in containers(pod) for mount in container["volumeMounts"]}
            assert mounted == there


@pytest.mark.parametrize("values", KINDS)
def test_services_budgets_and_policies_select_the_servers_pods_alone(values: tuple[str, ...]) -> None:
    objects = rendered(values)
    [workload] = [one for one in objects if one["kind"] in {"StatefulSet", "Deployment"}]
    labels = workload["spec"]["template"]["metadata"]["labels"]
    selectors = [workload["spec"]["selector"]["matchLabels"]]
    for one in objects:
        spec = one.get("spec", {})
        if one["kind"] == "Service":
            selectors.append(spec["selector"])
        elif one["kind"] == "PodDisruptionBudget":
            selectors.append(spec["selector"]["matchLabels"])
        elif one["kind"] == "NetworkPolicy":
            selectors.append(spec["podSelector"]["matchLabels"])
    for selector in selectors:
        assert selector.items() <= labels.items()
    for job in (one for one in objects if one["kind"] == "Job"):
        assert not selectors[0].items() <= job["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("values", KINDS)
def test_probes_ask_the_pages_of_metrics(values: tuple[str, ...]) -> None:
    """Only readiness asks for the store: a restart would not bring it back."""
    [server] = [one for pod in pods(rendered(values)) for one in pod["containers"] if one["name"] == "server"]
    pages = {name: server[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert pages == {
        "startupProbe": {"path": "/healthz", "port": "metrics"},
        "livenessProbe": {"path": "/healthz", "port": "metrics"},
        "readinessProbe": {"path": "/readyz", "port": "metrics"},
    }
    assert {"name": "metrics", "containerPort": 9464} in server["ports"]


@pytest.mark.parametrize("values", KINDS)
def test_the_environment_is_settings_that_the_server_takes(
    values: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Every number as it was written: Helm makes floats of them."""
    given = {
        "log_level": "warning",
        "shutdown_seconds": 12.5,
        "queue_bytes_max": 67108864,
        "connections_max": 1000000,
        "reflection": False,
    }
    objects = rendered((*values, *(f"settings.{name}={str(value).lower()}" for name, value in given.items())))
    (tmp_path / "url").write_text("postgresql+psycopg://db/lotkeeper")
    for pod in pods(objects):
        for variable in (one for container in containers(pod) for one in container.get("env", [])):
            assert variable["name"].removeprefix("LOTKEEPER_").lower() in Settings.model_fields
            monkeypatch.setenv(variable["name"], variable["value"].replace("/etc/lotkeeper/database", str(tmp_path)))
    settings = read_settings({}, None)
    assert {name: getattr(settings, name) for name in given} == given
    assert settings.listen == ("127.0.0.1:50051" if "bootstrap=true" in values else "0.0.0.0:50051")


def test_no_secret_is_in_what_it_makes() -> None:
    """It only names them; the URL of the store is a file."""
    objects = rendered(ON_DATABASE)
    assert not [one for one in objects if one["kind"] in {"Secret", "ConfigMap"}]
    for pod in pods(objects):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert volumes["database"]["secret"]["secretName"] == "lotkeeper-database"
        assert volumes["database"]["secret"]["defaultMode"] == 0o440


def test_the_network_policy_lets_in_calls_and_scrapes_and_out_names_and_the_database() -> None:
    spec = one_of("NetworkPolicy", rendered((*ON_DATABASE, "database.port=5433")))["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert [rule["ports"][0]["port"] for rule in spec["ingress"]] == ["grpc", "metrics"]
    assert spec["ingress"][1]["from"] == [{"podSelector": {}}]
    assert [port["port"] for rule in spec["egress"] for port in rule["ports"]] == [53, 53, 5433]
    embedded = one_of("NetworkPolicy", rendered(PLAINTEXT))["spec"]
    assert [port["port"] for rule in embedded["egress"] for port in rule["ports"]] == [53, 53]


def test_what_would_not_serve_is_refused_before_it_is_installed() -> None:
    assert "tls.existingSecret, or allowPlaintext=true" in refused()
    assert "tls.clientCaSecret needs" in refused("allowPlaintext=true", "tls.clientCaSecret=x")
    assert "more than one needs a server database" in refused("allowPlaintext=true", "settings.processes=2")
    assert "replicas" in refused(*ON_DATABASE, "replicas=0")
    assert "additional propert" in refused(*ON_DATABASE, "databse.port=1").lower()
    for name in ("listen", "database_url", "tls_key_file"):
        assert name in refused(*ON_DATABASE, f"settings.{name}=x")


def test_the_charts_version_is_the_programs() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert f'\nversion = "{chart["appVersion"]}"\n' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("version", ["1.25", "1.37"])
@pytest.mark.parametrize("values", KINDS)
def test_kubernetes_knows_every_field(values: tuple[str, ...], version: str) -> None:
    """By the schemas of the oldest version that the chart allows and of a new one; a monitor is the operator's."""
    schemas = pytest.importorskip("kubernetes_validate", reason="`make test-helm` brings kubernetes-validate")
    for one in rendered(values):
        if one["kind"] != "ServiceMonitor":
            schemas.validate(one, version, strict=True)
