"""The Helm chart: Helm renders it, Kubernetes' schemas accept it, and koe understands its settings."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import kubernetes_validate
import pytest
import yaml
from koe.testing.fakes import FakePlugin
from koe_auth.keys import KeyHash
from koe_metrics.instruments import Instruments
from prometheus_client import CollectorRegistry

from tests.deploy.settings import understood
from tests.deploy.test_dockerfile import configured
from tests.server.live import live

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/koe"
KUBERNETES = ("1.28", "1.34")
REDIS = {"KOE_PLUGINS__CACHE__REDIS__URL": {"name": "redis", "key": "url"}}
EVERYTHING = {
    "keysSecret": "koe-keys",
    "secretEnv": REDIS,
    "env": {"KOE_LOG__LEVEL": "debug", "KOE_CACHE__TIERS": '["memory", "redis"]'},
    "autoscaling": {"enabled": True},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "networkPolicy": {
        "enabled": True,
        "from": [{"namespaceSelector": {}}],
        "metricsFrom": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
    },
    "models": {"existingClaim": "models", "download": False},
    "image": {"repository": "registry.example/koe", "tag": "0.1.0-gpu", "pullSecrets": [{"name": "pull"}]},
    "resources": {"limits": {"nvidia.com/gpu": 1}},
    "runtimeClassName": "nvidia",
    "serviceAccountName": "koe",
    "podAnnotations": {"example.com/team": "voices"},
    "podLabels": {"tier": "speech"},
    "nodeSelector": {"gpu": "yes"},
    "tolerations": [{"key": "gpu", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "config": {
        "server": {"trusted_proxies": ["10.1.0.0/16"], "drain_timeout_s": 12.5},
        "limits": {"max_characters": 2_000_000},
        "voices": {"aliases": {'the "old" one': "af_heart"}},
        "lexicon": {
            "entries": [{"word": "koe", "say": "ko-eh", "language": "en"}],
            "words": {"Łódź": "woodge"},
        },
        "plugins": {"metrics": {"port": 9999}, "auth": {"keys": {}}},
    },
}
NOTHING = {
    "config": {
        "plugins": {"enabled": ["text", "espeak", "formats"], "metrics": None},
        "log": None,
        "cache": {"tiers": None},
    },
    "models": {"download": False},
    "podDisruptionBudget": {"enabled": False},
}
CASES = {"default": {}, "everything": EVERYTHING, "nothing": NOTHING}
OUTER_ONES = ["security", "cors", "metrics"]
DOWNLOADING = {
    "config": {"plugins": {"kokoro": {"variant": "int8"}}},
    "env": {"KOE_MODEL_BASE_URL": "https://mirror.example"},
    "secretEnv": REDIS,
}
PLACES = {
    "auth has no place": ([*OUTER_ONES, "ratelimit", "text"], [*OUTER_ONES, "auth", "ratelimit", "text"]),
    "auth has a place": (["metrics", "text", "auth"], ["metrics", "text", "auth"]),
}
WRONG = {
    "a key that is none": ({"replica": 3}, "replica"),
    "a text for a number": ({"replicas": "two"}, "replicas"),
    "a port of koe": ({"config": {"server": {"port": 80}}}, "port"),
    "a variable of others": ({"secretEnv": {"PATH": {"name": "a", "key": "b"}}}, "PATH"),
    "scaling by nothing": (
        {"autoscaling": {"enabled": True, "requestsInFlight": 0, "cpuPercent": 0}},
        "one of requestsInFlight and cpuPercent",
    ),
    "scaling by a metric that is not there": (
        {"autoscaling": {"enabled": True}, "config": {"plugins": {"enabled": ["text"]}}},
        "needs the plugin metrics",
    ),
}

pytestmark = pytest.mark.skipif(
    find_spec("helm_python") is None,
    reason="helm-python-sdk (requirements-dev.txt) has no build for this machine",
)


@pytest.fixture(scope="module")
def helm():
    """What Helm makes of all cases."""
    wrong = {name: values for name, (values, _) in WRONG.items()}
    places = {
        name: {"keysSecret": "koe-keys", "config": {"plugins": {"enabled": enabled}}}
        for name, (enabled, _) in PLACES.items()
    }
    cases = CASES | wrong | places | {"downloading": DOWNLOADING}
    asked = {"chart": str(CHART), "cases": cases}
    done = subprocess.run(
        [sys.executable, "-m", "tests.deploy.helm_process"],
        cwd=ROOT,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=list(CASES))
def case(request):
    return request.param


@pytest.fixture
def objects(helm, case):
    """All objects of a case by kind; the second service is called `MetricsService`."""
    assert case in helm["rendered"], helm["refused"]
    found: dict[str, Any] = {}
    for name, text in helm["rendered"][case].items():
        if name.endswith(".yaml"):
            for one in yaml.safe_load_all(text):
                if one:
                    found["MetricsService" if one["kind"] in found else one["kind"]] = one
    return found


@pytest.fixture
def pod(objects):
    return objects["Deployment"]["spec"]["template"]["spec"]


def container(pod):
    [only] = pod["containers"]
    return only


def configuration(objects, tmp_path):
    """What koe makes of the ConfigMap and the variables, with a keys file and values for secrets."""
    keys = tmp_path / "keys.toml"
    keys.write_text(f'[keys.test]\nhash = "{KeyHash.of("k" * 40).reveal()}"\n', encoding="utf-8")
    text = objects["ConfigMap"]["data"]["koe.toml"]
    file = tmp_path / "koe.toml"
    file.write_text(text.replace("/etc/koe/keys/keys.toml", str(keys)), encoding="utf-8")
    variables = container(objects["Deployment"]["spec"]["template"]["spec"]).get("env", [])
    environ = {one["name"]: one.get("value", "redis://redis:6379/0") for one in variables}
    return understood([file], configured("cpu").environ | environ)


def test_helm_lint_finds_nothing(helm, case):
    """But that the chart has no icon, which it tells as information."""
    worse = [message for message in helm["lint"][case] if message["severity"] > 1]
    assert worse == []


@pytest.mark.parametrize("name", list(WRONG))
def test_wrong_values_are_refused(helm, name):
    assert WRONG[name][1] in helm["refused"][name]


def test_the_schema_knows_every_value():
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))["properties"]
    assert set(schema) == {*values, "global"}
    for name, inner in values.items():
        if "properties" in schema[name] and schema[name].get("additionalProperties") is False:
            assert set(inner) == set(schema[name]["properties"]), name


def test_the_chart_has_koe_s_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (project["version"], project["version"])


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_accepts_every_object(objects, version):
    for kind, one in objects.items():
        if kind != "ServiceMonitor":  # the operator's, not Kubernetes'
            kubernetes_validate.validate(one, version, strict=True)


def test_there_is_what_the_values_ask_for(objects, case):
    expected = {
        "default": {"PodDisruptionBudget", "MetricsService"},
        "everything": {
            *("PodDisruptionBudget", "HorizontalPodAutoscaler"),
            *("MetricsService", "ServiceMonitor", "NetworkPolicy"),
        },
        "nothing": set(),
    }
    assert set(objects) == {"ConfigMap", "Deployment", "Service"} | expected[case]


def test_koe_understands_its_configuration(objects, case, tmp_path):
    found = configuration(objects, tmp_path)
    settings = found.settings
    assert settings.server.host == "0.0.0.0"
    assert ("auth" in settings.plugins.enabled) == (case == "everything")
    if case == "everything":
        assert settings.plugins.enabled[:2] == ("metrics", "auth")
        assert settings.limits.max_characters == 2_000_000
        assert settings.voices.aliases == {'the "old" one': "af_heart"}
        assert settings.lexicon.words == {"Łódź": "woodge"}
        assert settings.lexicon.entries[0].say == "ko-eh"
        assert settings.server.trusted_proxies == ("10.1.0.0/16",)
        assert settings.cache.tiers == ("memory", "redis")


@pytest.mark.parametrize("name", list(PLACES))
def test_auth_is_behind_what_has_to_see_what_it_refuses_or_where_the_values_put_it(helm, name):
    text = helm["rendered"][name]["koe/templates/configmap.yaml"]
    config = tomllib.loads(yaml.safe_load(text)["data"]["koe.toml"])
    assert config["plugins"]["enabled"] == PLACES[name][1]


def test_secrets_stay_in_secrets(objects, case):
    text = json.dumps(objects["ConfigMap"])
    assert "redis://" not in text
    if case == "everything":
        spec = objects["Deployment"]["spec"]["template"]["spec"]
        [secret] = [one for one in container(spec)["env"] if "valueFrom" in one]
        assert secret["valueFrom"] == {"secretKeyRef": REDIS[secret["name"]]}


def test_pods_have_no_rights_and_cannot_write_but_to_their_volumes(pod):
    image = configured("cpu")
    user = int(image.user.partition(":")[0])
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == user
    assert pod["automountServiceAccountToken"] is False
    for one in [*pod["containers"], *pod.get("initContainers", [])]:
        assert one["securityContext"]["readOnlyRootFilesystem"] is True
        assert one["securityContext"]["allowPrivilegeEscalation"] is False
        assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounted = {mount["mountPath"]: mount for mount in container(pod)["volumeMounts"]}
    assert {mount["name"] for mount in mounted.values()} == volumes
    assert set(mounted) >= {"/tmp", *image.volumes}
    assert {path for path, mount in mounted.items() if not mount.get("readOnly")} == {
        "/tmp",
        "/var/cache/koe",
    }


def test_the_download_fetches_what_koe_will_look_for(helm):
    """It has the same configuration, from the same file and variables, and may write the models."""
    text = helm["rendered"]["downloading"]["koe/templates/deployment.yaml"]
    pod = yaml.safe_load(text)["spec"]["template"]["spec"]
    [download] = pod["initContainers"]
    koe = container(pod)
    assert download["args"] == ["model", "download", *koe["args"][1:]]
    assert download["env"] == koe["env"]
    models = {"name": "models", "mountPath": "/models"}
    assert models in download["volumeMounts"]
    others = [mount for mount in koe["volumeMounts"] if mount != {**models, "readOnly": True}]
    assert all(mount in download["volumeMounts"] for mount in others)


def test_pods_are_given_time_to_drain(pod, objects, tmp_path):
    drain_s = configuration(objects, tmp_path).settings.server.drain_timeout_s
    wait_s = int(container(pod)["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= drain_s + wait_s + 20


def test_probes_ask_what_koe_answers(pod):
    probes = {
        name: container(pod)[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")
    }
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert probes["liveness"]["path"] == "/health/live"
    assert probes["readiness"]["path"] == probes["startup"]["path"] == "/health/ready"
    with live(FakePlugin()) as server:
        for probe in probes.values():
            assert httpx.get(server.url + probe["path"]).status_code == 200


def test_ports_are_those_that_koe_listens_on(pod, objects, case, tmp_path):
    found = configuration(objects, tmp_path)
    ports = {port["name"]: port["containerPort"] for port in container(pod)["ports"]}
    expected = {"http": found.settings.server.port}
    if case != "nothing":
        expected["metrics"] = found.plugin_table("metrics")["port"]
        assert found.plugin_table("metrics")["host"] == "0.0.0.0"
    assert ports == expected


def test_it_scales_by_a_metric_that_exists(helm):
    text = helm["rendered"]["everything"]["koe/templates/hpa.yaml"]
    by = {metric["type"]: metric for metric in yaml.safe_load(text)["spec"]["metrics"]}
    assert set(by) == {"Pods", "Resource"}
    metrics = [
        one for one in vars(Instruments(CollectorRegistry(), "fake")).values() if hasattr(one, "_name")
    ]
    gauges = {one._name for one in metrics if one._type == "gauge" and not one._labelnames}
    assert by["Pods"]["pods"]["metric"]["name"] in gauges


def test_services_and_the_monitor_find_what_they_look_for(objects, case):
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    ports = {port["name"] for port in container(objects["Deployment"]["spec"]["template"]["spec"])["ports"]}
    for service in (objects["Service"], objects.get("MetricsService")):
        if service:
            assert service["spec"]["selector"].items() <= labels
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    if case == "everything":
        monitor, service = objects["ServiceMonitor"]["spec"], objects["MetricsService"]
        assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert (
            not monitor["selector"]["matchLabels"].items() <= objects["Service"]["metadata"]["labels"].items()
        )
        assert [end["port"] for end in monitor["endpoints"]] == [service["spec"]["ports"][0]["name"]]
        # The alerts and the dashboard ask for this job.
        assert service["metadata"]["labels"][monitor["jobLabel"]] == "koe"


def test_a_changed_configuration_starts_new_pods(helm):
    sums = {
        one
        for name in CASES
        for one in re.findall(
            r"checksum/config: (\w+)", helm["rendered"][name]["koe/templates/deployment.yaml"]
        )
    }
    assert len(sums) == len(CASES)


def test_the_image_is_said_to_need_the_extras_that_the_chart_can_use():
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    assert re.findall(r"PLUGINS=([\w,]+)", text) == ["auth,cache,limits,metrics,redis"]
