"""G9: while devices register, change and unregister during fan-out, none that was there throughout is skipped or doubled.

PUSHER_CHURN_DEVICES sets the number of devices that stay (default 30,000).
"""
import http.client
import json
import os
import random
import threading
from collections import Counter

from invariants import pushes_by_token
from lab import Lab

STAYING = int(os.environ.get("PUSHER_CHURN_DEVICES", "30000"))
THREADS = 8
ROUNDS = 3


def staying(number):
    return {"device_id": f"stay-{number}", "gateway": "fcm", "platform": "android", "push_token": f"stay-{number}",
            "properties": {"stays": True, "n": number, "changed": 0}}


class Churn:
    """Clients that register new devices, unregister them again, and register and change those that stay."""

    def __init__(self, node):
        self.node, self.ended, self.calls, self.faults = node, threading.Event(), Counter(), []
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(THREADS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def run(self, number):
        try:
            self.work(number)
        except Exception as fault:  # told by the main thread, which would else never know
            self.faults.append(repr(fault))

    def work(self, number):
        choose = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=60)
        mine, made = [], 0

        def call(method, path, body=None, expect=(200, 201)):
            connection.request(method, path, json.dumps(body) if body else None,
                               {"Authorization": f"Bearer {self.node.key}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status in expect, (method, path, answer.status, text)
            self.calls[method] += 1

        while not self.ended.is_set():
            kind = choose.random()
            if kind < 0.45:
                identity = f"churn-{number}-{made}"
                made += 1
                mine.append(identity)
                call("PUT", f"/v1/devices/{identity}", {
                    "gateway": "fcm", "platform": "ios", "push_token": identity, "properties": {"stays": True}})
            elif kind < 0.85 and mine:
                call("DELETE", f"/v1/devices/{mine.pop(choose.randrange(len(mine)))}", expect=(204,))
            elif kind < 0.95:
                device = staying(choose.randrange(STAYING))
                device["properties"]["changed"] = made
                call("PUT", f"/v1/devices/{device.pop('device_id')}", device)
            else:
                call("PATCH", f"/v1/devices/stay-{choose.randrange(STAYING)}", {"properties": {"changed": made}})
        connection.close()


def check(node, lab, title, made):
    done = node.wait_completed(made["id"])
    counts = done["counts"]
    rows = node.deliveries(made["id"])
    seen = Counter(row.get("device_id") for row in rows)
    assert counts["audience"] == len(rows) == counts["accepted"], counts
    pushed = pushes_by_token(lab.emulator, title)
    for number in range(STAYING):
        identity = f"stay-{number}"
        assert seen[identity] == 1, f"{identity} has {seen[identity]} rows"
        assert pushed[identity] == 1, f"{identity} was pushed to {pushed[identity]} times"
    twice = [token for token, count in pushed.items() if count > 1]
    assert not twice, twice[:5]
    return len(rows)


def main():
    with Lab() as lab:
        node = lab.node().start()
        node.make_key()
        lines = node.import_devices([staying(number) for number in range(STAYING)])
        assert all(line["status"] == 201 for line in lines), lines[:3]
        with Churn(node) as churn:
            for each in range(ROUNDS):
                # Two at once: they share the pass.
                sent = []
                for part in "ab":
                    title = f"churn-{each}-{part}"
                    status, made, _ = node.call("POST", "/v1/notifications", {
                        "content": {"title": title, "data": {"notification": title}},
                        "audience": {"condition": {"property": "stays", "eq": True}}, "launch": True})
                    assert status == 201, made
                    sent.append((title, made))
                for title, made in sent:
                    print(title, check(node, lab, title, made), dict(churn.calls))
        assert not churn.faults, churn.faults
        assert churn.calls["PUT"] > 100 and churn.calls["DELETE"] > 100, churn.calls
        assert node.stop() == 0


if __name__ == "__main__":
    main()
