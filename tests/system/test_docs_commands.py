"""The documentation is true: every command in docs/ and README.md is run as it stands, or says why it is not; every link leads somewhere.

Written for whoever writes a page: tests/docs_pages.py says how to mark what cannot run here, and DOCS_PAGE=NAME.md in the environment runs
the commands of one page alone.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import unittest

from docs_pages import ROOT, Page, pages
from lab import Lab, free_port, until

HOW = "See tests/docs_pages.py for how a page says so."
THIS = "test_docs_commands.py"
FILES = {  # what the pages take for granted in the directory in which their commands run
    "devices.ndjson": "".join(json.dumps({"device_id": f"n-{n}", "gateway": "fcm", "platform": "android", "push_token": f"n-{n}"}) + "\n"
                              for n in range(3))}


def tests_by_page():
    """Pages that a test of their own reads, and whose commands it gives to a shell: it answers for them."""
    found = {}
    for test in sorted((ROOT / "tests").rglob("*.py")):
        text = test.read_text(encoding="utf-8")
        if test.name not in (THIS, "docs_pages.py") and '"bash"' in text:
            for name in re.findall(r"[\"/]([a-z_]+\.md)\"", text):
                found.setdefault(name, test)
    return found


class Sandbox:
    """A directory and an environment in which the commands of one page find what it speaks of."""

    def __init__(self, lab, node, page, suffix=""):
        self.page, self.directory = page, lab.directory / "pages" / (page.path.stem + suffix)
        self.directory.mkdir(parents=True)
        for name in ("etc", "backups", "srv"):
            (self.directory / name).mkdir()
        for name, text in FILES.items():
            (self.directory / name).write_text(text)
        shutil.copy(lab.emulator.ready["service_account_file"], self.directory / "service-account.json")
        (self.directory / "service-account.json").chmod(0o600)
        (self.directory / "backup.cnf").write_text(f"[client]\nuser=root\nsocket={next(node.directory.rglob('mysql.sock'))}\n")
        (self.directory / ".curlrc").write_text("fail-with-body\nshow-error\nsilent\n")
        self.environment = {**os.environ, "CURL_HOME": str(self.directory), "PATH": f"{lab.build}:{os.environ['PATH']}:/usr/sbin"}
        self.replacements = {"/backups/": f"{self.directory}/backups/", "/srv/": f"{self.directory}/srv/",
                             "build/release/pusher": "pusher"}
        if page.own_node:
            self.own_node(lab)
        else:
            self.beside(node)

    def own_node(self, lab):
        ports = {name: free_port() for name in ("API", "ADMIN")}
        listens = {f"PUSHER__{name}__LISTEN": f"127.0.0.1:{port}" for name, port in ports.items()}
        gateway = {f"PUSHER__FCM__{name.upper()}": str(value) for name, value in lab.emulator.settings().items() if name != "service_account_file"}
        self.environment |= {**listens, **gateway, "PUSHER__CLUSTER__LISTEN": "127.0.0.1:0", "PUSHER__EMBEDDED__BUFFER_POOL": "64M"}
        self.replacements |= {"localhost:8080": f"127.0.0.1:{ports['API']}", "localhost:8081": f"127.0.0.1:{ports['ADMIN']}"}

    def beside(self, node):
        shutil.copy(node.config, self.directory / "pusher.toml")
        self.environment |= {"KEY": node.key, "ADMIN_KEY": node.admin_key, "OTHER_KEY": node.key, "ID": node.note, "CURSOR": node.cursor}
        self.replacements |= {
            "localhost:8080": f"127.0.0.1:{node.port}", "other:8080": f"127.0.0.1:{node.port}", "http://127.0.0.1:8081": f"http://127.0.0.1:{node.admin_port}",
            "localhost:8081": f"127.0.0.1:{node.admin_port}", "/etc/pusher/pusher.toml": "pusher.toml", "/etc/pusher/": f"{self.directory}/etc/",
            "--data-directory pusher-data": f"--data-directory {node.directory / 'data'}"}

    def command(self, text):
        for there, here in self.replacements.items():
            text = text.replace(there, here)
        return re.sub(r"(?<![A-Za-z_$])ID(?![A-Za-z_=])", self.environment.get("ID", "ID"), text)

    def run(self, blocks):
        """All of a page in one shell, so that later commands know what earlier ones have set; which block failed, and how."""
        script = ["set -euo pipefail", "trap 'echo \"AT $HERE\" >&2' ERR"]
        for block in blocks:
            script += [f"HERE='{block}'", self.command(block.text)]
        with open(self.directory / "said", "w+", encoding="utf-8", errors="replace") as said:
            shell = subprocess.Popen(["bash", "-c", "\n".join(script)], cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
                                     stdout=said, stderr=said, start_new_session=True)
            try:
                code = shell.wait(90)
            except subprocess.TimeoutExpired:
                code = "no end within 90 s"
            if code != 0:  # what it has begun in the background ends with it
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(shell.pid, signal.SIGTERM)
            shell.wait()
        text = (self.directory / "said").read_text(encoding="utf-8", errors="replace")
        places = re.findall(r"^AT (.*)$", text, re.M) or [str(self.page.path.relative_to(ROOT))]
        return None if code == 0 else f"{places[0]}: a command ended with {code}.\n{text[-4000:]}"


class Documentation(unittest.TestCase):
    def setUp(self):
        only = os.environ.get("DOCS_PAGE")
        self.pages = [Page(path) for path in pages() if only in (None, path.name)]

    def test_links(self):
        anchors = {page.path: page.anchors() for page in self.pages}
        dead = []
        for page in self.pages:
            for line, target in page.links():
                file, _, anchor = target.partition("#")
                path = (page.path.parent / file).resolve() if file else page.path
                if not path.exists() or (anchor and anchor not in anchors.get(path, {anchor})):
                    dead.append(f"{page.path.relative_to(ROOT)}:{line}: {target}")
        self.assertFalse(dead, "links that lead nowhere:\n" + "\n".join(dead))

    def test_every_page_is_in_the_index(self):
        index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
        missing = [page.path.name for page in self.pages if page.path.parent.name == "docs" and page.path.name != "README.md"
                   and f"({page.path.name})" not in index]
        self.assertFalse(missing, f"docs/README.md, the index, does not lead to {missing}")

    def test_every_block_says_what_it_is(self):
        wrong, programs = [], (ROOT / "run").read_text(encoding="utf-8")
        for page in self.pages:
            wrong += [f"{block}: looks like commands and does not say so: begin it with ```sh" for block in page.unmarked]
            if page.claimed_by and not (page.claimed_by.exists() and page.path.name in page.claimed_by.read_text(encoding="utf-8")):
                wrong.append(f"{page.path.relative_to(ROOT)}: {page.claimed_by} is to run its commands and does not read the page")
            for block in page.blocks:
                if block.reason is not None and len(block.reason) < 10:
                    wrong.append(f"{block}: \"{block.reason}\" is no reason")
                wrong += [f"{block}: ./run has no command {name}" for name in re.findall(r"^\s*\./run (\w+)", block.text, re.M)
                          if not re.search(rf"^  {name}[ |)]", programs, re.M)]
        self.assertFalse(wrong, "\n".join(wrong) + "\n" + HOW)

    def test_every_command_runs(self):
        claimed, failures, count = tests_by_page(), [], 0
        with Lab() as lab:
            node = lab.node("node", lab.emulator.sections() | {"compat": {"gorush": True}}).start()
            self.make_keys(node)
            for page in self.pages:
                by = page.claimed_by or claimed.get(page.path.name)
                blocks = [block for block in page.blocks if block.reason is None and not re.fullmatch(r"(\./run.*\n?)+", block.text)]
                if by or not blocks:
                    continue
                count += len(blocks)
                self.prepare(node)
                why = Sandbox(lab, node, page).run(blocks)
                if why and "did not answer in time" in why:  # `pusher inspect` waits a few seconds, and this machine may be very busy
                    why = Sandbox(lab, node, page, "-again").run(blocks)
                if why:
                    failures.append(why)
        self.assertFalse(failures, "\n\n".join(failures) + "\n" + HOW)
        print(f"{count} blocks of commands ran")

    def make_keys(self, node):
        node.checks_answers = False
        node.admin_key = node.make_key("admin")
        node.make_key("devices,send,read")
        self.assertEqual(node.call("POST", "/v1/applications", {"name": "shop"}, node.admin_key)[0], 201)
        until("someone to lead", lambda: node.metric("pusher_fan_out_leading") == 1)

    def prepare(self, node):
        """What each page speaks of: two phones, a segment, a notification that was sent, a place in the feed."""
        for name in ("phone-1", "phone-2"):
            status, _, _ = node.call("PUT", f"/v1/devices/{name}", {"gateway": "fcm", "platform": "android", "push_token": name, "user_id": "u-7",
                                                                     "properties": {"plan": "pro"}})
            self.assertIn(status, (200, 201))
        self.assertIn(node.call("PUT", "/v1/segments/paying", {"condition": {"property": "plan", "eq": "pro"}})[0], (200, 201))
        name = {} if hasattr(node, "note") else {"external_id": "spring-sale"}
        status, made, _ = node.call("POST", "/v1/notifications", {"content": {"title": "Hello"}, "audience": {"all": True}, "launch": True, **name})
        self.assertEqual(status, 201)
        node.wait_completed(made["id"])
        node.note = made["id"]
        node.cursor = node.call("GET", "/v1/events?limit=1")[1]["next_cursor"]


if __name__ == "__main__":
    unittest.main()
