"""G11 under kill -9: a campaign is canceled in its middle, and whoever is needed to end it dies: api, leader, sender, writer,
Redis. It settles all the same, and nothing leaves after the 202 beyond what the sender had open or not yet recorded."""
import http.client
import signal
import time
import unittest

from crash_case import AT_RISK, CONNECTIONS, POLL_MS, QUEUE, CrashCase
from invariants import check_counts, pushes_by_token
from lab import until

SENT_BEFORE = 1_000
# So slowly that a batch waits even when the leader stops after its first page.
SLOW = {"rate_per_second": 100}
CANCELED = "2"  # in the journal's hash of controls


class Cancel(CrashCase):
    DEVICES = 8_000
    EMULATOR_FLAGS = ("--delay-ms", "200")
    LIMITS = {"poll_interval_ms": POLL_MS, "connections_per_credential": CONNECTIONS}

    def tearDown(self):
        """All play on, without a plan of failures."""
        for node in self.nodes.values():
            node.process.send_signal(signal.SIGCONT)
            if node.process.poll() is not None:
                node.start()

    def under_way(self, name):
        """A campaign of which some is sent."""
        identity = self.launch(name)
        until("some to be sent", lambda: sum(pushes_by_token(self.lab.emulator, name).values()) >= SENT_BEFORE, interval=0.1)
        return identity

    def cancel(self, identity):
        """Gives when it was answered with 202."""
        status, body, _ = self.front.call("POST", f"/v1/notifications/{identity}:cancel")
        self.assertEqual((status, body["state"]), (202, "canceled"), body)
        return time.time()

    def check_canceled(self, identity, name, since, untold=0):
        """`untold`: pushes that the gateway took and no record tells of, as their sender died before it."""
        until("the cancel to settle", lambda: self.front.notification(identity)["settled"], 60, 0.1)
        now = self.front.notification(identity)
        self.assertEqual(now["state"], "canceled")
        rows = check_counts(self.front, identity, now["counts"]["audience"])
        pushes = pushes_by_token(self.lab.emulator, name)
        self.assertEqual([token for token, count in pushes.items() if count > 1], [])
        outcomes = {each["push_token"]: rows[each["device_id"]]["outcome"] for each in self.devices if each["device_id"] in rows}
        self.assertEqual(set(outcomes.values()), {"accepted", "canceled"})
        self.assertEqual({row["code"] for row in rows.values() if row["outcome"] == "canceled"}, {"CANCELED"})
        accepted = {token for token, outcome in outcomes.items() if outcome == "accepted"}
        self.assertEqual(accepted - set(pushes), set(), "accepted, and the gateway never took them")
        self.assertEqual(set(pushes) - set(outcomes), set(), "pushed to, and no row")
        self.assertEqual(len(set(pushes) - accepted), untold)
        late = sum(int(row[0]) / 1e6 > since for row in self.lab.emulator.log() if row[3] == name)
        self.assertLessEqual(late, AT_RISK)
        print(f"{name}: {len(pushes)} pushes, {late} of them after the 202, at most {AT_RISK}; "
              f"{now['counts']['canceled']} canceled, {untold} untold", flush=True)
        until("the journal to forget it", lambda: not self.left_in_journal())
        self.assertEqual(self.settled_events(identity), 1)

    def left_in_journal(self):
        found = {place: self.redis("keys", "{pusher}:" + place) for place in ("fan-out:*", "held:*", "later", "pending")}
        found["control"] = self.redis("hlen", "{pusher}:control").replace("1", "")  # its version stays
        found["outstanding"] = [each for each in self.redis("hvals", "{pusher}:outstanding").split() if each != "0"]
        return {place: what for place, what in found.items() if what}

    def test_api_stored_it_and_told_nobody(self):
        """The leader tells the senders at its next look, without the api."""
        self.restarted("front", "api.step_stored:1:exit")
        identity = self.under_way("stored")
        self.assertRaises((OSError, http.client.HTTPException), self.cancel, identity)
        self.front.wait_fallen()
        (number,), = self.stores.query(f"SELECT id FROM notifications WHERE public_id = '{identity}'")
        until("the leader to tell the senders", lambda: self.redis("hget", "{pusher}:control", number) == CANCELED)
        since = time.time()
        self.front.start()
        self.check_canceled(identity, "stored", since)
        status, body, _ = self.front.call("POST", f"/v1/notifications/{identity}:cancel")
        self.assertEqual((status, body["code"]), (409, "wrong_state"), body)

    def test_api_told_and_did_not_answer(self):
        self.restarted("front", "api.step_told:1:exit")
        identity = self.under_way("told")
        self.assertRaises((OSError, http.client.HTTPException), self.cancel, identity)
        since = time.time()
        self.front.wait_fallen()
        self.front.start()
        self.check_canceled(identity, "told", since)

    def test_leader_dies_with_pages_that_it_had_read(self):
        """And its follower when it closes the audience."""
        leader = self.nodes["leader"]
        self.restarted("leader", "fan_out.committing:2:stop")
        identity = self.launch("leader", **SLOW)
        leader.wait_stopped()
        since = self.cancel(identity)
        leader.kill()
        leader.start(wait=False, fail="fan_out.concluding:1:exit")
        leader.wait_fallen()
        leader.start()
        self.check_canceled(identity, "leader", since)

    def test_leader_wakes_with_pages_that_it_had_read(self):
        leader = self.nodes["leader"]
        self.restarted("leader", "fan_out.committing:2:stop")
        identity = self.launch("woken", **SLOW)
        leader.wait_stopped()
        since = self.cancel(identity)
        appended = self.appended()
        leader.process.send_signal(signal.SIGCONT)
        self.check_canceled(identity, "woken", since)
        self.assertEqual(self.front.notification(identity)["counts"]["audience"], appended, "nobody came to it after the cancel")

    def appended(self):
        return int(self.redis("hget", self.redis("keys", "{pusher}:fan-out:*"), "audience"))

    def test_sender_dies_with_pushes_in_flight(self):
        """And its follower when it has recorded what is canceled."""
        sender = self.nodes["sender"]
        self.restarted("sender", "push_sender.answered:30:stop")
        identity = self.launch("sender")
        sender.wait_stopped()
        since = self.cancel(identity)
        sender.kill()
        unrecorded = self.sent_but_unrecorded("sender")
        self.assertTrue(0 < unrecorded <= AT_RISK, unrecorded)
        sender.start(wait=False, fail="push_sender.recorded:1:exit")
        sender.wait_fallen()
        sender.start()
        self.check_canceled(identity, "sender", since, untold=unrecorded)

    def test_sender_wakes_with_pushes_in_flight(self):
        sender = self.nodes["sender"]
        self.restarted("sender", "push_sender.answered:30:stop")
        identity = self.launch("awake")
        sender.wait_stopped()
        since = self.cancel(identity)
        sender.process.send_signal(signal.SIGCONT)
        self.check_canceled(identity, "awake", since)

    def test_writer_dies_with_what_was_canceled(self):
        writer = self.nodes["writer"]
        self.assertEqual(writer.stop(), 0)
        identity = self.under_way("writer")
        since = self.cancel(identity)
        until("the senders to have settled it",
              lambda: self.redis("hget", "{pusher}:outstanding", QUEUE) == "0")
        for fail in ("result_writer.rows_inserted:1:exit", "result_writer.committed:1:exit"):
            writer.start(wait=False, fail=fail)
            writer.wait_fallen()
        self.assertFalse(self.front.notification(identity)["settled"])
        writer.start()
        self.check_canceled(identity, "writer", since)

    def test_redis_dies(self):
        """Which alone tells the senders."""
        identity = self.under_way("redis")
        since = self.cancel(identity)
        self.stores.processes[0].kill()
        self.stores.restart(0)
        self.check_canceled(identity, "redis", since)


if __name__ == "__main__":
    unittest.main()
