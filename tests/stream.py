"""A stream of notifications, launched as a careful client does: with an Idempotency-Key, and again until it hears 2xx."""
import http.client
import json
import random
import threading
import time

from oracle import Launched, Violation

# Not an answer to the call, but a reason to ask again.
ASK_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504}


def devices_of(emulator, count, name):
    """Devices of all gateways; every token has `name` in it. Some are dead, some are refused once."""
    made = []
    for number in range(count):
        gateway = ("fcm",) * 7 + ("apns", "webpush", "hms")
        script = "UNREG-" if number % 97 == 50 else ("QUOTA1X-", "UNAVAIL1X-")[number % 2] if number % 89 == 40 else ""
        made.append(emulator.device(gateway[number % 10], f"{script}{name}-{number}", properties={"n": number}))
    return made


def logged_token(device):
    """How the gateway's log names it."""
    if "subscription" in device:
        return "/" + device["subscription"]["endpoint"].split("/", 3)[3]
    return device["push_token"]


class Stream:
    """Threads that launch until they are told to wait; `launched` has what was answered with 2xx."""

    def __init__(self, installation, devices, seed, sizes, clients=3):
        self.installation, self.devices, self.sizes = installation, devices, sizes
        self.name = f"s{seed % 10_000}"
        self.launched, self.repeats, self.failures, self.number = [], 0, [], 0
        self.lock = threading.Lock()
        self.may_launch, self.ended = threading.Event(), threading.Event()
        self.clients = [threading.Thread(target=self.work, args=(random.Random(f"{seed}/{number}"),), daemon=True)
                        for number in range(clients)]
        self.busy = 0
        self.changed = threading.Condition(self.lock)
        for each in self.clients:
            each.start()

    def resume(self):
        self.may_launch.set()

    def pause(self, seconds=180):
        """Returns when every call that was begun has its 2xx; gives what was launched since the last time."""
        self.may_launch.clear()
        with self.changed:
            if not self.changed.wait_for(lambda: self.busy == 0, seconds):
                raise Violation(f"G1: {self.busy} calls were not answered with 2xx within {seconds} s without faults")
            made, self.launched = self.launched, []
        if self.failures:
            raise self.failures[0]
        return made

    def stop(self):
        self.ended.set()
        self.may_launch.set()
        for each in self.clients:
            each.join()

    def work(self, chance):
        while True:
            self.may_launch.wait()
            if self.ended.is_set():
                return
            with self.lock:
                self.busy += 1
                self.number += 1
                number = self.number
            try:
                self.launch_one(chance, f"{self.name}-{number}")
            except Exception as fault:  # told by pause(), in the test's own thread
                self.failures.append(fault)
            with self.changed:
                self.busy -= 1
                self.changed.notify_all()

    def launch_one(self, chance, correlation):
        audience, chosen, lane = self.audience(chance)
        allows = chance.random() < 0.3
        body = json.dumps({
            "content": {"title": "Hello", "body": "World", "data": {"notification": correlation}}, "audience": audience,
            "collapse_key": correlation, "lane": lane, "duplicates": "allow" if allows else "avoid", "launch": True})
        identity = self.call_until_heard(chance, body, correlation)
        if chance.random() < 0.1 and self.call_until_heard(chance, body, correlation) != identity:
            raise Violation(f"G2: a repeated call for {correlation} made another notification than {identity}")
        with self.lock:
            self.launched.append(Launched(identity, correlation, [each["device_id"] for each in chosen], allows))
        self.wait_for_room(chance, identity, len(chosen))

    def audience(self, chance):
        size = min(chance.choice(self.sizes), len(self.devices))
        if size == len(self.devices):
            return {"all": True}, self.devices, "campaign"
        at = chance.randrange(len(self.devices) - size + 1)
        chosen = self.devices[at:at + size]
        if size <= 1000:
            lane = "transactional" if size <= 10 and chance.random() < 0.7 else "campaign"
            return {"device_ids": [each["device_id"] for each in chosen]}, chosen, lane
        return {"condition": {"property": "n", "between": [at, at + size - 1]}}, chosen, "campaign"

    def call_until_heard(self, chance, body, key):
        """The notification's id. What asks again for too long shows in `pause`."""
        while True:
            node = chance.choice(self.installation.fronts())
            try:
                status, text, _ = node.send("POST", "/v1/notifications", body, {
                    "Authorization": f"Bearer {node.key}", "Content-Type": "application/json", "Idempotency-Key": key}, timeout=10)
            except (OSError, http.client.HTTPException):
                status, text = 0, ""
            if status in (200, 201):
                return json.loads(text)["id"]
            if status not in ASK_AGAIN and status != 0:
                raise Violation(f"G1: launching was answered with {status}: {text}")
            self.repeats += 1
            self.ended.wait(0.1)

    def wait_for_room(self, chance, identity, size):
        """A client with a big one looks whether it ended before it begins another; small ones flow."""
        pause = chance.uniform(0.02, 0.2)
        if size <= 100:
            time.sleep(pause)  # the stream's pace, nothing is awaited
            return
        while not self.ended.is_set() and self.may_launch.is_set():
            node = chance.choice(self.installation.fronts())
            try:
                status, body, _ = node.call("GET", f"/v1/notifications/{identity}", timeout=10)
            except (OSError, http.client.HTTPException):
                status, body = 0, {}
            if status == 200 and body["state"] == "completed":
                return
            self.ended.wait(0.2)
