"""Several processes that share the tests make the fixtures of a file once."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import WANT_IMAGE

ROOT = Path(__file__).parents[1]
FILES = ("tests/plugins/nemo/test_portions.py", "tests/core/test_notes.py")


def test_the_tests_of_a_file_are_run_by_one_process():
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-n", "2", "-v", "-p", "no:cacheprovider", *FILES]
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    run = set(re.findall(r"^\[(gw\d)\].* PASSED (\S+?)::", done.stdout, re.MULTILINE))
    assert sorted(file for _, file in run) == sorted(FILES)
    assert done.stdout.count(" PASSED ") > 2 * len(FILES)


def test_the_files_that_share_the_image_take_it():
    texts = {file: (ROOT / file).read_text(encoding="utf-8") for file in WANT_IMAGE}
    assert [file for file, text in texts.items() if not re.search(r"def \w+\(.*\bimage\b", text)] == []
