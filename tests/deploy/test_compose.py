"""The compose files: hardened containers, and settings, files and addresses that exist and fit together."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from koe.config import Configuration
from koe.settings import Settings
from koe_auth.keys import KeyHash

from deploy.docker.requirement import extras
from tests.deploy.settings import understood
from tests.deploy.test_dockerfile import DOCKERFILE, configured

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy/compose"
FILES = {
    name: yaml.safe_load((COMPOSE / name).read_text("utf-8"))
    for name in ("single.yaml", "replicas.yaml", "monitoring.yaml")
}
NGINX = (COMPOSE / "nginx.conf").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GIVEN_BY_THE_OPERATOR = {"keys.toml", "tls"}
SERVICES = [(file, name) for file, content in FILES.items() for name in content["services"]]
KOES = [(file, name) for file, name in SERVICES if name.startswith("koe")]


def service(file, name):
    return FILES[file]["services"][name]


def mounts(file, name):
    """Source and target of each mount."""
    for mount in service(file, name).get("volumes", []):
        if isinstance(mount, str):
            source, target = mount.split(":")[:2]
            yield source, target
        else:
            yield mount["source"], mount["target"]


def configuration(file, name, tmp_path) -> Configuration:
    """What koe makes of the service's files and variables, with a keys file of one key."""
    keys = tmp_path / "keys.toml"
    keys.write_text(f'[keys.test]\nhash = "{KeyHash.of("k" * 40).reveal()}"\n', encoding="utf-8")
    inside = {target: COMPOSE / source for source, target in mounts(file, name)}
    serve, option, path = service(file, name)["command"]
    assert (serve, option) == ("serve", "--config")
    own = tmp_path / inside[path].name
    own.write_text(inside[path].read_text("utf-8").replace("/etc/koe/keys.toml", str(keys)), encoding="utf-8")
    return understood([own], configured("cpu").environ | service(file, name).get("environment", {}))


@pytest.mark.parametrize(("file", "name"), SERVICES)
class TestEveryService:
    def test_it_cannot_write_and_has_no_rights(self, file, name):
        container = service(file, name)
        assert container["read_only"] is True
        assert container["cap_drop"] == ["ALL"]
        assert container["security_opt"] == ["no-new-privileges:true"]
        assert container["pids_limit"] >= 1024  # of threads, and pools have one for each core
        assert container["restart"] == "unless-stopped"
        assert not container.get("privileged")

    def test_it_has_a_health_check(self, file, name):
        """koe's own is the image's."""
        if (file, name) in KOES:
            assert "healthcheck" not in service(file, name)
            assert configured("cpu").health
        else:
            assert service(file, name)["healthcheck"]["test"][0] == "CMD"

    def test_its_image_has_a_version(self, file, name):
        image, _, tag = service(file, name)["image"].rpartition(":")
        assert re.fullmatch(r"v?\d+\.\d+\.\d+(-[\w.]+)?", tag)
        assert (image == "koe") == ((file, name) in KOES)
        if image == "koe":
            assert tag == PROJECT["version"]

    def test_what_it_mounts_exists(self, file, name):
        for source, _ in mounts(file, name):
            if source.startswith("."):
                assert Path(source).name in GIVEN_BY_THE_OPERATOR or (COMPOSE / source).exists(), source
            else:
                assert source in FILES[file]["volumes"], source

    def test_what_it_depends_on_says_when_it_is_healthy(self, file, name):
        for other, how in service(file, name).get("depends_on", {}).items():
            assert other in FILES[file]["services"]
            assert how == {"condition": "service_healthy"}

    def test_no_secret_stands_in_the_file(self, file, name):
        for variable, value in service(file, name).get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|TOKEN", variable):
                assert value.startswith("${"), variable


@pytest.mark.parametrize(("file", "name"), KOES)
class TestKoe:
    def test_its_configuration_is_understood(self, file, name, tmp_path):
        settings = configuration(file, name, tmp_path).settings
        assert settings.server.host == "0.0.0.0"
        assert settings.log.format == "json"

    def test_it_is_given_time_to_drain(self, file, name, tmp_path):
        grace_s = int(service(file, name)["stop_grace_period"].removesuffix("s"))
        assert grace_s >= configuration(file, name, tmp_path).settings.server.drain_timeout_s + 20

    def test_its_image_has_the_plugins_that_it_enables(self, file, name, tmp_path):
        build = service(file, name)["build"]
        assert (COMPOSE / build["context"]).resolve() == ROOT
        assert build["target"] in {stage.name for stage in DOCKERFILE.stages}
        wanted = build["args"]["PLUGINS"].split(",")
        assert set(wanted) <= set(extras())
        brought = [
            *PROJECT["dependencies"],
            *(one for extra in wanted for one in PROJECT["optional-dependencies"][extra]),
        ]
        names = {one.partition(" ")[0].partition("[")[0] for one in brought}
        found = configuration(file, name, tmp_path)
        for plugin in found.settings.plugins.enabled:
            assert distribution(plugin) in names, plugin
        text = (COMPOSE / next(mounts(file, name))[0]).read_text(encoding="utf-8")
        assert "redis" in wanted or "redis://" not in text
        # All files build the same image under the same name.
        assert build == service("single.yaml", "koe")["build"]

    def test_it_can_write_where_it_has_to(self, file, name):
        writable = {place.partition(":")[0] for place in service(file, name)["tmpfs"]}
        writable |= {target for source, target in mounts(file, name) if not source.startswith(".")}
        assert writable == {"/tmp", *configured("cpu").volumes}

    def test_it_is_not_open_to_the_world(self, file, name):
        for port in service(file, name).get("ports", []):
            assert port == "127.0.0.1:8354:8354"


def distribution(plugin: str) -> str:
    for file in [ROOT / "core/pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]:
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        if plugin in project["entry-points"]["koe.v1"]:
            return str(project["name"])
    raise AssertionError(plugin)


class TestReplicas:
    def test_nginx_alone_is_believed_and_sends_to_the_replicas(self, tmp_path):
        addresses = {
            name: service("replicas.yaml", name)["networks"]["inside"]["ipv4_address"]
            for name in ("koe-1", "koe-2", "nginx")
        }
        for name in ("koe-1", "koe-2"):
            settings = configuration("replicas.yaml", name, tmp_path).settings
            assert settings.server.trusted_proxies == (addresses["nginx"],)
            port = settings.server.port
        upstreams = re.findall(r"^\s*server (\S+)", NGINX.partition("upstream koe")[2], re.MULTILINE)[:2]
        assert upstreams == [f"{addresses['koe-1']}:{port}", f"{addresses['koe-2']}:{port}"]
        [network] = FILES["replicas.yaml"]["networks"]["inside"]["ipam"]["config"]
        assert network["gateway"] not in addresses.values()

    def test_koe_and_redis_are_reached_through_nginx_alone(self):
        assert FILES["replicas.yaml"]["networks"]["inside"]["internal"] is True
        for name in ("koe-1", "koe-2", "redis"):
            assert "ports" not in service("replicas.yaml", name)
            assert list(service("replicas.yaml", name)["networks"]) == ["inside"]

    def test_the_redis_that_is_named_is_there(self):
        config = tomllib.loads((COMPOSE / "config/replicas.toml").read_text(encoding="utf-8"))
        for url in (config["plugins"]["cache"]["redis"]["url"], config["plugins"]["ratelimit"]["storage"]):
            assert re.fullmatch(r"redis://redis:6379/\d", url)
        assert "redis" in FILES["replicas.yaml"]["services"]

    def test_nginx_has_koe_s_limits(self):
        settings = Settings()
        said = dict(re.findall(r"^\s*(\w+) (\d+)s?;", NGINX, re.MULTILINE))
        assert int(said["client_max_body_size"]) == settings.limits.max_body_bytes
        assert int(said["client_body_timeout"]) == settings.limits.body_timeout_s
        assert int(said["client_header_timeout"]) == settings.server.header_timeout_s
        assert int(said["proxy_read_timeout"]) > settings.http.stream_session_timeout_s
        assert int(said["proxy_send_timeout"]) > settings.http.stream_stall_timeout_s

    def test_the_published_ports_are_those_that_nginx_listens_on(self):
        published = {port.split(":")[1] for port in service("replicas.yaml", "nginx")["ports"]}
        assert published == set(re.findall(r"listen (\d+)[ ;]", NGINX))


class TestMonitoring:
    def test_prometheus_alone_may_read_the_metrics(self, tmp_path):
        found = configuration("monitoring.yaml", "koe", tmp_path)
        address = service("monitoring.yaml", "prometheus")["networks"]["monitoring"]["ipv4_address"]
        assert found.plugin_table("metrics")["allow"] == [address]

    def test_prometheus_finds_koe_its_rules_and_its_own_settings(self):
        config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
        assert config["scrape_configs"][0]["static_configs"] == [{"targets": ["koe:8354"]}]
        inside = dict(map(reversed, mounts("monitoring.yaml", "prometheus")))
        flags = dict(
            one.lstrip("-").split("=") for one in service("monitoring.yaml", "prometheus")["command"]
        )
        folder, _, name = flags["config.file"].rpartition("/")
        assert (COMPOSE / inside[folder] / name).is_file()
        assert (COMPOSE / inside[folder] / config["rule_files"][0]).is_file()
        assert flags["storage.tsdb.path"] in inside

    def test_grafana_finds_prometheus_and_the_dashboard(self):
        [source] = yaml.safe_load((COMPOSE / "grafana/datasources/prometheus.yaml").read_text())[
            "datasources"
        ]
        assert source["url"] == "http://prometheus:9090"
        [provider] = yaml.safe_load((COMPOSE / "grafana/dashboards/koe.yaml").read_text())["providers"]
        inside = dict(map(reversed, mounts("monitoring.yaml", "grafana")))
        [dashboard] = (COMPOSE / inside[provider["options"]["path"]]).glob("*.json")
        assert json.loads(dashboard.read_text(encoding="utf-8"))["uid"] == "koe"
