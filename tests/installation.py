"""An installation to break: four nodes with a Redis and a MariaDB, a relay before everything that they talk to, and a
supervisor that starts whatever died, as a service manager would.

`in_own_mounts()` first gives the script file systems of its own to fill; without the right to that there are no full disks.
"""
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

from faults import TIMEOUT_SECONDS
from lab import Lab, free_port, until
from one_role import ROLES
from relay import Relay
from shifted_clock import ShiftedClock

STORES = ("redis", "mariadb")
LEASE_MS, HEARTBEAT_MS = 2_000, 1_000
CONNECTIONS, STREAMS, UNRECORDED = 2, 50, 256
GATEWAYS = ("fcm", "apns", "webpush", "hms")
# What one sender may have open, and open or not yet recorded.
OPEN = len(GATEWAYS) * CONNECTIONS * STREAMS
AT_RISK = OPEN + len(GATEWAYS) * UNRECORDED
DISK_BYTES = 256 << 20


def in_own_mounts():
    """Runs the script anew in a mount namespace of its own, which the kernel clears away with the last process. Without
    the right to that it goes on as it is."""
    if os.environ.get("PUSHER_TEST_MOUNTS") == "made":
        return
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0:
        os.environ["PUSHER_TEST_MOUNTS"] = "made"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.orig_argv[1:]])


def may_mount():
    return os.environ.get("PUSHER_TEST_MOUNTS") == "made"


class Installation:
    """`with` starts it and ends it. Processes are named: the nodes, "redis", "mariadb"."""

    def __init__(self, one_role=False, delay_ms=20, clocks=False, limits=None, emulator_flags=(), small=("redis", "logs")):
        self.delay_ms, self.wants_clocks, self.limits = delay_ms, clocks, limits or {}
        self.lab = Lab(emulator_flags=("--delay-ms", str(delay_ms), "--max-streams", str(STREAMS), *emulator_flags))
        self.stores = self.lab.stores()
        self.disks = self.make_disks(small) if may_mount() else {}
        self.relays, self.clocks, self.nodes, self.restarts = {}, {}, {}, []
        self.may_abort = set()  # processes that were denied memory
        self.most_descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        issue = self.lab.cluster()
        names = ROLES if one_role else {f"n{number}": None for number in range(1, 5)}
        for name, roles in names.items():
            self.nodes[name] = self.make_node(name, roles, issue)
        self.supervised = False
        self.lock = threading.Lock()
        self.supervisor = threading.Thread(target=self.supervise, daemon=True)

    def make_disks(self, small):
        """Small file systems: for Redis's AOF, for the nodes' logs, for MariaDB's rows."""
        made = {name: self.lab.directory / f"disk-{name}" for name in small}
        for directory in made.values():
            directory.mkdir()
            self.run("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", directory)
        if "redis" in made:
            self.stores.redis_options += ["--dir", str(made["redis"])]
        if "mariadb" in made:
            self.stores.move_rows(made["mariadb"] / "mysql")
        return made

    def run(self, *command):
        subprocess.run([str(each) for each in command], check=True, stdout=subprocess.DEVNULL)

    def make_node(self, name, roles, issue):
        def relay(place, port):
            self.relays[name, place] = Relay(port)
            return self.relays[name, place].port

        listen = free_port()
        sections = self.lab.emulator.sections()
        # Web Push endpoints are signed for their port, so those go there straight.
        to_gateway = relay("gateway", self.lab.emulator.ready["port"])
        for section in ("fcm", "apns", "hms"):
            address = sections[section]["base_url"]
            sections[section]["base_url"] = address.replace(f":{self.lab.emulator.ready['port']}", f":{to_gateway}")
        stores = self.stores.sections()
        stores["redis"]["port"] = relay("redis", self.stores.redis_port)
        stores["mysql"]["port"] = relay("mariadb", self.stores.mysql_port)
        sections.update(stores, node={"name": name}, limits={
            "lease_ms": LEASE_MS, "heartbeat_ms": HEARTBEAT_MS, "connections_per_credential": CONNECTIONS,
            "request_timeout_seconds": TIMEOUT_SECONDS, "retry_wait_cap_seconds": 3, "retry_budget_percent": 0, "attempts": 20,
            **self.limits})
        sections["cluster"] = {**issue(name), "listen": f"127.0.0.1:{listen}",
                               "advertise": f"127.0.0.1:{relay('cluster', listen)}"}
        if roles:
            sections["node"]["roles"] = roles
        if roles == "push-sender":
            del sections["mysql"]
        node = self.lab.node(name, sections, environment=self.clock(name) if self.wants_clocks else None)
        if "logs" in self.disks:
            (node.directory / "node.log").symlink_to(self.disks["logs"] / f"{name}.log")
        return node

    def clock(self, name):
        """Its wall clock is what the file says; the monotonic one stays as it is."""
        self.clocks[name] = ShiftedClock(self.lab.directory / f"clock-{name}", self.lab.build)
        return self.clocks[name].environment

    def __enter__(self):
        self.stores.start()
        for node in self.nodes.values():
            node.start(wait=False)
        for node in self.nodes.values():
            node.wait_ready()
        front = self.fronts()[0]
        key = front.make_key("devices,send,read,admin")
        for node in self.nodes.values():
            node.key, node.checks_answers = key, False
        self.supervised = True
        self.supervisor.start()
        return self

    def __exit__(self, *failure):
        self.supervised = False
        self.supervisor.join()
        for each in self.relays.values():
            each.pass_on()
        for name in (*self.nodes, *STORES, "gateway"):
            self.signal(name, signal.SIGCONT)
        self.lab.__exit__(*failure)
        for each in self.relays.values():
            each.stop()

    def fronts(self):
        """The nodes that clients may call."""
        return [node for node in self.nodes.values() if "api" in node.sections["node"].get("roles", "api")]

    def senders(self):
        return [name for name, node in self.nodes.items()
                if "push-sender" in node.sections["node"].get("roles", "push-sender")]

    # -- processes ---

    def process(self, name):
        if name == "gateway":
            return self.lab.emulator.process
        return self.nodes[name].process if name in self.nodes else self.stores.processes[STORES.index(name)]

    def pid(self, name):
        return self.process(name).pid

    def signal(self, name, number):
        """To the process that runs under that name, if one does."""
        with self.lock:
            process = self.process(name)
            if process.poll() is None:
                process.send_signal(number)
                return True
            return False

    def end(self, name, number):
        """Ends the one that runs, or that is started again just now."""
        until(f"{name} to be there", lambda: self.signal(name, number), 20)

    def unrecorded(self):
        """Pushes that the gateway took and that have no row yet. (Those that were doubled count as well.)"""
        counters = self.lab.emulator.statistics()["gateways"].values()
        (rows,), = self.stores.query("SELECT COUNT(*) FROM deliveries WHERE outcome = 1")
        return max(0, sum(each["accepted"] for each in counters) - int(rows))

    def redis_files(self):
        return self.disks.get("redis", self.stores.directory) / "appendonlydir"

    def keep_redis_files(self):
        """As they are at one moment."""
        self.signal("redis", signal.SIGSTOP)
        shutil.rmtree(self.lab.directory / "redis-copy", ignore_errors=True)
        shutil.copytree(self.redis_files(), self.lab.directory / "redis-copy")
        self.signal("redis", signal.SIGCONT)

    def put_redis_files_back(self):
        with self.lock:
            self.process("redis").kill()
            self.process("redis").wait()
            shutil.rmtree(self.redis_files())
            shutil.copytree(self.lab.directory / "redis-copy", self.redis_files())

    def supervise(self):
        while self.supervised:
            for name in (*self.nodes, *STORES):
                with self.lock:
                    self.revive(name)
            time.sleep(0.05)

    def revive(self, name):
        code = self.process(name).poll()
        if code is None or not self.supervised:
            return
        self.restarts.append((name, code, self.pid(name) in self.may_abort))
        if name in self.nodes:
            self.nodes[name].stderr.close()
            self.nodes[name].start(wait=False)
        else:
            self.stores.restart(STORES.index(name))

    def leader(self):
        """The name of the node that leads, by its metrics; None when nobody says so."""
        for name, node in self.nodes.items():
            if "\npusher_fan_out_leading 1\n" in node.admin("/metrics")[1]:
                return name
        return None

    def descriptors(self, name):
        return len(os.listdir(f"/proc/{self.pid(name)}/fd"))

    def resident_bytes(self, name):
        with open(f"/proc/{self.pid(name)}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def address_space(self, name):
        with open(f"/proc/{self.pid(name)}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[0]) * os.sysconf("SC_PAGESIZE")

    def burn(self):
        return subprocess.Popen(["nice", "-n", "5", sys.executable, "-c", "while True: pass"])

    # -- what must come back by itself ---

    def is_well(self):
        """Everyone is there, ready and connected, somebody leads: what `pusher inspect status` says; else what is not."""
        for name, node in self.nodes.items():
            if node.admin("/readyz")[0] != 200:
                return f"{name} is not ready: {node.admin('/readyz')[1]}"
        node = next(iter(self.nodes.values()))
        ended = subprocess.run([node.pusher, "inspect", "status", "--json", "--config", str(node.config)],
                               capture_output=True, text=True, timeout=60, check=False)
        if ended.returncode == 0:
            return ""
        try:
            return f"inspect status: {json.loads(ended.stdout)['problems']}"
        except (ValueError, KeyError):
            return f"inspect status ended with {ended.returncode}: {ended.stdout}{ended.stderr}"

    def wait_well(self, seconds=90):
        told = [""]

        def well():
            told[0] = self.is_well()
            return not told[0]
        try:
            until("the installation to be well", well, seconds, 0.2)
        except AssertionError:
            logs = "".join(f"\n--- end of {name}'s log ---\n{self.stores.log_tail(name)}" for name in STORES)
            raise AssertionError(f"not well after {seconds} s without faults: {told[0]}{logs}") from None
