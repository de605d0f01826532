"""Each stage by itself beside the least that its work can cost, in interleaved rounds; medians as one table.

python3 bench/stages.py [NAME...] [--rounds N], with PUSHER_BUILD_DIR and PYTHONPATH as for the system tests.
"""
import argparse
import base64
import collections
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import tempfile

from api import Load
from cluster import cpu_seconds
from lab import Emulator, Lab
from waiting import free_port

BUILD = pathlib.Path(os.environ.get("PUSHER_BUILD_DIR", "build/release"))


class Table:
    """Measurements by stage and side; `floor` says what the stage is beside."""

    def __init__(self):
        self.rows = collections.defaultdict(lambda: {"ours": [], "floor": []})
        self.floors = {}

    def add(self, stage, side, count, seconds, cpu, stores=0.0):
        self.rows[stage][side].append((count / seconds, cpu * 1e5 / count, stores * 1e5 / count))

    def take(self, output, floors):
        """What a program of ours told, a line per measurement. `floors`: the floor of stages whose names begin so."""
        for line in output.splitlines():
            made = json.loads(line)
            self.floors[made["stage"]] = next(text for begin, text in floors.items() if made["stage"].startswith(begin))
            self.add(**made)

    @staticmethod
    def heading():
        print(f"{'stage':<34}{'ours/s':>12}{'floor/s':>12}{'CPU s per 100,000':>20}{'of the stores':>15}{'floor':>8}"
              f"{'of stores':>11}{'times floor':>13}  floor", flush=True)

    def show(self):
        for stage, sides in self.rows.items():
            ours = [statistics.median(column) for column in zip(*sides["ours"])]
            line = f"{stage:<34}{ours[0]:>12,.0f}"
            if sides["floor"]:
                floor = [statistics.median(column) for column in zip(*sides["floor"])]
                ratios = [(a[1] + a[2]) / (b[1] + b[2]) for a, b in zip(sides["ours"], sides["floor"])]
                line += (f"{floor[0]:>12,.0f}{ours[1]:>20.3f}{ours[2]:>15.3f}{floor[1]:>8.3f}{floor[2]:>11.3f}"
                         f"{statistics.median(ratios):>13.2f}  {self.floors.get(stage, '')}")
            else:
                line += f"{'':>12}{ours[1]:>20.3f}{ours[2]:>15.3f}"
            print(line, flush=True)


def program(name, *arguments):
    ran = subprocess.run([str(BUILD / "bench" / name), *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=False)
    if ran.returncode != 0:
        raise SystemExit(f"{name} ended with {ran.returncode}")
    return ran.stdout


# -- push client --

class H2load:
    """Sends the same request again and again."""

    def __init__(self, request, directory):
        request = json.loads(request)
        self.body = pathlib.Path(directory) / "body"
        self.body.write_bytes(base64.urlsafe_b64decode(request["body"] + "=="))
        pseudo = {name: value for name, value in request["headers"] if name.startswith(":")}
        self.flags = [flag for name, value in request["headers"] if not name.startswith(":") for flag in ("-H", f"{name}: {value}")]
        self.url = f"{pseudo[':scheme']}://{pseudo[':authority']}{pseudo[':path']}"

    def run(self, count, connections, streams):
        """Seconds, and CPU of the whole process."""
        process = subprocess.Popen(["h2load", "-n", str(count), "-c", str(connections), "-m", str(streams), "-d", str(self.body),
                                    *self.flags, self.url], stdout=subprocess.PIPE, text=True)
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        done = re.search(r"finished in ([0-9.]+)(us|ms|s), ", said)
        succeeded = re.search(r"status codes: (\d+) 2xx", said)
        if process.returncode != 0 or not done or int(succeeded[1]) != count:
            raise SystemExit(f"h2load: {said}")
        return float(done[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1}[done[2]], used.ru_utime + used.ru_stime


def push_client(table, rounds, gateways=("fcm", "apns", "webpush"), connections=1, streams=100, count=200_000):
    for gateway in gateways:
        with tempfile.TemporaryDirectory(prefix="pusher-bench-") as directory:
            emulator = Emulator(BUILD, directory, "--max-streams", str(streams), "--apns-token-updates-seconds", "0")
            ready = ("--ready", f"{directory}/ready.json", "--gateway", gateway)
            try:
                many = count // 10 if gateway == "webpush" else count
                floor = H2load(program("push-client", *ready, "--request"), directory)
                for _ in range(rounds):
                    table.take(program("push-client", *ready, "--count", many, "--connections", connections),
                               {"push client": f"h2load, {connections} connection, {streams} streams, {floor.body.stat().st_size} bytes"})
                    seconds, cpu = floor.run(many, connections, streams)
                    table.add(f"push client: {gateway}", "floor", many, seconds, cpu)
            finally:
                emulator.stop()


# -- what a program measures on both sides --

def beside(name, floors):
    return lambda table, rounds: table.take(program(name, "--rounds", rounds), floors)


# -- REST --

class BareServer:
    """Pistache with a constant answer, in a node's place."""

    def __init__(self):
        self.port, self.key = free_port(), "none"
        self.process = subprocess.Popen([str(BUILD / "bench" / "bare-http"), "--port", str(self.port)], stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit("bare-http did not start")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def rest(table, rounds, seconds=3, connections=64):
    limits = {"requests_per_second_per_key": 0, "concurrent_requests_per_key": 2000}
    bare = BareServer()
    try:
        with Lab() as lab:
            node = lab.node(sections={"limits": limits}).start()
            node.make_key()
            node.import_devices([{"device_id": "d-1", "gateway": "fcm", "platform": "android", "push_token": "token-1"}])
            made = node.call("POST", "/v1/notifications", {"content": {"title": "x"}, "audience": {"device_ids": ["d-1"]}})[1]
            calls = {"PUT a device": ("put", ""), "GET a device": ("device", "/v1/devices/d-1"),
                     "GET a notification": ("notification", f"/v1/notifications/{made['id']}")}
            sides = {"ours": (Load(node, seconds, quiet=True), node.process.pid, list(node.store_pids().values())),
                     "floor": (Load(bare, seconds, quiet=True), bare.process.pid, [])}
            for _ in range(rounds):
                for name, (call, path) in calls.items():
                    table.floors[f"REST: {name}"] = f"Pistache answering a constant, {connections} connections"
                    for side, (load, process, stores) in sides.items():
                        before = [cpu_seconds(process), sum(map(cpu_seconds, stores))]
                        ran = load(call, connections, path)
                        used = [cpu_seconds(process) - before[0], sum(map(cpu_seconds, stores)) - before[1]]
                        table.add(f"REST: {name}", side, ran["calls"], ran["seconds"], *used)
            assert node.stop() == 0
    finally:
        bare.stop()


STAGES = {"push-client": push_client,
          "fan-out": beside("fan-out-bench", {"": "SELECT of the same rows by key"}),
          "journal": beside("journal-bench", {"": "plain commands with the same bytes, pipelined"}),
          "result-writer": beside("result-writer-bench", {"result-writer, by arrays": "the same rows by bulk arrays",
                                                          "": "the same rows by LOAD DATA LOCAL"}),
          "rendering": beside("rendering-bench", {"payload: webpush": "a key pair and a shared secret", "payload": "a copy of the bytes",
                                                  "reading": "RapidJSON alone", "condition": "finding one name in the text"}),
          "rest": rest}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("stage", nargs="*", choices=[[], *STAGES], help="all without one")
    options.add_argument("--rounds", type=int, default=5)
    options = options.parse_args()
    Table.heading()
    for name in options.stage or STAGES:
        table = Table()
        STAGES[name](table, options.rounds)
        table.show()


if __name__ == "__main__":
    main()
