"""What the package is made of, beside the program: manual pages that lint well and name every command and option, completions
that the shells themselves give, a unit that systemd accepts and calls safe, the licence of every library."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["PUSHER_BUILD_DIR"]).resolve()
FILES = BUILD / "package-files"


def output(*command, **more):
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=60, check=False, **more)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def pusher(*arguments):
    return output(BUILD / "pusher", *arguments)


def help_tree(path=()):
    """Every command with what its --help says."""
    text = pusher(*path, "--help")
    yield path, text
    listed = text.split("\nSubcommands:\n")[1] if "\nSubcommands:\n" in text else ""
    for name in re.findall(r"^  (\S+) ", listed.split("\n\n")[0], re.M):
        yield from help_tree((*path, name))


class Manuals(unittest.TestCase):
    def test_lint(self):
        for page in ("pusher.1.gz", "pusher.toml.5.gz"):
            with tempfile.NamedTemporaryFile("w", suffix=page[:-3]) as plain:
                plain.write(output("gzip", "-dc", FILES / page))
                plain.flush()
                self.assertEqual(output("mandoc", "-Tlint", "-W", "warning", plain.name), "")

    def test_every_command_and_option(self):
        shown = output("man", "-l", FILES / "pusher.1.gz", env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8"})
        for path, text in help_tree():
            if path:
                self.assertRegex(shown, rf"(?m)^   pusher {' '.join(path)}( |$)")
            section = shown.split(f"\n   pusher {' '.join(path)}")[1] if path else shown
            for option in re.findall(r"^  (?:-\w,)?(--[\w-]+)", text, re.M):
                if option != "--help":
                    self.assertIn(option, section, path)

    def test_every_setting(self):
        shown = output("man", "-l", FILES / "pusher.toml.5.gz", env={**os.environ, "MANWIDTH": "400", "LC_ALL": "C.UTF-8"})
        section = ""
        for line in (ROOT / "conf/pusher.toml").read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                section = line.strip("[]")
                self.assertIn(f"   [{section}]\n", shown)
            elif found := re.match(r"#(\w+) = ", line):
                self.assertIn(f"PUSHER__{section.upper()}__{found[1].upper()}", shown)
            elif line.startswith("# "):
                self.assertIn(line[2:], re.sub(r"\s+", " ", shown))


class Completions(unittest.TestCase):
    """The same questions to each shell."""

    QUESTIONS = (("pusher in", {"inspect"}),
                 ("pusher inspect pause ", {"fan-out", "push-sender", "result-writer"}),
                 ("pusher inspect pause --w", {"--watch"}),
                 ("pusher send --gateway ", {"fcm", "apns", "webpush", "hms"}),
                 ("pusher send --cond", {"--condition"}),
                 ("pusher keys create --sco", {"--scopes"}),
                 ("pusher node --set fcm.val", {"fcm.validate_only="}),
                 ("pusher inspect --node x:1 stat", {"status"}),
                 ("pusher config --config conf/pusher.t", {"conf/pusher.toml"}))

    KEYS = "pusher insp\tpau\t--no\tn1:4270 fan\t\nexit\n"
    SENTENCE = "inspect pause --node n1:4270 fan-out"

    def all_of(self, complete):
        for line, wanted in self.QUESTIONS:
            self.assertEqual(complete(line), wanted, line)

    def test_bash(self):
        def complete(line):
            words = line.split(" ")
            script = (f'source {FILES}/pusher.bash; compopt() {{ :; }}; COMP_WORDS=({" ".join(map(repr, words))}); '
                      f'COMP_CWORD={len(words) - 1}; _pusher; printf "%s\\n" "${{COMPREPLY[@]}}"')
            return set(output("bash", "-uc", script, cwd=ROOT).split())
        self.all_of(complete)

    def typed(self, shell, typed, **environment):
        """What a terminal shows when a person types this."""
        return output("script", "-qec", shell, "/dev/null", input=typed,
                      env={**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8", **environment})

    def test_bash_interactively(self):
        """As a person meets it, with the key Tab."""
        with tempfile.TemporaryDirectory() as place:
            loader = pathlib.Path(place, "rc")
            loader.write_text(f"source /usr/share/bash-completion/bash_completion\nsource {FILES}/pusher.bash\nPS1='$ '\n"
                              "pusher() { echo \"got:$*:\"; }\n")
            self.assertIn(f"got:{self.SENTENCE}:", self.typed(f"bash --noprofile --rcfile {loader} -i", self.KEYS))

    def test_zsh_interactively(self):
        with tempfile.TemporaryDirectory() as place:
            pathlib.Path(place, ".zshrc").write_text(
                f"fpath=({FILES} $fpath)\nautoload -Uz compinit\ncompinit -u -d {place}/dump\nPS1='$ '\n"
                "pusher() { print -r -- \"got:$*:\" }\n")
            self.assertIn(f"got:{self.SENTENCE}:", self.typed("zsh -i", self.KEYS, ZDOTDIR=place))

    def test_fish(self):
        def complete(line):
            script = f"source {FILES}/pusher.fish; complete -C '{line}'"
            with tempfile.TemporaryDirectory() as home:
                said = output("fish", "--no-config", "-c", script, cwd=ROOT, env={**os.environ, "HOME": home})
            return {each.split("\t")[0] for each in said.splitlines()}
        self.all_of(complete)


class Unit(unittest.TestCase):
    def test_systemd_accepts_it_and_calls_it_safe(self):
        with tempfile.TemporaryDirectory() as place:
            root = pathlib.Path(place)
            (root / "usr/bin").mkdir(parents=True)
            (root / "usr/bin/pusher").symlink_to("/bin/true")
            units = root / "etc/systemd/system"
            units.mkdir(parents=True)
            text = (ROOT / "packaging/pusher.service").read_text(encoding="utf-8")
            # The program is not on this machine.
            (units / "pusher.service").write_text(text.replace("/usr/bin/pusher", "/bin/true"))
            verified = subprocess.run(["systemd-analyze", "verify", "--man=no", str(units / "pusher.service")],
                                      capture_output=True, text=True, check=False)
            self.assertEqual((verified.returncode, [each for each in verified.stderr.splitlines() if "pusher.service" in each]),
                             (0, []))
            # At most 2.0 of 10, which it calls OK.
            said = output("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager",
                          units / "pusher.service")
            self.assertIn("OK", said.splitlines()[-1])


class Licences(unittest.TestCase):
    def test_every_library(self):
        """Of shared libraries by their packages, which the package depends on; of headers by a copy."""
        named = (ROOT / "cmake/package.cmake").read_text(encoding="utf-8")
        copied = set(re.findall(r"[\w+.-]+-dev", named))
        wanted = set()
        for name in re.findall(r"find_package\((\S+)", (ROOT / "cmake/dependencies.cmake").read_text(encoding="utf-8")):
            wanted.add({"CAF": "libcaf-dev", "RapidJSON": "rapidjson-dev", "fmt": "libfmt-dev", "spdlog": "libspdlog-dev",
                        "CLI11": "libcli11-dev", "toml11": "libtoml11-dev", "date": "libhowardhinnant-date-dev",
                        "prometheus-cpp": "prometheus-cpp-dev",
                        # Plain C, without code in headers; doctest is for tests.
                        "CURL": None, "OpenSSL": None, "doctest": None, "Threads": None, "ZLIB": None, "PkgConfig": None}[name])
        self.assertEqual(wanted - {None} | {"libpistache-dev"}, copied)
        for name in copied:
            self.assertTrue(pathlib.Path("/usr/share/doc", name, "copyright").exists(), name)
        # And of what the console is made with.
        for name in json.loads((ROOT / "console/package.json").read_text(encoding="utf-8"))["dependencies"]:
            self.assertIn(f"/{name}/LICENSE", named)


if __name__ == "__main__":
    unittest.main()
