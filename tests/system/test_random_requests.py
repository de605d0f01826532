"""Random and broken requests, made of /openapi.json, get answers that it describes, and never a fault of the server.

PUSHER_SEED repeats a run, PUSHER_REQUESTS says how many requests are made.
"""
import http.client
import json
import os
import random
import time

from lab import Lab
import openapi_check
from openapi_requests import RequestMaker

REQUESTS = int(os.environ.get("PUSHER_REQUESTS", "3000"))
SCOPES = "devices,send,read,admin"
DEVICE = {"gateway": "fcm", "platform": "android", "push_token": "a-healthy-token"}


class Client:
    """One connection, kept as long as the node keeps it."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def send(self, operation, method, address, headers, body):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            return self._exchange(operation, method, address, headers, body)
        except (http.client.HTTPException, ConnectionError):
            # The node may have closed an idle connection just then.
            self.close()
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            return self._exchange(operation, method, address, headers, body)

    def _exchange(self, operation, method, address, headers, body):
        self.connection.request(method, address, body=body, headers=headers)
        answer = self.connection.getresponse()
        streams = "text/event-stream" in answer.getheader("Content-Type", "")
        text = (answer.readline() if streams else answer.read()).decode()
        if answer.will_close or streams:
            self.close()
        return answer.status, text, dict(answer.getheaders())

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def printable(request):
    _, method, address, headers, body = request
    return f"{method} {address} {headers} {body[:2000] if body else body!r}"


def run(node, described, chance):
    maker = RequestMaker(described, chance)
    client = Client(node.port)
    statuses = {}
    for number in range(REQUESTS):
        request = maker.request()
        request[3]["Authorization"] = f"Bearer {node.key}"
        try:
            status, text, headers = client.send(*request)
            described.check(request[1], request[2], status, headers, text)
            assert status < 500, text
            if status in (401, 403, 429):
                node.make_key(SCOPES)  # a request ended the key, or took from it
        except (AssertionError, OSError, ValueError) as fault:
            raise AssertionError(f"request {number}: {printable(request)}\n{fault!r}") from fault
        statuses.setdefault(request[0]["operationId"], []).append(status)
        if status < 300 and text and headers.get("Content-Type") == "application/json":
            maker.learn(json.loads(text))
    client.close()
    return statuses


def main():
    seed = int(os.environ.get("PUSHER_SEED") or time.time_ns() % 10**9)
    print(f"PUSHER_SEED={seed}", flush=True)
    with Lab() as lab:
        node = lab.node(sections=lab.emulator.sections()).start()
        node.make_key(SCOPES)
        described = openapi_check.description_of(node)
        before = node.resident_bytes()
        statuses = run(node, described, random.Random(seed))
        good = sum(1 for each in statuses.values() if min(each) < 300)
        print(f"{sum(map(len, statuses.values()))} requests to {len(statuses)} operations, {good} of which also succeeded")
        for operation, each in sorted(statuses.items()):
            print(f"  {operation}: " + ", ".join(f"{status} x {each.count(status)}" for status in sorted(set(each))))
        assert node.resident_bytes() - before < 64 * 1024 * 1024, "the node's memory grew"
        assert node.admin("/readyz")[0] == 200
        node.make_key(SCOPES)
        assert node.call("PUT", "/v1/devices/healthy", DEVICE)[0] in (200, 201)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
