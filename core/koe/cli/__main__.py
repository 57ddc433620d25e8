"""`python -m koe.cli`, which worker processes are started with."""

import sys

from koe.cli.main import main

sys.exit(main())
