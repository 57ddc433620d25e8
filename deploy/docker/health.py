"""The image's health check: whether koe is ready. Exit code 1 where it is not, or does not answer.

The address is `KOE_HEALTH_URL`, or koe's own with the port of `KOE_SERVER__PORT`. Certificates are not
checked: it is this container that is asked.
"""

import os
import ssl
import sys
import urllib.request

if __name__ == "__main__":
    port = os.environ.get("KOE_SERVER__PORT", "8354")
    url = os.environ.get("KOE_HEALTH_URL", f"http://127.0.0.1:{port}/health/ready")
    context = ssl._create_unverified_context() if url.startswith("https:") else None  # noqa: S323, SLF001
    try:
        urllib.request.urlopen(url, timeout=4, context=context).close()  # noqa: S310
    except OSError as error:
        sys.exit(f"{url}: {error}")
