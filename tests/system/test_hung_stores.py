"""G22: Redis or MariaDB hangs: it takes connections and answers nothing. Liveness, readiness and `pusher inspect` of every node
answer all the same, say which store it is and for how long, and all goes on by itself when it wakes up."""
import json
import re
import signal
import subprocess
import time
import unittest

from invariants import check_counts
from lab import Lab, until
from one_role import one_role_nodes, start_together

# Whoever asks waits for a part of a node for half a second; what is beyond this is not late, it hangs too.
MOST_SECONDS = 10
DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{n}"} for n in range(500)]


def failing(node):
    """What a node's readiness has to complain of, by the check's name."""
    status, body = node.admin("/readyz")
    found = {check["name"]: check["detail"] for check in json.loads(body)["checks"] if not check["ok"]}
    assert (status == 503) == bool(found), (status, body)
    return found


class Hung(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.stores = cls.lab.stores()
        cls.stores.start()
        cls.nodes = one_role_nodes(cls.lab, cls.stores)
        start_together(cls.nodes.values())
        cls.front = cls.nodes["front"]
        cls.front.make_key()
        cls.front.import_devices(DEVICES)
        until("a leader", lambda: cls.nodes["leader"].events("fan_out.leads"))

    def asked(self, node, *arguments):
        """What `pusher inspect` says, its exit code, and how many seconds it took."""
        began = time.monotonic()
        ended = subprocess.run([node.pusher, "inspect", *arguments, "--json", "--config", str(node.config)], capture_output=True,
                               text=True, timeout=60, check=False)
        took = time.monotonic() - began
        self.assertLess(took, MOST_SECONDS, (arguments, ended))
        return ended.stdout, ended.returncode, took

    def status(self, node, code):
        said, got, took = self.asked(node, "status")
        self.assertEqual(got, code, said)
        return json.loads(said), took

    def hangs(self, store, process, users):
        """`users`: the nodes that talk to it."""
        process.send_signal(signal.SIGSTOP)
        self.addCleanup(process.send_signal, signal.SIGCONT)
        for name in users:
            until(f"{name} to say that {store} does not answer", lambda n=name: store in failing(self.nodes[n]))
        before = {name: self.age(failing(self.nodes[name])[store]) for name in users}
        for name in users:
            until("its age to grow", lambda n=name: self.age(failing(self.nodes[n])[store]) > before[n])
        for name, node in self.nodes.items():
            self.assertEqual(node.admin("/livez")[0], 200)
            seen, took = self.status(node, 1)
            self.assertEqual(sorted(each["name"] for each in seen["nodes"] if "report" in each), sorted(self.nodes))
            told = [each for each in seen["problems"] if f"{store}:" in each]
            self.assertEqual({each.split(":")[0] for each in told}, set(users), seen["problems"])
        print(f"{store} hangs: status after {took:.2f} s; {told[-1]}", flush=True)
        for what in ("actors", "streams", "gateways"):
            self.asked(self.nodes["front"], what)

    def journal_age(self):
        """How old the journal's numbers in status are, in seconds."""
        return float(re.search(r"^Journal ([\d.]+) s ago", self.front.inspect("status", code=1), re.MULTILINE)[1])

    @staticmethod
    def age(detail):
        """The seconds in a check's detail."""
        found = re.search(r"for (\d+) s", detail)
        return int(found[1]) if found else 0

    def wakes(self, process):
        process.send_signal(signal.SIGCONT)
        until("all to be well", lambda: not any(map(failing, self.nodes.values())), 60)
        until("status to be well", lambda: self.asked(self.front, "status")[1] == 0)
        status, made, _ = self.front.call("POST", "/v1/notifications", {
            "content": {"title": "x"}, "audience": {"all": True}, "launch": True})
        self.assertEqual(status, 201, made)
        self.front.wait_completed(made["id"])
        check_counts(self.front, made["id"], len(DEVICES))

    def test_redis(self):
        process = self.stores.processes[0]
        self.hangs("redis", process, list(self.nodes))
        measured = self.journal_age()
        until("the age of what is known of the journal to grow", lambda: self.journal_age() > measured, interval=0.5)
        self.assertEqual(self.asked(self.front, "streams")[1], 1)
        self.wakes(process)

    def test_mariadb(self):
        process = self.stores.processes[1]
        self.hangs("mariadb", process, [name for name in self.nodes if name != "sender"])
        self.wakes(process)


if __name__ == "__main__":
    unittest.main()
