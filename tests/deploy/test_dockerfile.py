"""The Dockerfile's steps run one by one, and what they make serves as a container would."""

import io
import re
import shutil
import subprocess
import sys
import tomllib
import wave
from pathlib import Path

import pytest
from koe.testing.tiny_model import write_tiny_model

from deploy.docker.requirement import extras, requirement
from tests.deploy.dockerfile import Dockerfile, Ignored, Image
from tests.deploy.image import can_contain
from tests.deploy.running import Running
from tests.deploy.settings import understood

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
DOCKERFILE = Dockerfile.read(TEXT)
HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent))
PLACES = ("/models", "/var/cache/koe")
SPEAK = """
import sys, urllib.request
body = b'{"input": "The quick brown fox.", "response_format": "wav", "stream": false}'
url = "http://127.0.0.1:8354/v1/audio/speech"
request = urllib.request.Request(url, body, {"content-type": "application/json"})
answer = urllib.request.urlopen(request, timeout=60)
print(answer.headers["koe-engine"], answer.read().hex())
"""

needs_namespaces = pytest.mark.skipif(
    not can_contain(), reason="needs rights to make namespaces and mounts, as root has"
)
pytestmark = [pytest.mark.packaging, pytest.mark.timeout(600)]


def configured(target: str) -> Image:
    """The image's settings, without building anything."""
    image = Image()
    for stage in DOCKERFILE.needed(target):
        if stage.name in {target, "runtime"}:
            for step in stage.steps:
                if step.name not in {"RUN", "COPY"}:
                    image.take(step, {})
    return image


class TestFile:
    @pytest.mark.skipif(
        HADOLINT is None, reason="hadolint (requirements-dev.txt) has no build for this machine"
    )
    def test_hadolint_finds_nothing(self):
        assert HADOLINT
        found = subprocess.run(
            [HADOLINT, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
        )
        assert (found.returncode, found.stdout + found.stderr) == (0, "")

    @pytest.mark.skipif(
        HADOLINT is None, reason="hadolint (requirements-dev.txt) has no build for this machine"
    )
    def test_hadolint_would_find_something(self, tmp_path):
        bad = tmp_path / "Dockerfile"
        bad.write_text("FROM python:latest\nRUN apt-get install nginx\n", encoding="utf-8")
        assert HADOLINT
        found = subprocess.run([HADOLINT, bad], capture_output=True, text=True, check=False)
        assert found.returncode == 1
        assert "DL3007" in found.stdout

    def test_bases_are_pinned_to_a_version(self):
        names = {stage.name for stage in DOCKERFILE.stages}
        bases = {stage.base for stage in DOCKERFILE.stages} - names
        assert bases
        for base in bases:
            assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+-[\w.-]+", base), base

    def test_the_default_target_is_cpu_and_there_is_one_for_gpus(self):
        assert DOCKERFILE.stages[-1].name == "cpu"
        assert [stage.name for stage in DOCKERFILE.needed("gpu")] == ["build", "build-gpu", "runtime", "gpu"]

    def test_the_image_says_which_version_it_is(self):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        labels = configured("cpu").labels
        assert labels["org.opencontainers.image.version"] == project["version"]
        assert set(labels) == {
            f"org.opencontainers.image.{name}"
            for name in ("title", "description", "version", "revision", "licenses")
        }

    @pytest.mark.parametrize("target", ["cpu", "gpu"])
    def test_its_environment_is_understood(self, target):
        image = configured(target)
        settings = understood([], image.environ).settings
        assert settings.server.host == "0.0.0.0"
        assert image.ports == [str(settings.server.port)]
        assert settings.inference.providers == (("cuda",) if target == "gpu" else ("cpu",))

    @pytest.mark.parametrize("target", ["cpu", "gpu"])
    def test_it_runs_as_nobody_in_particular(self, target):
        image = configured(target)
        assert image.user == "10001:10001"
        assert image.stop_signal == "SIGTERM"
        assert tuple(image.volumes) == PLACES

    def test_a_build_gets_nothing_but_what_it_copies(self):
        taken = list(Ignored((ROOT / ".dockerignore").read_text(encoding="utf-8")).files(ROOT))
        tops = {name.partition("/")[0] for name in taken}
        assert tops == {"pyproject.toml", "README.md", "LICENSE", "core", "plugins", "deploy"}
        assert {name for name in taken if name.startswith("deploy/")} == {
            f"deploy/docker/{name}.py" for name in ("has_provider", "health", "requirement")
        }
        assert not [name for name in taken if re.search(r"__pycache__|\.pyc$|egg-info|/\.\w+_cache/", name)]


class TestPlugins:
    def test_names_become_extras(self):
        assert requirement("", extras()) == "."
        assert requirement("auth,cache, metrics", extras()) == ".[auth,cache,metrics]"
        assert requirement("auth auth", extras()) == ".[auth]"

    def test_a_name_that_is_no_extra_ends_the_build_with_those_there_are(self):
        command = [sys.executable, "deploy/docker/requirement.py", "auth,metrix"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert "'metrix'" in done.stderr
        for name in extras():
            assert name in done.stderr

    def test_a_missing_execution_provider_ends_the_build(self):
        command = [sys.executable, "deploy/docker/has_provider.py"]
        for name, code in (("CPUExecutionProvider", 0), ("MadeUpExecutionProvider", 1)):
            done = subprocess.run([*command, name], cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == code, done.stderr


@needs_namespaces
class TestContainer:
    """As `docker run --read-only --tmpfs /tmp`, with two volumes."""

    @pytest.fixture
    def volumes(self, tmp_path):
        folders = {place: tmp_path / Path(place).name for place in PLACES}
        for folder in folders.values():
            folder.mkdir()
            shutil.chown(folder, 10001, 10001)
        return {place: str(folder) for place, folder in folders.items()}

    def test_it_serves_two_processes_from_a_file_system_that_cannot_be_written(self, image, volumes):
        built = image.stage("cpu")
        write_tiny_model(Path(volumes["/models"]))
        command = (*built.image.entrypoint, *built.image.command, "--workers", "2")
        options = {"volumes": volumes, "tmpfs": ["/tmp"], "read_only": True}
        with Running(built.container(*command, **options)) as container:
            container.wait_until_healthy(built.image.health)
            engine, _, audio = self.spoken(container)
            assert engine == "kokoro"
            with wave.open(io.BytesIO(bytes.fromhex(audio))) as wav:
                assert wav.getnframes() / wav.getframerate() > 0.3
            written = container.execute("sh", "-c", "touch /opt/koe/x /etc/x /x /tmp/x")
            assert written.stderr.count("Read-only file system") == 3
            assert container.stop(built.image.stop_signal) == 0, container.logged()
            assert "server_draining" in container.logged()

    def test_one_process_needs_no_place_to_write_at_all(self, image):
        built = image.stage("cpu")
        command = (*built.image.entrypoint, *built.image.command)
        with Running(built.container(*command, read_only=True)) as container:
            container.wait_until_healthy(built.image.health)
            assert self.spoken(container)[0] == "espeak"
            assert container.stop("SIGTERM") == 0

    def test_several_processes_without_tmp_say_what_they_need(self, image):
        built = image.stage("cpu")
        command = (*built.image.entrypoint, *built.image.command, "--workers", "2")
        with Running(built.container(*command, read_only=True)) as container:
            assert container.exit_code() == 1
            assert "Let TMPDIR name a folder" in container.logged()

    def test_its_user_owns_nothing_but_the_volumes(self, image):
        built = image.stage("cpu")
        find = "find / ( -path /proc -o -path /dev -o -path /usr ) -prune -o ! -type l -writable -print"
        with Running(built.container(*find.split())) as container:
            assert container.exit_code() in {0, 1}
            writable = [line for line in container.logged().splitlines() if "Permission denied" not in line]
        assert sorted(writable) == sorted(PLACES)

    def test_the_health_check_fails_where_nobody_answers(self, image):
        built = image.stage("cpu")
        with Running(built.container(*built.image.health)) as container:
            assert container.exit_code() == 1
            assert "/health/ready: " in container.logged()

    def spoken(self, container: Running) -> tuple[str, str, str]:
        done = container.execute("python", "-c", SPEAK)
        assert done.returncode == 0, done.stderr + container.logged()
        return done.stdout.strip().partition(" ")
