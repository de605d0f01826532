"""G1, G3, G5: thousands of notifications to one device each, from several clients, and kill -9 of the node in the middle."""
import http.client
import json
import threading

from invariants import check_counts
from lab import Lab, until

NOTIFICATIONS = 3000
DEVICES = 500
CLIENTS = 16


class Client(threading.Thread):
    """Creates its share over one connection. When it does not hear what became of a call it makes it again, under the same key."""

    def __init__(self, node, numbers):
        super().__init__()
        self.node, self.numbers = node, numbers
        self.made, self.fault = {}, None

    def run(self):
        try:
            for number in self.numbers:
                self.made[number] = until(f"notification {number} to be taken", lambda n=number: self.create(n), 120)
        except Exception as fault:  # told by the test's own thread
            self.fault = fault

    def create(self, number):
        device = number % DEVICES
        audience = [{"device_ids": [f"d-{device}"]}, {"user_ids": [f"u-{device}"]},
                    {"targets": [{"device_id": f"d-{device}", "variables": {"n": number}}]}][number % 3]
        body = {"content": {"title": "{{variables.n}}" if number % 3 == 2 else "n", "data": {"notification": f"small-{number}"}}, "audience": audience, "launch": True,
                "lane": "campaign" if number % 5 == 0 else "transactional"}
        try:
            if not hasattr(self, "connection"):
                self.connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=30)
            self.connection.request("POST", "/v1/notifications", json.dumps(body), {
                "Authorization": f"Bearer {self.node.key}", "Content-Type": "application/json", "Idempotency-Key": f"small-{number}"})
            answer = self.connection.getresponse()
            status, text = answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            del self.connection
            return None
        assert status in (201, 503), (status, text)
        return json.loads(text)["id"] if status == 201 else None


def all_notifications(node):
    found, cursor = {}, ""
    while True:
        status, page, _ = node.call("GET", "/v1/notifications?limit=100" + (f"&cursor={cursor}" if cursor else ""))
        assert status == 200, page
        found.update((each["id"], each) for each in page["items"])
        cursor = page["next_cursor"]
        if not cursor:
            return found


def main():
    with Lab(emulator_flags=("--delay-ms", "5")) as lab:
        node = lab.node(sections={"limits": {"requests_per_second_per_key": 0, "connections_per_credential": 2}}).start()
        node.make_key()
        node.import_devices([{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}",
                              "user_id": f"u-{n}"} for n in range(DEVICES)])
        clients = [Client(node, range(first, NOTIFICATIONS, CLIENTS)) for first in range(CLIENTS)]
        for each in clients:
            each.start()
        until("a third of the pushes", lambda: lab.emulator.arrived() >= NOTIFICATIONS // 3 or any(each.fault for each in clients), 60)
        node.kill()
        node.start()
        for each in clients:
            each.join()
            assert each.fault is None, each.fault
        made = {number: identity for each in clients for number, identity in each.made.items()}
        assert len(made) == NOTIFICATIONS
        until("all to complete", lambda: not node.call("GET", "/v1/notifications?state=launched&limit=1")[1]["items"] and
              not node.call("GET", "/v1/notifications?state=sending&limit=1")[1]["items"], 120, 0.2)

        found = all_notifications(node)
        assert set(found) == set(made.values()), "a notification is missing, or was made twice"
        for each in found.values():
            assert each["state"] == "completed" and each["counts"]["accepted"] == each["counts"]["audience"] == 1, each
        for number in range(0, NOTIFICATIONS, 50):
            assert list(check_counts(node, made[number], 1)) == [f"d-{number % DEVICES}"]

        pushes = {}
        for _, status, token, correlation, *_ in lab.emulator.log():
            assert status == "200", (status, token)
            pushes.setdefault(int(correlation.removeprefix("small-")), []).append(token)
        assert set(pushes) == set(range(NOTIFICATIONS)), "a push never arrived"
        for number, tokens in pushes.items():
            assert set(tokens) == {f"token-{number % DEVICES}"}, (number, tokens)
        doubled = sum(len(tokens) - 1 for tokens in pushes.values())
        print(f"{NOTIFICATIONS} completed, {doubled} pushes were doubled by one kill", flush=True)
        # The open streams of two connections, and the answers that were not recorded.
        assert doubled <= 2 * 100 + 256, doubled
        assert node.stop() == 0


if __name__ == "__main__":
    main()
