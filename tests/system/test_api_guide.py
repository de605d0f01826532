"""docs/api.md and the first calls of README.md are true: every curl is run against a node, in order, and answers the
status that is written behind it; and every route has its call."""
import json
import os
import pathlib
import re
import subprocess

import lab

ROOT = pathlib.Path(__file__).resolve().parents[2]
STATUS = re.compile(r"\*\*(\d{3})\*\*")
NAMED = re.compile(r"its `(\w+)`: `\$(\w+)` below")


def blocks(text):
    """(commands, paragraph behind them) of each fenced block."""
    for found in re.finditer(r"^```sh\n(.*?)^```\n\n(.*?)(?=\n\n|\Z)", text, re.M | re.S):
        yield found.group(1), found.group(2)


def indented_curls(text):
    """The curl commands of README.md's indented blocks."""
    for block in re.findall(r"(?:^    .*\n)+", text, re.M):
        commands = "\n".join(line[4:] for line in block.splitlines())
        if commands.startswith("curl"):
            yield commands


class Runner:
    """Runs commands as a reader's shell would; curl tells its statuses by a configuration of the test's own."""

    def __init__(self, node, directory):
        self.directory = directory
        (directory / ".curlrc").write_text('silent\nshow-error\nwrite-out = "%{stderr}STATUS %{http_code}\\n"\n')
        self.address = f"127.0.0.1:{node.port}"
        self.environment = {**os.environ, "CURL_HOME": str(directory), "KEY": node.make_key("devices,send,read"),
                            "ADMIN_KEY": node.make_key("admin")}

    def run(self, commands):
        """(statuses in order, what was printed)."""
        done = subprocess.run(["bash", "-c", commands.replace("localhost:8080", self.address)], env=self.environment,
                              cwd=self.directory, capture_output=True, text=True, timeout=60)
        return [int(each) for each in re.findall(r"STATUS (\d+)", done.stderr)], done.stdout + done.stderr


def check_guide(runner, text):
    count = 0
    for commands, behind in blocks(text):
        statuses, printed = runner.run(commands)
        written = [int(each) for each in STATUS.findall(behind)][:len(statuses)]
        assert statuses and statuses == written, f"{commands}answered {statuses}, written {written}:\n{printed}"
        count += len(statuses)
        if named := NAMED.search(behind):
            field, name = named.groups()
            runner.environment[name] = json.loads(printed.split("STATUS")[0])[field]
    return count


def check_readme(runner, text):
    identity = ""
    for commands in indented_curls(text):
        for each in re.split(r"\n(?=curl)", commands):
            statuses, printed = runner.run(each.replace("/ID", f"/{identity}"))
            assert len(statuses) == 1 and statuses[0] in (200, 201), (each, printed)
            if "/v1/notifications \\" in each:
                identity = json.loads(printed.split("STATUS")[0])["id"]
    assert identity, "README.md has no first notification"


def check_every_route(node, text):
    """Each operation of the API's description occurs in a command of the guide."""
    status, document, _ = node.call("GET", "/openapi.json")
    assert status == 200
    calls = []
    for commands, _ in blocks(text):
        for each in re.split(r"\n(?=curl)|(?<=\|)\s*(?=curl)", commands):
            address = re.search(r"http://localhost:8080([^\s\"?]*)", each)
            if not address:
                continue
            verb = re.search(r"-X (\w+)", each)
            calls.append((verb.group(1) if verb else "POST" if re.search(r"\s-d\s", each) else "GET", address.group(1)))
    missing = []
    for path, operations in document["paths"].items():
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", r"[^/:]+", re.escape(path)) + "$")
        for method in set(operations) & {"get", "put", "post", "patch", "delete"}:
            if not any(verb == method.upper() and pattern.match(address) for verb, address in calls):
                missing.append(f"{method.upper()} {path}")
    assert not missing, f"docs/api.md has no call for: {', '.join(sorted(missing))}"


def main():
    with lab.Lab() as place:
        node = place.node("node", place.emulator.sections()).start()
        runner = Runner(node, place.directory)
        guide = (ROOT / "docs" / "api.md").read_text()
        count = check_guide(runner, guide)
        check_every_route(node, guide)
        check_readme(runner, (ROOT / "README.md").read_text())
        print(f"{count} calls of docs/api.md answer as written")


if __name__ == "__main__":
    main()
