"""docs/deployment.md: its commands name files, targets, arguments, services and values that exist."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from koe.cli.main import build_app
from koe_auth.config import AuthConfig
from koe_auth.keyring import Keyring

from deploy.docker.requirement import extras, requirement
from tests.deploy.test_dockerfile import DOCKERFILE, configured

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line) for line in re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)]
VALUES = yaml.safe_load((ROOT / "deploy/helm/koe/values.yaml").read_text(encoding="utf-8"))
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
ARGUMENTS = {
    *DOCKERFILE.arguments,
    *(
        step.rest.partition("=")[0]
        for stage in DOCKERFILE.stages
        for step in stage.steps
        if step.name == "ARG"
    ),
}


def beginning(*words: str) -> list[list[str]]:
    found = [line for line in COMMANDS if line[: len(words)] == list(words)]
    assert found, words
    return found


def given(line: list[str], option: str) -> list[str]:
    return [line[place + 1] for place, word in enumerate(line) if word == option]


def rows(heading: str) -> list[list[str]]:
    """The cells of the table whose first column is called so."""
    table = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return [re.split(r"\s*\|\s*", line)[1:-1] for line in table.splitlines()[2:]]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_build_argument_is_listed_with_its_default():
    """Where another argument's name stands for a default, it is that one's."""
    listed = {named(row[0])[0]: named(row[1]) for row in rows("build argument")}
    defaults = dict(DOCKERFILE.arguments)
    for stage in DOCKERFILE.stages:
        steps = [step.rest.partition("=") for step in stage.steps if step.name == "ARG"]
        defaults |= {name: value.strip('"') for name, _, value in steps}
    meant = {name: [defaults.get(value, value) for value in values] for name, values in listed.items()}
    assert meant == {name: [value] if value else [] for name, value in defaults.items()}


def test_every_extra_is_listed():
    [row] = [row for row in rows("build argument") if named(row[0]) == ["PLUGINS"]]
    assert set(named(row[2])) == {"pyproject.toml", *extras()}


@pytest.mark.parametrize("line", beginning("docker", "build"), ids=" ".join)
def test_builds_name_targets_and_arguments_that_exist(line):
    assert set(given(line, "--target")) <= {stage.name for stage in DOCKERFILE.stages}
    for argument in given(line, "--build-arg"):
        name, _, value = argument.partition("=")
        assert name in ARGUMENTS
        if name == "PLUGINS":
            requirement(value, extras())
    assert line[-1] == "."


@pytest.mark.parametrize("line", beginning("docker", "run"), ids=" ".join)
def test_runs_have_volumes_and_commands_that_exist(line):
    [place] = [
        place for place, word in enumerate(line) if re.match(rf"koe:{re.escape(VERSION)}(-gpu)?$", word)
    ]
    image = configured("gpu" if line[place].endswith("-gpu") else "cpu")
    for volume in given(line, "--volume"):
        assert volume.partition(":")[2] in image.volumes
    for port in given(line, "--publish"):
        assert port.rpartition(":")[2] in image.ports
    command = line[place + 1 :] or image.command
    assert command[0] in set(build_app())
    if "--read-only" in line:
        assert given(line, "--tmpfs") == ["/tmp"]


@pytest.mark.parametrize("page", ["deployment.md", "normalization.md"])
def test_images_made_of_it_change_what_is_root_s_and_run_as_its_user(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    [block] = re.findall(r"```dockerfile\n(.*?)```", text, re.DOTALL)
    first, second, *others, last = block.splitlines()
    assert (first, second, last) == (f"FROM koe:{VERSION}", "USER root", f"USER {configured('cpu').user}")
    assert any(line.startswith("RUN ") for line in others)
    for argument in re.findall(r"--build-arg (\w+)=", text):
        assert argument in ARGUMENTS


def test_the_folders_are_the_image_s():
    assert [named(row[0])[0] for row in rows("folder")] == ["/tmp", *configured("cpu").volumes]


def test_compose_commands_name_files_services_and_commands_that_exist():
    lines = [line[line.index("docker") :] for line in COMMANDS if line[:1] != ["docker"] and "docker" in line]
    for line in [*beginning("docker", "compose"), *lines]:
        [file] = given(line, "-f")
        services = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))["services"]
        if "run" in line:
            words = [word for word in line[line.index("run") + 1 :] if not word.startswith("-")]
            assert words[0] in services
            assert words[1] in {*build_app(), "auth"}
            if ">>" in words:
                assert "-T" in line, "a terminal would put what is said beside it into the file, too"
    assert {named(row[0])[0] for row in rows("file")} == {
        path.name for path in (ROOT / "deploy/compose").glob("*.yaml")
    }


def test_helm_commands_and_the_table_name_values_that_exist():
    paths = [named(row[0]) for row in rows("value")]
    assigned = [
        value.partition("=")[0] for line in COMMANDS for value in given(line, "--set") if line[0] == "helm"
    ]
    for path in [*(path for row in paths for path in row), *assigned, "image.tag", "preStopSeconds"]:
        value = VALUES
        for part in path.split("."):
            assert part in value, path
            value = value[part]
    for line in beginning("helm"):
        assert (ROOT / line[3] / "Chart.yaml").is_file()


def test_the_adapter_s_rule_asks_for_the_metric_that_the_chart_scales_by():
    [text] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    [rule] = yaml.safe_load(text)["rules"]
    name = rule["seriesQuery"].partition("{")[0]
    assert f"name: {name}\n" in (ROOT / "deploy/helm/koe/templates/hpa.yaml").read_text(encoding="utf-8")


def test_what_auth_new_prints_is_a_keys_file(tmp_path):
    [line] = beginning("koe", "auth", "new")
    arguments = line[1 : line.index(">>")]
    done = subprocess.run(
        [sys.executable, "-m", "koe.cli", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / "keys.toml").write_text(done.stdout, encoding="utf-8")
    keys = Keyring(AuthConfig(keys_file=str(tmp_path / "keys.toml"))).open()
    assert [key.name for key in keys.keys] == ["alice"]


def test_the_readme_leads_here():
    assert "(docs/deployment.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
