"""The benchmark beside others counts right: what is lost or doubled is told, of Pusher as of anyone, and a run in small gives
its table, its JSON and its picture."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

from peers.durable import Pusher  # noqa: E402
from peers.measure import measure  # noqa: E402
from peers.receipts import Receipts  # noqa: E402
from peers.scene import CONTENT, Conditions  # noqa: E402
from peers.tools import Tools  # noqa: E402

DEVICES = 2000


class Faulty(Pusher):
    """Knows one device too few, and pushes to another one twice."""

    def register_block(self, numbers):
        super().register_block([each for each in numbers if each != DEVICES - 1])

    def finish(self, seconds=60):
        made = super().finish(seconds)
        status, again, _ = self.node.call("POST", "/v1/notifications", {
            "content": CONTENT, "audience": {"device_ids": ["d-7"]}, "launch": True})
        assert status == 201, again
        self.node.wait_completed(again["id"], seconds)
        return made


class BenchPeersTest(unittest.TestCase):
    def test_what_is_lost_and_doubled_is_told(self):
        found = measure(Faulty, Tools(os.environ["PUSHER_BUILD_DIR"]), Conditions("fcm", "both"), DEVICES)
        self.assertEqual((found["lost"], found["doubled"]), (1, 1))
        self.assertEqual(found["faults"][:2], ["1 pushes lost", "1 pushes doubled"])
        self.assertIn("1,999 of 2,000", found["faults"][2])

    def test_refused_pushes_and_strangers_are_no_deliveries(self):
        rows = [["3000000", "503", "a", "-", "UNAVAILABLE"], ["4000000", "200", "a", "-", "-"], ["5000000", "200", "c", "-", "-"]]
        found = Receipts(rows, ["a", "b"])
        self.assertEqual(found.faults(), ["1 pushes lost", "1 pushes to devices that were not meant"])
        self.assertEqual(found.seconds_until(0.5, 1_000_000), 3.0)
        self.assertIsNone(found.seconds_until(0.95, 1_000_000))

    def test_a_run_in_small(self):
        wanted = ["pusher", *(["h2load"] if shutil.which("h2load") else []), *(["node-http2"] if shutil.which("node") else [])]
        with tempfile.TemporaryDirectory() as directory:
            files = {name: pathlib.Path(directory) / name for name in ("json", "svg")}
            ran = subprocess.run([sys.executable, str(BENCH / "peers.py"), "--devices", str(DEVICES), "--rounds", "1", "--cores", "one",
                                  "--only", ",".join(wanted), *(f"--{name}={file}" for name, file in files.items())],
                                 capture_output=True, text=True, check=False)
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
            said = json.loads(files["json"].read_text())
            xml.etree.ElementTree.parse(files["svg"])
        systems = {each["name"]: each for each in said["results"][0]["systems"]}
        self.assertEqual(set(systems), set(wanted))
        for name, each in systems.items():
            self.assertIn(each["title"], ran.stdout)
            self.assertEqual((each["median"]["lost"], each["median"]["doubled"], each["median"]["faults"]), (0, 0, []), name)
            for number in ("pushes_per_second", "cpu_seconds_per_100k", "peak_bytes"):
                self.assertGreater(each["median"][number], 0, (name, number))
        killed = {each["name"]: each for each in said["kills"]}
        self.assertEqual(killed["pusher"]["lost"], 0)
        self.assertIsNotNone(killed["pusher"]["recovered_seconds"])


if __name__ == "__main__":
    unittest.main(warnings="ignore")
