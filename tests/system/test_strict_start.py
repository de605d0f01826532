"""G23: bad configuration ends with exit code 78 and the key's name before any port opens."""
import pathlib
import socket
import subprocess
import tempfile
import os

from lab import free_port

PUSHER = str(pathlib.Path(os.environ["PUSHER_BUILD_DIR"]) / "pusher")

CASES = [
    ("[api]\nlissten = \"127.0.0.1:1\"\n", "api.lissten"),
    ("[limits]\nattempts = \"many\"\n", "limits.attempts"),
    ("[limits]\nattempts = 0\n", "limits.attempts"),
    ("[redis]\nhost = \"127.0.0.1\"\n", "mysql.host"),
    ("[fcm]\nservice_account_file = \"nowhere.json\"\n", "fcm.service_account_file"),
    ("[node]\nroles = \"apy\"\n", "node.roles"),
    ("not toml", "not valid TOML"),
]


def main():
    with tempfile.TemporaryDirectory(prefix="pusher-start-") as directory:
        port = free_port()
        for text, name in CASES:
            file = pathlib.Path(directory) / "pusher.toml"
            file.write_text(text)
            ended = subprocess.run([PUSHER, "node", "--config", str(file), "--data-directory", directory + "/data",
                                    "--set", f"admin.listen=127.0.0.1:{port}"],
                                   capture_output=True, text=True, timeout=20)
            assert ended.returncode == 78, (text, ended)
            assert name in ended.stderr, (text, ended.stderr)
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0, "a port was opened"
        for arguments, code in ((["nonsense"], 2), (["node", "--nonsense"], 2), ([], 2), (["version"], 0),
                                (["config", "--config", directory + "/absent.toml"], 78),
                                (["keys", "create", "--scopes", "everything", "--data-directory", directory + "/d"], 2)):
            ended = subprocess.run([PUSHER, *arguments], capture_output=True, text=True, timeout=60)
            assert ended.returncode == code, (arguments, ended)
        file.write_text("[mysql]\nhost = \"m\"\npassword = \"hunter2\"\n[redis]\nhost = \"r\"\n")
        printed = subprocess.run([PUSHER, "config", "--print", "--config", str(file)], capture_output=True, text=True, timeout=20)
        assert printed.returncode == 0 and "hunter2" not in printed.stdout and 'host = "m"' in printed.stdout, printed


if __name__ == "__main__":
    main()
