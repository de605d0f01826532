"""G13 in figures: one gateway hangs, refuses with 503, or asks for patience with 429, and the others keep the throughput that they
have without the trouble; what waits for the one in trouble is sent when it is over."""
import statistics
import time
import unittest

from invariants import check_counts
from lab import Lab, until

OTHERS, EACH, TROUBLED = ("apns", "hms", "webpush"), 800, 300
ROUNDS = 2
# Rounds with and without trouble take turns, so that a busy machine slows both; the gateway's latency bounds them, not its speed.
# HMS takes all of its pushes in one request or two: its figure is the latency of one.
LEAST = {"apns": 0.6, "hms": 0.2, "webpush": 0.6}


class Bulkheads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(emulator_flags=("--delay-ms", "150"))
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.node = cls.lab.node(sections={**cls.lab.emulator.sections(), "limits": {
            "connections_per_credential": 1, "request_timeout_seconds": 4, "retry_budget_percent": 0, "attempts": 20,
            "retry_wait_cap_seconds": 2}}).start()
        cls.node.make_key()
        cls.node.checks_answers = False
        emulator, made = cls.lab.emulator, []
        for gateway, count in (("fcm", TROUBLED), *((each, EACH) for each in OTHERS)):
            made += [emulator.device(gateway, f"{gateway}-{n}", properties={"of": gateway}) for n in range(count)]
        cls.node.import_devices(made)

    def launch(self, name, gateways, **more):
        status, made, _ = self.node.call("POST", "/v1/notifications", {
            "content": {"title": name, "data": {"notification": name}}, "collapse_key": name, "launch": True, **more,
            "audience": {"condition": {"property": "of", "in": list(gateways)}}})
        self.assertEqual(status, 201, made)
        return made["id"]

    def round_of(self, name):
        """Pushes a second of each of the others, from the launch to the last that it saw."""
        since = time.time()
        identity = self.launch(name, OTHERS)
        self.node.wait_completed(identity)
        check_counts(self.node, identity, EACH * len(OTHERS))
        times = {gateway: [] for gateway in OTHERS}
        for row in self.lab.emulator.log():
            if row[3] == name and row[1].startswith("2"):
                times[row[7]].append(int(row[0]) / 1e6)
        self.assertEqual({gateway: len(seen) for gateway, seen in times.items()}, dict.fromkeys(OTHERS, EACH))
        return {gateway: EACH / (max(seen) - since) for gateway, seen in times.items()}

    def beside(self, how, code):
        emulator, alone, troubled, waiting = self.lab.emulator, [], [], []
        for turn in range(ROUNDS):
            alone.append(self.round_of(f"{how}-alone-{turn}"))
            emulator.control(gateway="fcm", fail=how)
            waiting.append(self.launch(f"{how}-waits-{turn}", ("fcm",), duplicates="allow"))
            until(f"FCM to answer with {how}", lambda t=turn: any(
                row[3] == f"{how}-waits-{t}" and row[4] == code for row in emulator.log()))
            troubled.append(self.round_of(f"{how}-beside-{turn}"))
            self.assertNotEqual(self.node.notification(waiting[-1])["state"], "completed")
            emulator.control(gateway="fcm", fail="none")
            self.node.wait_completed(waiting[-1])
            counts = self.node.notification(waiting[-1])["counts"]
            self.assertEqual((counts["accepted"], counts["audience"]), (TROUBLED, TROUBLED), counts)
        for gateway in OTHERS:
            of = [statistics.mean(each[gateway] for each in rounds) for rounds in (alone, troubled)]
            print(f"FCM {how}: {gateway} keeps {of[1] / of[0]:.2f} of its throughput ({of[1]:.0f}/s, without {of[0]:.0f}/s)", flush=True)
            self.assertGreater(of[1] / of[0], LEAST[gateway], gateway)

    def test_beside_503(self):
        self.beside("503", "UNAVAILABLE")

    def test_beside_429(self):
        self.beside("429", "QUOTA_EXCEEDED")

    def test_beside_one_that_hangs(self):
        self.beside("hang", "HANG")


if __name__ == "__main__":
    unittest.main()
