"""`./run cluster`: four one-role nodes as processes carry the demo's push, each connected to the three others, and everything
that was started ends with it."""
import os
import pathlib
import re
import subprocess
import sys

DEMO = pathlib.Path(__file__).resolve().parent.parent / "demo.py"
NAMES = {"front", "leader", "sender", "writer"}


def main():
    ended = subprocess.run([sys.executable, str(DEMO), "--cluster", "--build", os.environ["PUSHER_BUILD_DIR"]],
                           capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended
    rows = re.findall(r"^  (\w+) +[a-z=0-9-]+ +(\d+)  127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+ +\S+ +(.*)$", ended.stdout, re.M)
    assert {name for name, _, _ in rows} == NAMES, ended.stdout
    for name, pid, connected in rows:
        assert set(connected.split(", ")) == NAMES - {name}, (name, connected)
        assert not pathlib.Path(f"/proc/{pid}").exists(), f"{name} outlived the demo"
    accepted = int(re.search(r"accepted +([\d,]+)", ended.stdout)[1].replace(",", ""))
    assert accepted > 4000, ended.stdout
    left = re.search(r"tail -f (\S+?)/\*", ended.stdout)[1]
    assert not pathlib.Path(left).exists(), left


if __name__ == "__main__":
    main()
