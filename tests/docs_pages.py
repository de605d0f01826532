"""The pages of the documentation as tests read them: their blocks of commands, with what is said about each, and their links.

A command stands in a fenced block (```sh) or an indented one. Each is run as it stands, page by page in one shell, by
tests/system/test_docs_commands.py, unless the line before its block says otherwise:

    <!-- not run here: REASON -->                  it cannot be: say why, and which test does something like it
    <!-- this page starts its own node -->         anywhere in a page: its commands begin with nothing but an empty directory
    <!-- commands: run by tests/PATH.py -->        anywhere in a page: that test runs them all
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[1]
COMMANDS = ("apt", "apt-get", "bash", "build/", "cat", "chmod", "chown", "cp", "curl", "docker", "gzip", "install", "journalctl", "kill",
            "kubectl", "mariadb", "mariadb-backup", "mariadb-dump", "mkdir", "openssl", "printf", "promtool", "pusher", "python3",
            "redis-cli", "rm", "runuser", "scp", "sed", "ssh", "sudo", "systemctl", "until", "useradd", "wget", "./run", "(umask")
SHELL = {"sh", "bash", "shell", "console"}
NOT_HERE = re.compile(r"<!-- not run here: (.*?) -->")
OWN_NODE = "<!-- this page starts its own node -->"
CLAIMED = re.compile(r"<!-- commands: run by (tests/\S+\.py) -->")


def pages():
    return [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]


def looks_like_commands(text):
    first = text.strip().split("\n")[0].removeprefix("$ ")
    word = first.split(" ")[0]
    if word == "pusher":
        return re.match(r"pusher [a-z-]", first) is not None  # and not the first line of `pusher top`
    return word in COMMANDS or word.startswith(("build/", "./run")) or re.match(r"[A-Z_]+=", first) is not None


class Block:
    """Commands that stand together; `line` is where, `reason` why they are not run."""

    def __init__(self, page, line, text, reason):
        self.page, self.line, self.text, self.reason = page, line, text, reason

    def __str__(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


class Page:
    def __init__(self, path):
        self.path, self.text = path, path.read_text(encoding="utf-8")
        self.own_node = OWN_NODE in self.text
        found = CLAIMED.search(self.text)
        self.claimed_by = ROOT / found[1] if found else None
        self.blocks, self.unmarked = [], []
        self._read()

    def _read(self):
        reason, lines, at = None, self.text.split("\n"), 0
        while at < len(lines):
            line = lines[at]
            fence = re.match(r"( *)```(\w*)", line)
            if fence:
                end = next(n for n in range(at + 1, len(lines)) if lines[n].strip() == "```")
                body = [each.removeprefix(fence[1]) for each in lines[at + 1:end]]
                self._take(at + 2, body, fence[2], reason)
                at, reason = end + 1, None
            elif line.startswith("    ") and (at == 0 or not lines[at - 1].strip() or NOT_HERE.search(lines[at - 1])):
                end = at
                while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                    end += 1
                self._take(at + 1, [each[4:] for each in lines[at:end]], None, reason)
                at, reason = end, None
            else:
                found = NOT_HERE.search(line)
                reason = found[1] if found else reason if not line.strip() else None
                at += 1

    def _take(self, line, body, language, reason):
        """`language` None: an indented block, whose paragraphs may be commands or what they print."""
        text = "\n".join(body)
        if language in SHELL:
            self._add(line, text, reason)
        elif language is None:
            for part in re.finditer(r"(?:[^\n]+\n?)+", text):
                if looks_like_commands(part[0]):
                    self._add(line + text[:part.start()].count("\n"), part[0], reason)
        elif not language and not self.claimed_by and looks_like_commands(text):
            self.unmarked.append(Block(self.path, line, text, reason))

    def _add(self, line, text, reason):
        if text.lstrip().startswith("$ "):  # as on a terminal: what is typed, among what is printed
            typed = [each[2:] for each in text.split("\n") if each.startswith("$ ")]
            text = "\n".join(typed)
        self.blocks.append(Block(self.path, line, text.rstrip() + "\n", reason))

    def anchors(self):
        """As GitHub makes them of headings."""
        made = set()
        for heading in re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", self.text, flags=re.M | re.S), re.M):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
            made.add(re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-"))
        return made

    def links(self):
        """(line, target) of every link to somewhere in this repository."""
        without_code = re.sub(r"^( *)```.*?^\1```", lambda found: "\n" * found[0].count("\n"), self.text, flags=re.M | re.S)
        for number, line in enumerate(without_code.split("\n"), 1):
            if line.startswith("    "):
                continue
            for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
                if "://" not in target and not target.startswith("mailto:"):
                    yield number, target
