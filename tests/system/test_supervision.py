"""Who watches over sending sees and decides through the API: what became of a notification by reason and over time, how the
gateways' clients fare on every node, and dead letters; each application its own, and nothing of another's."""
import unittest

from burial import Burial
from lab import Lab, until

QUEUE = "{}.fcm.production.campaign"


def devices(count, kind="ok"):
    return [{"device_id": f"{kind}-{i}", "gateway": "fcm", "platform": "android", "push_token": f"{kind}-{i}"} for i in range(count)]


class Supervision(unittest.TestCase):
    def setUp(self):
        self.lab = Lab(emulator_flags=("--delay-ms", "20"))
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.node = self.lab.node(sections={"limits": {"devices_per_batch": 100}}).start()
        self.operator = self.node.make_key("devices,send,read,admin")
        self.ask("POST", "/v1/applications", {"name": "shop"}, 201)
        self.shop = self.ask("POST", "/v1/applications/shop/keys", {"scopes": ["devices", "send", "read", "admin"]}, 201)["key"]

    def ask(self, method, path, body=None, wanted=200, key=None):
        status, made, _ = self.node.call(method, path, body, key or self.operator)
        self.assertEqual(status, wanted, (method, path, made))
        return made

    def launch(self, **more):
        return self.ask("POST", "/v1/notifications", {"content": {"title": "Hello"}, "audience": {"all": True}, "launch": True, **more}, 201)["id"]

    def test_outcomes(self):
        self.node.import_devices(devices(900) + devices(20, "UNREG") + devices(10, "MISMATCH"))
        identity = self.launch()
        counts = self.node.wait_completed(identity)["counts"]
        found = self.ask("GET", f"/v1/notifications/{identity}/outcomes")
        rows = self.node.deliveries(identity)
        self.assertEqual((found["looked_at"], found["complete"]), (930, True))
        reasons = {(each["outcome"], each.get("code")): each["count"] for each in found["reasons"]}
        counted = {}
        for each in rows:
            key = (each["outcome"], each.get("code"))
            counted[key] = counted.get(key, 0) + 1
        self.assertEqual(reasons, counted)
        self.assertEqual([each["count"] for each in found["reasons"]], sorted(counted.values(), reverse=True))
        self.assertLessEqual(len(found["steps"]), 121)
        for outcome in ("accepted", "unregistered", "rejected"):
            self.assertEqual(sum(each.get(outcome, 0) for each in found["steps"]), counts[outcome], outcome)
        draft = self.ask("POST", "/v1/notifications", {"content": {"title": "Draft"}, "audience": {"all": True}}, 201)["id"]
        self.assertEqual(self.ask("GET", f"/v1/notifications/{draft}/outcomes")["steps"], [])
        self.ask("GET", f"/v1/notifications/{identity}/outcomes", None, 404, self.shop)

    def test_gateways(self):
        self.node.import_devices(devices(1500))
        self.lab.emulator.control(hold=True)
        identity = self.launch()

        def under_way():
            found = self.ask("GET", "/v1/gateway-states")
            return found if found["items"] and found["items"][0]["in_flight"] > 0 else None
        found = until("the sender to have requests in flight", under_way)
        fcm, = found["items"]
        self.assertEqual((fcm["gateway"], fcm["credential"], fcm["breakers_open"], found["missing"]), ("fcm", "configuration", 0, 0))
        self.assertGreater(fcm["connections"], 0)
        self.assertEqual(self.ask("GET", "/v1/gateway-states", key=self.shop)["items"], [])
        self.lab.emulator.control(hold=False)
        self.node.wait_completed(identity)
        self.lab.emulator.control(fail="503")
        identity = self.launch()

        def broken():
            items = self.ask("GET", "/v1/gateway-states")["items"]
            return items if items and items[0]["breakers_open"] > 0 else None
        fcm, = until("the breaker to open", broken)
        self.assertTrue(fcm["troubles"], fcm)
        self.lab.emulator.control(fail="none")
        self.ask("POST", f"/v1/notifications/{identity}:cancel", wanted=202)

    def test_dead_letters(self):
        self.node.import_devices(devices(400))
        self.node.inspect("pause", "push-sender")
        until("the hold to be seen", lambda: self.node.inspected("status")["nodes"][0]["report"]["held_stages"])
        identity = self.launch()
        until("all of it to be appended", lambda: self.node.notification(identity)["fan_out_done"])
        burial = Burial(self.node)
        ids = burial.bury(QUEUE.format(1), 3)
        unreadable = burial.bury_unreadable("results")
        listed = self.ask("GET", "/v1/dead-letters")["items"]
        self.assertEqual([each["id"] for each in listed], [*ids, unreadable])
        self.assertEqual([(each["targets"], each["readable"], each.get("notification_id")) for each in listed[:3]], [(100, True, identity)] * 3)
        self.assertNotIn("ok-", str(listed))
        first = self.ask("GET", "/v1/dead-letters?limit=2")
        self.assertEqual([each["id"] for each in first["items"]], ids[:2])
        rest = self.ask("GET", f"/v1/dead-letters?limit=2&cursor={first['next_cursor']}")
        self.assertEqual(([each["id"] for each in rest["items"]], rest["has_more"]), ([ids[2], unreadable], False))

        # For another application they are not there.
        self.assertEqual(self.ask("GET", "/v1/dead-letters", key=self.shop)["items"], [])
        for each in (ids[0], unreadable):
            for verb in ("requeue", "drop"):
                self.ask("POST", f"/v1/dead-letters/{each}:{verb}", None, 404, self.shop)

        self.assertEqual(self.ask("POST", f"/v1/dead-letters/{ids[0]}:requeue")["id"], ids[0])
        self.ask("POST", f"/v1/dead-letters/{ids[0]}:requeue", wanted=404)
        self.assertEqual(self.ask("POST", f"/v1/dead-letters/{ids[1]}:drop")["targets"], 100)
        self.ask("POST", f"/v1/dead-letters/{ids[2]}:requeue")
        self.ask("POST", f"/v1/dead-letters/{unreadable}:requeue", wanted=409)
        self.ask("POST", f"/v1/dead-letters/{unreadable}:drop")
        self.ask("POST", "/v1/dead-letters/nonsense:drop", wanted=404)
        self.node.inspect("resume", "push-sender")
        counts = self.node.wait_completed(identity)["counts"]
        self.assertEqual((counts["accepted"], counts["failed"], counts["audience"]), (300, 100, 400))
        self.assertEqual(self.ask("GET", "/v1/dead-letters")["items"], [])


if __name__ == "__main__":
    unittest.main()
