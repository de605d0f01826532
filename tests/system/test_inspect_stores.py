"""Operators see and decide over what is in the stores: held stages, where a notification's targets are, dead letters that go
back or are dropped with counts that add up. Nothing that they see has a push token or a secret."""
import subprocess
import threading
import unittest

from burial import Burial
from invariants import check_accepted_once, check_counts
from lab import Lab, until

DEVICES = [{"device_id": f"d{i}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{i}"} for i in range(800)]


class Stores(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.node = self.lab.node(sections={"node": {"name": "n1"}, "limits": {"devices_per_batch": 100}}).start()
        self.node.make_key("devices,send,read,admin")
        self.node.import_devices(DEVICES)
        self.burial = Burial(self.node)
        self.seen = []

    def redis(self, *arguments):
        return self.burial.redis(*arguments)

    def inspect(self, *arguments, code=0):
        self.seen.append(self.node.inspect(*arguments, code=code))
        return self.node.inspected(*arguments, code=code)

    def launch(self, **more):
        status, made, _ = self.node.call("POST", "/v1/notifications", {
            "content": {"title": "Hello"}, "audience": {"all": True}, "launch": True, **more})
        self.assertEqual(status, 201, made)
        return made["id"]

    def where(self, identity, code=0):
        return self.inspect("notification", identity, code=code)["notifications"][0]

    def pause_and_launch(self, **more):
        self.node.inspect("pause", "push-sender")
        until("the hold to be seen", lambda: self.node.inspected("status")["nodes"][0]["report"]["held_stages"])
        identity = self.launch(**more)
        until("all of it to be appended", lambda: self.where(identity)["fan_out_done"])
        return identity

    def test_held_and_resumed(self):
        identity = self.pause_and_launch(external_id="spring-1")
        seen = self.where("spring-1")
        self.assertEqual((seen["id"], seen["application"], seen["state"]), (identity, "default", "sending"))
        self.assertEqual((seen["journal"]["pending"], seen["journal"]["waiting"]), (800, 800))
        self.assertNotIn("difference", seen)
        streams = self.inspect("streams")
        queue = next(each for each in streams["queues"] if each["queue"] == "1.fcm.production.campaign")
        self.assertEqual((queue["depth"], queue["claimed"], queue["outstanding"]), (8, 0, 800))
        self.assertGreater(queue["oldest_ms"], 0)
        self.assertEqual(self.lab.emulator.arrived(), 0)
        self.node.inspect("resume", "push-sender")
        self.node.wait_completed(identity)
        check_counts(self.node, identity, 800)
        check_accepted_once(self.node, identity, DEVICES, self.lab.emulator)
        self.assertEqual(self.where(identity)["journal"]["pending"], 0)
        gateways = self.inspect("gateways")["gateways"]
        self.assertEqual([(each["app"], each["gateway"], each["requests"]) for each in gateways], [("default", "fcm", 800)])
        actors = self.inspect("actors")["nodes"][0]["actors"]
        self.assertIn("push-sender/0", [each["name"] for each in actors])
        self.assertIn("no notification", self.node.inspect("notification", "nobody", code=1))
        self.nothing_secret()

    def test_it_answers_during_a_campaign(self):
        identities, slow = [self.launch() for _ in range(4)], []
        while any(self.node.notification(each)["state"] != "completed" for each in identities):
            self.assertEqual(self.inspect("status")["leader"]["node"], "n1")
            self.assertTrue(self.inspect("actors")["nodes"][0]["actors"])
            slow += [each for each in self.inspect("actors")["nodes"][0]["actors"] if "missing" in each]
            self.inspect("streams")
            for identity in identities:
                self.where(identity)
        self.assertEqual(slow, [])
        for each in identities:
            check_counts(self.node, each, 800)

    def test_dead_letters(self):
        identity = self.pause_and_launch()
        prefix = "{pusher}:"
        ids = self.burial.bury("1.fcm.production.campaign", 4)
        self.burial.bury_unreadable("push:1.fcm.production.campaign")
        listed = self.inspect("dead-letters")["dead_letters"]
        self.assertEqual([each["id"] for each in listed[:4]], ids)
        self.assertEqual([(each["targets"], each["readable"]) for each in listed], [(100, True)] * 4 + [(0, False)])
        self.assertEqual({each["notification"] for each in listed[:4]}, {identity})
        self.node.inspect("resume", "push-sender")
        until("the rest to be settled", lambda: self.where(identity)["counts"]["accepted"] == 400)
        seen = self.where(identity)
        self.assertEqual((seen["journal"]["pending"], seen["journal"]["dead_letters"]), (400, 400))
        self.assertNotIn("difference", seen)
        until("the dead letters to be in status", lambda: "dead letters" in self.node.inspect("status", code=1))
        self.assertEqual(self.inspect("dead-letters", "show", ids[0])["targets"], 100)
        self.two_at_once("requeue", ids[0])
        self.two_at_once("drop", ids[1])
        done = self.node.inspected("dead-letters", "requeue", "all")
        self.assertEqual((done["requeued"], done["targets"], done["unreadable"]), (2, 200, 1))
        self.assertIn("only be dropped", self.node.inspect("dead-letters", "requeue", listed[4]["id"], code=1))
        done = self.node.inspected("dead-letters", "drop", "all")
        self.assertEqual((done["dropped"], done["targets"], done["unreadable"]), (1, 0, 1))
        self.assertIn("nobody knows", done["note"])
        self.assertEqual(self.inspect("dead-letters", "list")["dead_letters"], [])
        counts = self.node.wait_completed(identity)["counts"]
        self.assertEqual((counts["accepted"], counts["failed"], counts["pending"]), (700, 100, 0))
        check_counts(self.node, identity, 800)
        arrived = [row[2] for row in self.lab.emulator.log()]
        self.assertEqual((len(arrived), len(set(arrived))), (700, 700))
        self.assertEqual({each["code"] for each in self.node.deliveries(identity) if each["outcome"] == "failed"}, {"dropped"})
        self.assertEqual(self.redis("hget", f"{prefix}outstanding", "1.fcm.production.campaign"), "0")
        for arguments in (("show", "x"), ("requeue", ids[0]), ("drop", ids[1])):
            self.assertIn("no dead letter", self.node.inspect("dead-letters", *arguments, code=1))
        for arguments in (("requeue",), ("list", "1"), ("burn", "1")):
            self.node.inspect("dead-letters", *arguments, code=2)
        self.nothing_secret()

    def two_at_once(self, verb, identity):
        """Two operators decide: it is done once."""
        answers = []

        def decide():
            ended = subprocess.run([self.node.pusher, "inspect", "dead-letters", verb, identity, "--json", "--config",
                                    str(self.node.config)], capture_output=True, text=True, timeout=60, check=False)
            answers.append(ended.stdout + ended.stderr)

        threads = [threading.Thread(target=decide) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        done = "requeued" if verb == "requeue" else "dropped"
        self.assertEqual(sum(f'"{done}":1' in each for each in answers), 1, answers)

    def test_guard(self):
        self.assertEqual(self.inspect("guard")["holds"], [])
        self.assertIn("no hold", self.node.inspect("guard", "confirm", "7", code=1))
        self.node.inspect("guard", "undo", code=2)
        # Tokens that are all dead at once are held, twice: one hold is undone, one confirmed.
        dead = [{**each, "device_id": f"dead-{each['device_id']}", "push_token": f"UNREG-{each['device_id']}"}
                for each in DEVICES[:400]]
        enabled = {"condition": {"attribute": "gateway", "eq": "fcm"}}
        for turn, (verb, state) in enumerate((("undo", "undone"), ("confirm", "confirmed"))):
            self.node.import_devices(dead)
            before = self.node.call("POST", "/v1/devices:count", enabled)[1]["count"]
            self.node.wait_completed(self.launch(audience={"device_ids": [each["device_id"] for each in dead]},
                                                 external_id=f"dead-{turn}"))
            held = self.inspect("guard")["holds"][0]
            self.assertEqual((held["application"], held["gateway"], held["state"]), ("default", "fcm", "held"))
            at_once = before - self.node.call("POST", "/v1/devices:count", enabled)[1]["count"]
            self.assertEqual(held["devices"], 400 - at_once, "all others wait for a decision")
            decided = self.node.inspected("guard", verb, str(held["id"]))
            disabled = 0 if verb == "undo" else held["devices"]
            self.assertEqual((decided["id"], decided["state"], decided["devices"]), (held["id"], state, disabled))
            self.assertIn(state, self.node.inspect("guard", "confirm", str(held["id"]), code=1))
            gone = before - self.node.call("POST", "/v1/devices:count", enabled)[1]["count"]
            self.assertEqual(gone, at_once if verb == "undo" else 400)
        self.assertEqual([each["state"] for each in self.inspect("guard", "list")["holds"]], ["confirmed", "undone"])

    def nothing_secret(self):
        everything = "".join(self.seen)
        for secret in ("ok-1", "-----BEGIN", self.node.key.split("_")[-1], "\033"):
            self.assertNotIn(secret, everything)


if __name__ == "__main__":
    unittest.main()
