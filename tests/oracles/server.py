"""Runs moto's server, extended, on loopback, and reaches it as any account in any region."""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config

EXTENSION = Path(__file__).resolve().parent / "moto_extension.py"
SECONDS_TO_START = 60
# How the physical id of a resource begins that moto cannot create.
ABSENT = "not-in-moto:"


@contextmanager
def running():
    """The address of a server of its own, which is stopped at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        # Roles attach AWS's managed policies, which moto otherwise does not know.
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    }
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, EXTENSION, str(port)], stdout=log, stderr=log, env=environment
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/moto-api/data.json", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(address, process, log):
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).read()
            return
        except OSError:
            time.sleep(0.2)
    log.seek(0)
    sys.exit(f"moto's server did not start: {log.read()[-2000:]}")


class Cloud:
    """Clients for every account and region of one server."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.clients = {}

    def client(self, service, account, region):
        key = (service, account, region)
        if key not in self.clients:
            client = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
                config=Config(retries={"max_attempts": 0}, read_timeout=300),
            )
            client.meta.events.register(
                "before-sign.*.*", lambda request, **_: request.headers.__setitem__("x-moto-account-id", account)
            )
            self.clients[key] = client
        return self.clients[key]

    def everything(self, service, operation, account, region, **arguments):
        """All pages of a listing, as one list of answers."""
        client = self.client(service, account, region)
        if client.can_paginate(operation):
            return list(client.get_paginator(operation).paginate(**arguments))
        return [getattr(client, operation)(**arguments)]
