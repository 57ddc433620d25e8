"""The image's health check: whether koe is ready. Exit code 1 where it is not, or does not answer.

The address is `KOE_HEALTH_URL`, or koe's own with the port of `KOE_SERVER__PORT`. Certificates are not
checked and no proxy is asked: it is this container that answers.
"""

import os
import ssl
import sys
import urllib.request

if __name__ == "__main__":
    port = os.environ.get("KOE_SERVER__PORT", "8354")
    url = os.environ.get("KOE_HEALTH_URL", f"http://127.0.0.1:{port}/health/ready")
    https = urllib.request.HTTPSHandler(context=ssl._create_unverified_context())  # noqa: S323, SLF001
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https)
    try:
        opener.open(url, timeout=4).close()
    except OSError as error:
        sys.exit(f"{url}: {error}")
