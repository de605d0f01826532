"""A Debian 12 of its own for a test: a file tree by debootstrap, and in it systemd as the first process of namespaces of
its own, with no network but loopback. Needs root and a cgroup2 hierarchy; `why_not()` says what is missing.

The tree is made once for what is to be installed in it, from the mirrors that this machine's apt names, and kept in the build
directory; each machine writes into a layer of its own above it.
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from waiting import until

APT = ["apt-get", "-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-unsafe-io"]
# What the smallest Debian has besides debootstrap's minimal variant, as far as a service and its users notice it.
USUAL = "systemd, systemd-sysv, curl, procps"

BOOT = """
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for each in run tmp dev; do mount -t tmpfs -o mode=755 tmpfs $each; done
chmod 1777 tmp
mkdir dev/shm dev/pts
chmod 1777 dev/shm
for each in null zero full random urandom tty; do touch dev/$each; mount --bind /dev/$each dev/$each; done
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
for each in fd:/proc/self/fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do ln -s ${each#*:} dev/${each%:*}; done
ip link set lo up
mkdir -p old
pivot_root . old
umount -l /old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal --show-status=no
"""


def cgroups():
    """Where the machine's cgroup2 hierarchy is mounted, for us to make groups in; None when it is not."""
    for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2" and os.access(place, os.W_OK):
            return pathlib.Path(place)
    return None


def why_not():
    if os.geteuid() != 0:
        return "it needs root"
    if cgroups() is None:
        return "there is no cgroup2 hierarchy to write to"
    for program in ("debootstrap", "dpkg-deb", "unshare", "nsenter", "ip"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if subprocess.run(["unshare", "--mount", "--pid", "--net", "--cgroup", "--fork", "true"], capture_output=True,
                      check=False).returncode != 0:
        return "namespaces are not permitted"
    return None


def sources():
    """Debian's own of this machine's apt sources, as lines of sources.list."""
    told = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)",
                           "Created-By: Packages"], check=True, capture_output=True, text=True).stdout
    return ["deb " + line.split(" ", 1)[1] for line in sorted(set(told.splitlines())) if line.startswith("Debian ")]


def make_base(into, wanted, log):
    """debootstrap, and what is wanted in it. Services stay off meanwhile."""
    lines = sources()
    mirror, suite = next(line.split()[1:3] for line in lines if "-" not in line.split()[2])
    logged = {"check": True, "stdout": log, "stderr": log}
    subprocess.run(["debootstrap", "--variant=minbase", suite, str(into), mirror], **logged)
    (into / "etc/apt/sources.list").write_text("\n".join(lines) + "\n")
    for name in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{name}", into / "etc" / name)
    policy = into / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    inside = ["unshare", "--mount", "bash", "-euc",
              'mount --bind /dev "$0/dev"; mount -t proc proc "$0/proc"; exec chroot "$0" "$@"', str(into)]
    logged["env"] = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    subprocess.run([*inside, *APT, "update"], **logged)
    subprocess.run([*inside, *APT, "satisfy", wanted], **logged)
    subprocess.run([*inside, "apt-get", "clean"], **logged)
    policy.unlink()


def base(build, wanted):
    """The tree with what is wanted (as in a package's Depends); made when it is not there yet."""
    wanted = f"{USUAL}, {wanted}"
    places = pathlib.Path(build) / "debian"
    places.mkdir(exist_ok=True)
    made = places / hashlib.sha256("\n".join([wanted, *sources()]).encode()).hexdigest()[:16]
    with open(places / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if made.exists():
            return made
        for old in places.iterdir():
            if old.is_dir():
                shutil.rmtree(old)
        making = places / "making"
        with open(places / "making.log", "wb") as log:
            make_base(making, wanted, log)
        making.rename(made)
    return made


class Machine:
    """`with` boots it and ends it. `run` runs a command in it as root."""

    def __init__(self, tree):
        self.tree = tree
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pusher-machine-"))
        self.group = cgroups() / self.directory.name
        self.root = self.directory / "upper"  # what was written in it

    def __enter__(self):
        for name in ("upper", "work", "root"):
            (self.directory / name).mkdir()
        self.group.mkdir()
        self.console = open(self.directory / "console.log", "wb")
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--cgroup", "--mount", "--pid", "--net", "--ipc", "--uts", "--kill-child", "--fork",
             "bash", "-euc", BOOT, "boot", str(self.tree), str(self.directory)],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console,
            preexec_fn=lambda: (self.group / "cgroup.procs").write_text(str(os.getpid())))
        until("the first process", self.first, 30)
        until("systemd", lambda: self.run("systemctl is-system-running", check=False).stdout.strip()
              in ("running", "degraded"), 60, 0.2)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)  # and with it the first process, and so all
        self.process.wait(30)
        self.console.close()
        until("the group to be empty", lambda: not (self.group / "cgroup.events").read_text().startswith("populated 1"), 30)
        for place, _, _ in os.walk(self.group, topdown=False):
            os.rmdir(place)
        shutil.rmtree(self.directory, ignore_errors=True)

    def first(self):
        """The pid of its first process, as seen from here."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        assert self.process.poll() is None, (self.directory / "console.log").read_text()
        found = children.read_text().split()
        return int(found[0]) if found else None

    def command(self, script):
        return ["nsenter", "--target", str(self.first()), "--all", "--wdns=/root", "env", "-i",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
                "DEBIAN_FRONTEND=noninteractive", "bash", "-uc", script]

    def run(self, script, check=True, timeout=120):
        done = subprocess.run(self.command(script), capture_output=True, text=True, timeout=timeout, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{script}\n-> {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.journal()}")
        return done

    def journal(self):
        return self.run("journalctl --no-pager -n 40 -u pusher", check=False).stdout

    def spawn(self, script):
        return subprocess.Popen(self.command(script), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def put(self, source, place):
        """A file from outside, below /."""
        with open(source, "rb") as read:
            subprocess.run(self.command(f'cat >"{place}"'), check=True, stdin=read)
