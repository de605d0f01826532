"""A real Prometheus beside a test: scrapes nodes on loopback, evaluates rules, answers queries."""
import http.client
import json
import pathlib
import re
import subprocess
import urllib.parse

from lab import until
from waiting import free_port

DEPLOY = pathlib.Path(__file__).resolve().parent.parent / "deploy"
RULES = DEPLOY / "prometheus" / "pusher.rules.yml"
DASHBOARD = DEPLOY / "grafana" / "pusher.json"


def impatient(directory):
    """The shipped rules with the patience of a test: `for` is two seconds, windows are those that are shipped."""
    path = pathlib.Path(directory) / "impatient.yml"
    path.write_text(re.sub(r"^(\s+for: ).*$", r"\g<1>2s", RULES.read_text(), flags=re.MULTILINE))
    return path


class Prometheus:
    """`with` starts it; it looks every second."""

    def __init__(self, directory, nodes, rules=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        targets = ", ".join(f"'127.0.0.1:{node.admin_port}'" for node in nodes)
        lines = ["global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}",
                 f"rule_files: [{rules}]" if rules else "rule_files: []",
                 "scrape_configs:",
                 f"  - {{job_name: pusher, static_configs: [{{targets: [{targets}]}}]}}"]
        self.config = self.directory / "prometheus.yml"
        self.config.write_text("\n".join(lines) + "\n")

    def __enter__(self):
        self.log = open(self.directory / "prometheus.log", "wb")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={self.config}", f"--storage.tsdb.path={self.directory / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"],
            stdout=subprocess.DEVNULL, stderr=self.log)
        until("Prometheus to be ready", lambda: self.get("/-/ready")[0] == 200, 60)
        return self

    def __exit__(self, *failure):
        if failure[0] is not None:
            print((self.directory / "prometheus.log").read_text(errors="replace")[-3000:], flush=True)
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def get(self, path):
        if self.process.poll() is not None:
            raise AssertionError(f"Prometheus ended: {(self.directory / 'prometheus.log').read_text(errors='replace')[-3000:]}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def query(self, expression):
        """The vector that it gives; an expression that cannot be read fails the test."""
        status, text = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        assert status == 200, (expression, text)
        return json.loads(text)["data"]["result"]

    def value(self, expression):
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else None

    def targets(self):
        return json.loads(self.get("/api/v1/targets")[1])["data"]["activeTargets"]

    def firing(self):
        """The names of the alarms that ring."""
        alerts = json.loads(self.get("/api/v1/alerts")[1])["data"]["alerts"]
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}
