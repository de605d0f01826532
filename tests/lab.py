"""Starts and owns real processes for tests and the demo: the gateway emulator and Pusher nodes with embedded stores.

Only processes started here are ever ended, by their pid. Nothing sleeps to wait: `until` polls a condition with a
deadline and says what it waited for.
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

import openapi_check
from outer_stores import OuterStores
from waiting import free_port, until

FALLEN = 99  # the exit code of a process that died at a fail point


class Emulator:
    """The gateway emulator. `log()` is the oracle: what really arrived."""

    def __init__(self, build, directory, *flags, bodies=False):
        self.directory = pathlib.Path(directory)
        self.body_file = self.directory / "bodies.jsonl"
        flags = (*flags, "--bodies", str(self.body_file)) if bodies else flags
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log_file = self.directory / "arrived.log"
        self.counted = self.counted_to = 0
        self.process = subprocess.Popen(
            [str(pathlib.Path(build) / "gateway-emulator"), "--listen", "127.0.0.1:0", "--directory",
             str(self.directory), "--log", str(self.log_file), *flags],
            stdout=subprocess.DEVNULL, stderr=open(self.directory / "stderr.log", "wb"))
        ready = self.directory / "ready.json"
        until("the emulator's ready.json", lambda: ready.exists() or self.process.poll() is not None)
        if not ready.exists():
            raise AssertionError(f"the emulator ended: {(self.directory / 'stderr.log').read_text()}")
        self.ready = json.loads(ready.read_text())

    def settings(self):
        """The node's [fcm] section."""
        return {"service_account_file": self.ready["service_account_file"], "base_url": self.ready["base_url"],
                "ca_file": self.ready["ca_file"], "messages_per_minute": 0, "ramp_seconds": 0}

    def sections(self):
        """The sections of a node that reaches every gateway here."""
        vapid = self.directory / "vapid.pem"
        if not vapid.exists():
            subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                            str(vapid)], check=True, capture_output=True)
            vapid.chmod(0o600)
        ready, ca = self.ready, {"ca_file": self.ready["ca_file"]}
        return {"fcm": self.settings(),
                "apns": {"key_file": ready["apns_key_file"], "key_id": ready["apns_key_id"],
                         "team_id": ready["apns_team_id"], "topic": ready["apns_topic"],
                         "base_url": ready["apns_base_url"], "sandbox_base_url": ready["apns_sandbox_base_url"], **ca},
                "webpush": {"vapid_key_file": str(vapid), "subject": "mailto:ops@example.com",
                            "allow_private_addresses": True, **ca},
                "hms": {"app_id": ready["hms_app_id"], "app_secret_file": ready["hms_app_secret_file"],
                        "base_url": ready["hms_base_url"], "token_url": ready["hms_token_url"], **ca}}

    def device(self, gateway, text, **more):
        """A device whose push token says `text` to the emulator."""
        made = {"device_id": f"{gateway}-{text}", "gateway": gateway, **more}
        if gateway == "apns":
            return {**made, "platform": "ios", "push_token": text.encode().hex()}
        if gateway == "webpush":
            return {**made, "platform": "web", "subscription": {
                "endpoint": f"{self.ready['webpush_base_url']}/wpush/{text}",
                "keys": {"p256dh": self.ready["webpush_p256dh"], "auth": self.ready["webpush_auth"]}}}
        return {**made, "platform": "android", "push_token": text}

    def control(self, **message):
        """Sends an order to the emulator's control endpoint."""
        context = ssl.create_default_context(cafile=self.ready["ca_file"])
        connection = http.client.HTTPSConnection("127.0.0.1", self.ready["port"], timeout=20, context=context)
        connection.request("POST", "/_control", body=json.dumps(message))
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 200, (answer.status, text)

    def statistics(self):
        context = ssl.create_default_context(cafile=self.ready["ca_file"])
        connection = http.client.HTTPSConnection("127.0.0.1", self.ready["port"], timeout=20, context=context)
        connection.request("GET", "/_stats")
        made = json.loads(connection.getresponse().read())
        connection.close()
        return made

    def log(self):
        """Rows of (microseconds, status, push token, correlation, code, connection, stream, gateway), one for every push
        that was answered before this call: the emulator writes its log in blocks, and at the latest when it is asked for
        anything."""
        if self.process.poll() is None:
            self.statistics()
        if not self.log_file.exists():
            return []
        with open(self.log_file, encoding="utf-8") as lines:
            return [line.rstrip("\n").split("\t") for line in lines if line.endswith("\n")]

    def arrived(self):
        """How many pushes arrived so far; cheap to ask again and again."""
        if self.log_file.exists():
            with open(self.log_file, "rb") as log:
                log.seek(self.counted_to)
                fresh = log.read()
            self.counted += fresh.count(b"\n")
            self.counted_to += len(fresh)
        return self.counted

    def bodies(self):
        """What every push said, of an emulator with bodies=True: (gateway, token's text, body, whole row)."""
        rows = []
        for line in self.body_file.read_text(encoding="utf-8").splitlines() if self.body_file.exists() else []:
            row = json.loads(line)
            message = json.loads(row["body"])
            if row["gateway"] == "apns":
                tokens = [bytes.fromhex(row["path"].rsplit("/", 1)[1]).decode()]
            elif row["gateway"] == "webpush":
                tokens = [row["path"].rsplit("/", 1)[1]]
            else:
                message = message["message"]
                found = message.pop(next(name for name in ("token", "fid", "topic", "condition") if name in message))
                tokens = found if isinstance(found, list) else [found]
            rows += [(row["gateway"], token, message, row) for token in tokens]
        return rows

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)


class Node:
    """One `pusher node` in a data directory of its own."""

    def __init__(self, build, directory, sections=None, flags=(), environment=None, machine=None):
        self.environment = {**os.environ, **(environment or {})}
        self.host, self.prefix = (machine.address, machine.prefix) if machine else ("127.0.0.1", [])
        self.pusher = str(pathlib.Path(build) / "pusher")
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port, self.admin_port = free_port(), free_port()
        self.sections = {"data": {"directory": str(self.directory / "data")},
                         "api": {"listen": f"{self.host}:{self.port}"},
                         "admin": {"listen": f"{self.host}:{self.admin_port}"},
                         "cluster": {"listen": f"{self.host}:0"},
                         "embedded": {"buffer_pool": "128M"}}
        for name, values in (sections or {}).items():
            self.sections.setdefault(name, {}).update(values)
        self.flags = list(flags)
        self.config = self.directory / "pusher.toml"
        self.process = None
        self.key = None
        self.checks_answers = True
        self.write_config()

    def write_config(self):
        lines = []
        for section, values in self.sections.items():
            lines.append(f"[{section}]")
            for name, value in values.items():
                lines.append(f"{name} = {json.dumps(value)}")
        self.config.write_text("\n".join(lines) + "\n")

    def start(self, wait=True, fail=""):
        """`fail`: what befalls the process at its fail points, as PUSHER_FAIL says it."""
        self.stderr = open(self.directory / "node.log", "ab")
        program = self.pusher + "-with-fail-points" if fail else self.pusher
        environment = {**self.environment, "PUSHER_FAIL": fail} if fail else self.environment
        self.process = subprocess.Popen([*self.prefix, program, "node", "--config", str(self.config), *self.flags],
                                        stdout=subprocess.DEVNULL, stderr=self.stderr, env=environment)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=60):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the node ended with {self.process.returncode}:\n{self.log_tail()}")
            return self.admin("/readyz")[0] == 200
        until("/readyz to be 200", ready, seconds)

    def wait_fallen(self, seconds=60):
        """Until it has died at its fail point."""
        until("the node to die at its fail point", lambda: self.process.poll() is not None, seconds)
        if self.process.returncode != FALLEN:
            raise AssertionError(f"the node ended with {self.process.returncode}:\n{self.log_tail()}")

    def wait_stopped(self, seconds=60):
        """Until it has stopped itself at its fail point."""
        def stopped():
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as facts:
                return facts.read().rsplit(")", 1)[1].split()[0] == "T"
        until("the node to stop at its fail point", stopped, seconds)

    def metric(self, name):
        """The value of one metric, its labels included in the name; 0 when there is none."""
        for line in self.admin("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0

    def events(self, name):
        """The log's lines of one event."""
        path = self.directory / "node.log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if f'"event":"{name}"' in line]

    def cluster_address(self):
        """Where other nodes reach this one."""
        return self.events("cluster.listens")[-1]["address"]

    def log_tail(self, characters=3000):
        path = self.directory / "node.log"
        return path.read_text(errors="replace")[-characters:] if path.exists() else ""

    def make_key(self, scopes="devices,send,read", *flags):
        made = subprocess.run([*self.prefix, self.pusher, "keys", "create", "--scopes", scopes, "--config", str(self.config), *flags],
                              capture_output=True, text=True, timeout=60, env=self.environment)
        if made.returncode != 0:
            raise AssertionError(f"keys create ended with {made.returncode}: {made.stderr}")
        self.key = made.stdout.strip()
        return self.key

    def inspect(self, *arguments, code=0):
        """`pusher inspect` with this node's configuration; gives what it prints. It must end with that code, None = any. A machine that is too busy to let the node answer
        within two seconds is asked again."""
        for _ in range(3):
            ended = subprocess.run([*self.prefix, self.pusher, "inspect", *arguments, "--config", str(self.config)], capture_output=True,
                                   text=True, timeout=60, check=False)
            if code == 3 or "did not answer in time: is it stopped or very busy" not in ended.stderr:
                break
        if code is not None and ended.returncode != code:
            raise AssertionError(f"inspect {arguments} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
        return ended.stdout if ended.returncode < 2 and not ended.stderr else ended.stderr

    def inspected(self, *arguments, code=0):
        """The same, as the document that programs get."""
        return json.loads(self.inspect(*arguments, "--json", code=code))

    def admin(self, path):
        try:
            connection = http.client.HTTPConnection(self.host, self.admin_port, timeout=10)
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""

    def send(self, method, path, body=None, headers=None, timeout=60):
        """One request as it stands; gives (status, text, headers)."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, dict(answer.getheaders())

    def call(self, method, path, body=None, key=None, headers=None, timeout=60):
        """One request; gives (status, parsed body or text, headers). The answer must be one that /openapi.json has."""
        sent = {"Authorization": f"Bearer {key or self.key}"} if (key or self.key) else {}
        sent.update(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        status, text, received = self.send(method, path, body, sent, timeout)
        if self.checks_answers:
            if described := openapi_check.description_of(self):
                described.check(method, path, status, received, text)
        try:
            return status, json.loads(text) if text else None, received
        except ValueError:
            return status, text, received

    def import_devices(self, devices, timeout=300):
        """NDJSON import; gives the result lines."""
        body = "".join(json.dumps(each) + "\n" for each in devices)
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        connection.request("POST", "/v1/devices:import", body=body.encode(),
                           headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/x-ndjson"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 200:
            raise AssertionError(f"import answered {answer.status}: {text[:500]}")
        return [json.loads(line) for line in text.splitlines()]

    def notification(self, identity):
        status, body, _ = self.call("GET", f"/v1/notifications/{identity}")
        assert status == 200, (status, body)
        return body

    def wait_completed(self, identity, seconds=120, asked_every=0.1):
        """Waits as a client does: a 503 says that it may ask again."""
        def completed():
            status, body, _ = self.call("GET", f"/v1/notifications/{identity}")
            assert status in (200, 503), (status, body)
            return body if status == 200 and body["state"] == "completed" else None
        return until(f"notification {identity} to complete", completed, seconds, asked_every)

    def deliveries(self, identity):
        """All deliveries, over every page."""
        rows, cursor = [], ""
        while True:
            status, page, _ = self.call(
                "GET", f"/v1/notifications/{identity}/deliveries?limit=1000" + (f"&cursor={cursor}" if cursor else ""))
            assert status == 200, (status, page)
            rows += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return rows

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def stop(self, seconds=60):
        """SIGTERM; gives the exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def store_pids(self):
        """Pids of the embedded stores that run now, by name."""
        pids = {}
        for file in (self.directory / "data").rglob("mysql.pid"):
            pids["mariadb"] = int(file.read_text().strip())
        for path in (self.directory / "data").rglob("redis.sock"):
            try:
                with socket.socket(socket.AF_UNIX) as redis:
                    redis.settimeout(5)
                    redis.connect(str(path))
                    redis.sendall(b"INFO server\r\n")
                    for line in redis.recv(65536).decode().splitlines():
                        if line.startswith("process_id:"):
                            pids["redis"] = int(line.split(":")[1])
            except OSError:
                pass
        return pids

    def end_stores(self):
        """Ends embedded stores that outlived a killed node."""
        for pid in self.store_pids().values():
            try:
                os.kill(pid, signal.SIGTERM)
                until(f"process {pid} to end", lambda p=pid: not pathlib.Path(f"/proc/{p}").exists(), 30)
            except OSError:
                pass


class Lab:
    """A temporary directory with an emulator and nodes in it; everything ends with it."""

    def __init__(self, build=None, emulator_flags=(), keep=False, bodies=False):
        self.build = pathlib.Path(build or os.environ["PUSHER_BUILD_DIR"]).resolve()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pusher-lab-"))
        self.keep = keep
        self.nodes = []
        self.outer_stores = []
        self.emulator = Emulator(self.build, self.directory / "gateway", *emulator_flags, bodies=bodies)

    def node(self, name="node", sections=None, flags=(), environment=None, machine=None):
        merged = {"fcm": self.emulator.settings()}
        for section, values in (sections or {}).items():
            merged.setdefault(section, {}).update(values)
        made = Node(self.build, self.directory / name, merged, flags, environment, machine)
        self.nodes.append(made)
        return made

    def cluster(self, **more):
        """The [cluster] sections of nodes that know each other: a function of a node's name."""
        authority, issued = self.directory / "authority", self.directory / "certificates"
        pusher = str(self.build / "pusher")
        if not authority.exists():
            subprocess.run([pusher, "cluster", "init-ca", "--directory", str(authority)], check=True,
                           stdout=subprocess.DEVNULL)

        def section(name, **own):
            subprocess.run([pusher, "cluster", "issue", name, "--directory", str(authority), "--out", str(issued)],
                           check=True, stdout=subprocess.DEVNULL)
            files = issued / name
            return {"certificate": str(files / "certificate.pem"), "key": str(files / "key.pem"),
                    "ca": str(files / "ca.pem"), "listen": "127.0.0.1:0", **more, **own}
        return section

    def stores(self, host="127.0.0.1"):
        made = OuterStores(self.directory / f"stores-{len(self.outer_stores)}", host)
        self.outer_stores.append(made)
        return made

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if failure[0] is not None:
            for node in self.nodes:
                print(f"--- end of {node.directory.name}'s log ---\n{node.log_tail(30000)}", flush=True)
        for node in self.nodes:
            try:
                node.stop()
            except subprocess.TimeoutExpired:
                node.kill()
            node.end_stores()
        for stores in self.outer_stores:
            stores.stop()
        self.emulator.stop()
        if not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)
