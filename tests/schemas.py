"""Schemas of others, as npm packages at fixed versions; laid out once in the build directory."""
import fcntl
import filecmp
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent / "schemas"


def laid_out():
    """The directory with them; None where there is no npm."""
    if shutil.which("npm") is None:
        return None
    place = pathlib.Path(os.environ["PUSHER_BUILD_DIR"], "schemas").resolve()
    place.mkdir(exist_ok=True)
    with open(place / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.copy(HERE / "kubernetes.mjs", place)
        stamp = place / "installed-lock.json"
        if not (stamp.exists() and filecmp.cmp(HERE / "package-lock.json", stamp, shallow=False)):
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, place)
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=place, check=True,
                           stdout=subprocess.DEVNULL)
            shutil.copy(HERE / "package-lock.json", stamp)
    return place
