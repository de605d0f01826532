"""Crash points A1 to F3 and T1 of docs/guarantees.md: api and fan-out die exactly there; everyone is reached once, within the
time that the settings promise."""
import concurrent.futures
import datetime
import http.client
import time
import unittest

from crash_case import POLL_MS, SLACK, CrashCase
from lab import until


class Api(CrashCase):
    LIMITS = {"poll_interval_ms": POLL_MS}

    def post(self, name, **headers):
        """(status, body), or None when the node dies meanwhile."""
        try:
            return self.front.call("POST", "/v1/notifications", self.notification(name), headers=headers)[:2]
        except (OSError, http.client.HTTPException):
            return None

    def post_many(self, name):
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            return list(pool.map(lambda _: self.post(name, **{"Idempotency-Key": name}), range(6)))

    def found(self, name):
        """The ids of what the rows know by this name."""
        return [each["id"] for each in self.front.call("GET", "/v1/notifications?limit=100")[1]["items"]
                if each["content"].get("data", {}).get("notification") == name]

    def test_a1_stored_and_not_announced(self):
        self.restarted("front", "api.stored:1:exit")
        self.assertIsNone(self.post("a1"))
        self.front.wait_fallen()
        # The api stays away: the leader finds the row by itself.
        since = time.monotonic()
        until("the leader to find it", lambda: self.lab.emulator.arrived() > 0, POLL_MS / 1000 + SLACK)
        print(f"a1: first push {time.monotonic() - since:.2f} s after the crash, poll interval {POLL_MS} ms", flush=True)
        self.front.start()
        identity, = self.found("a1")
        self.check(identity, "a1")

    def test_a2_announced_and_not_answered(self):
        for turn, point in enumerate(("api.stored", "api.announced")):
            name = f"a2-{turn}"
            self.restarted("front", f"{point}:1:exit")
            before = self.post_many(name)
            self.front.wait_fallen()
            self.front.start()
            answers = [each for each in before if each] + self.post_many(name)
            self.assertEqual({status for status, _ in answers}, {201}, answers)
            identity, = {body["id"] for _, body in answers}
            self.assertEqual(self.found(name), [identity])
            status, refused = self.post("another", **{"Idempotency-Key": name})
            self.assertEqual((status, refused["code"]), (422, "idempotency_mismatch"), refused)
            self.check(identity, name)


class FanOut(CrashCase):
    LIMITS = {"poll_interval_ms": POLL_MS}

    def recovered(self, identity, name):
        since = time.monotonic()
        self.nodes["leader"].start()
        self.check(identity, name, since=since)

    def test_f1_lease_taken_epoch_not_raised(self):
        leader = self.nodes["leader"]
        before = int(self.redis("get", "{pusher}:epoch"))
        self.restarted("leader", "fan_out.lease_taken:1:exit", wait=False)
        leader.wait_fallen()
        identity = self.launch("f1")
        self.assertEqual(int(self.redis("get", "{pusher}:epoch")), before)
        self.recovered(identity, "f1")
        # The one that died had one too.
        self.assertEqual(int(self.redis("get", "{pusher}:epoch")), before + 2)

    def test_f2_page_appended_and_nobody_knows(self):
        self.restarted("leader", "fan_out.committed:3:exit")
        identity = self.launch("f2")
        self.nodes["leader"].wait_fallen()
        state = self.redis("keys", "{pusher}:fan-out:*")
        appended = int(self.redis("hget", state, "audience"))
        self.assertTrue(0 < appended < self.DEVICES, appended)
        self.recovered(identity, "f2")
        # G8: what was appended is not read again.
        read = self.nodes["leader"].metric("pusher_fan_out_devices_read_total")
        self.assertEqual(read, self.DEVICES - appended)

    def test_f2_page_read_and_not_appended(self):
        self.restarted("leader", "fan_out.committing:2:exit")
        identity = self.launch("f2-read")
        self.nodes["leader"].wait_fallen()
        self.recovered(identity, "f2-read")

    def test_f3_all_appended_not_marked_complete(self):
        self.restarted("leader", "fan_out.concluding:1:exit")
        identity = self.launch("f3")
        self.nodes["leader"].wait_fallen()
        until("all to be settled", lambda: self.front.notification(identity)["counts"]["accepted"] == self.DEVICES)
        self.assertEqual(self.front.notification(identity)["state"], "sending")
        self.recovered(identity, "f3")

    def test_t1_due_and_not_submitted(self):
        for point in ("schedule.due_taken", "schedule.launched"):
            self.restarted("leader", f"{point}:1:exit")
            due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
            name = "t1-" + point.split(".")[1]
            status, made, _ = self.front.call("POST", "/v1/notifications", self.notification(
                name, launch=False, scheduled_at=due.isoformat().replace("+00:00", "Z")))
            self.assertEqual((status, made["state"]), (201, "scheduled"), made)
            self.nodes["leader"].wait_fallen()
            self.assertGreaterEqual(datetime.datetime.now(datetime.timezone.utc), due)
            state = self.front.notification(made["id"])["state"]
            self.assertEqual(state, "scheduled" if point == "schedule.due_taken" else "launched")
            self.recovered(made["id"], name)


if __name__ == "__main__":
    unittest.main()
