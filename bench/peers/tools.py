"""The programs that peers need, as far as this machine has them."""
import filecmp
import json
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).parent


class Tools:
    """`build`: where Pusher was built. npm's packages go beside it, as bench/peers/package-lock.json names them."""

    def __init__(self, build, node=None, gorush=None):
        self.build = pathlib.Path(build).resolve()
        self.push_client = self.build / "bench" / "push-client"
        self.peers = self.build.parent / "peers"
        self.node = node or shutil.which("node")
        self.npm, self.gorush = False, gorush

    def install(self, with_npm):
        """Lays the peers out; `with_npm`: with the packages, if they are not there already."""
        self.peers.mkdir(exist_ok=True)
        lock, stamp = HERE / "package-lock.json", self.peers / "installed-lock.json"
        for each in (*HERE.glob("*.mjs"), HERE / "package.json", lock):
            shutil.copy(each, self.peers / each.name)
        if not with_npm or not self.node:
            return
        if not (stamp.exists() and filecmp.cmp(lock, stamp, shallow=False)):
            command = ["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"]
            try:
                subprocess.run(command, cwd=self.peers, check=True, stdout=subprocess.DEVNULL)
            except (OSError, subprocess.CalledProcessError):
                return
            shutil.copy(lock, stamp)
        self.npm = True

    def node_version(self):
        if not self.node:
            return None
        return subprocess.run([self.node, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")

    def gorush_version(self):
        """As it says it: with the compiler, which counts here."""
        if not self.gorush or not os.access(self.gorush, os.X_OK):
            return None
        return subprocess.run([self.gorush, "-V"], capture_output=True, text=True, check=False).stdout.split(", Copyright", 1)[0]

    def versions(self):
        """Of the packages, as they are installed."""
        if not self.npm:
            return {}
        wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
        return {name: json.loads((self.peers / "node_modules" / name / "package.json").read_text())["version"] for name in wanted}

    def missing(self, system):
        """Why this system cannot be measured here, or nothing."""
        if hasattr(system, "script") and not self.node:
            return "there is no node in PATH"
        if system.needs_npm and not self.npm:
            return "`npm ci` could not install its packages"
        if system.name == "h2load" and not shutil.which("h2load"):
            return "there is no h2load (Debian's nghttp2-client)"
        if system.name == "gorush" and not self.gorush:
            return "it is not in any registry that this uses: give its binary by --gorush"
        if system.name == "gorush" and not os.access(self.gorush, os.X_OK):
            return f"{self.gorush} is no program"
        if system.name == "gorush" and os.geteuid() != 0:
            return "it needs a hosts file of its own, and for that root"
        if system.name == "push-client" and not self.push_client.exists():
            return f"{self.push_client} is not built"
        return ""
