"""A Redis and a MariaDB as an operator would run them, beside the nodes; a test starts, kills, restarts and asks them."""
import os
import pathlib
import shutil
import subprocess

from waiting import free_port, until


class OuterStores:
    """A Redis and a MariaDB on TCP ports of their own, as an operator would run them; started and ended by the test."""

    def __init__(self, directory, host="127.0.0.1"):
        self.directory, self.host = pathlib.Path(directory), host
        self.directory.mkdir(parents=True)
        self.redis_port, self.mysql_port, self.extra_port = free_port(), free_port(), free_port()
        self.processes, self.redis_options = [], ["--appendonly", "yes"]
        self.redis_environment = self.mysql_environment = None
        self.server_options = ["--innodb-buffer-pool-size=64M"]  # of mariadbd alone, not of its installation
        as_root = ["--user=root"] if os.geteuid() == 0 else []
        # A starting mariadbd removes the temporary tables that it finds: in a shared place those of another one.
        (self.directory / "mysql-tmp").mkdir()
        self.mysql_options = ["--no-defaults", *as_root, f"--datadir={self.directory / 'mysql'}",
                              f"--tmpdir={self.directory / 'mysql-tmp'}"]
        self.install()

    def install(self):
        """An empty MariaDB."""
        subprocess.run(["mariadb-install-db", *self.mysql_options, "--auth-root-authentication-method=normal",
                        "--skip-test-db"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def move_rows(self, directory):
        """Before the first start: MariaDB's data directory is elsewhere."""
        shutil.move(self.directory / "mysql", directory)
        self.mysql_options = [f"--datadir={directory}" if each.startswith("--datadir=") else each for each in self.mysql_options]

    def sections(self):
        return {"redis": {"host": self.host, "port": self.redis_port},
                "mysql": {"host": self.host, "port": self.mysql_port, "user": "root"}}

    def start(self):
        self.processes = [self.redis(), self.mariadb()]

    def redis(self):
        return self.begin("redis", ["redis-server", "--port", str(self.redis_port), "--bind", self.host, "--save", "", "--dir",
                                    str(self.directory), *self.redis_options], self.redis_environment)

    def mariadb(self):
        program = shutil.which("mariadbd", path=os.environ["PATH"] + ":/usr/sbin")
        return self.begin("mariadb", [
            program, *self.mysql_options, f"--bind-address={self.host}", f"--port={self.mysql_port}",
            f"--socket={self.directory / 'm.sock'}", f"--pid-file={self.directory / 'm.pid'}",
            f"--extra-port={self.extra_port}", "--extra-max-connections=8", *self.server_options],
            self.mysql_environment)

    def begin(self, name, command, environment=None):
        with open(self.directory / f"{name}.log", "ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)

    def log_tail(self, name, characters=3000):
        """The end of what one of them says: "redis" or "mariadb"."""
        path = self.directory / f"{name}.log"
        return path.read_text(errors="replace")[-characters:] if path.exists() else ""

    def restart(self, which):
        """Starts the one that ended: 0 is Redis, 1 MariaDB."""
        self.processes[which].wait()
        self.processes[which] = (self.redis, self.mariadb)[which]()

    def command_line(self, *more):
        """Through the port that a lack of connections leaves alone."""
        return ["mariadb", "--no-defaults", "--user=root", "--protocol=tcp", f"--host={self.host}", f"--port={self.extra_port}",
                "--batch", "--skip-column-names", "--database=pusher", *more]

    def client(self):
        """A client that does what its standard input says, and stays connected until that ends."""
        return subprocess.Popen(self.command_line("--force", "--unbuffered"), stdin=subprocess.PIPE, text=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def query(self, sentence, seconds=120, but=()):
        """The rows of a query as lists of texts, when MariaDB answers; the errors in `but` are no fault."""
        command = self.command_line("--execute", sentence)
        away = (1040, 1053, 2002, 2003, 2006, 2013)

        def asked():
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            if ended.returncode == 0 or any(f"ERROR {code} " in ended.stderr for code in but):
                return [ended.stdout]
            if not any(f"ERROR {code} " in ended.stderr for code in away):
                raise AssertionError(f"{sentence}: {ended.stderr}")
            return None
        text, = until("MariaDB to answer", asked, seconds)
        return [line.split("\t") for line in text.splitlines()]

    def redis_command(self, *arguments, seconds=60):
        """What Redis says to a command, by lines."""
        command = ["redis-cli", "-e", "-h", self.host, "-p", str(self.redis_port), *map(str, arguments)]

        def asked():
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            return [ended.stdout] if ended.returncode == 0 else None
        text, = until(f"Redis to answer {arguments[0]}", asked, seconds)
        return text.splitlines()

    def execute(self, sentences):
        """SQL as root, as soon as MariaDB answers."""
        command = ["mariadb", "--no-defaults", "--user=root", "--socket", str(self.directory / "m.sock"), "--execute", sentences]
        until("MariaDB to do as it is told", lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0)

    def set_redis_password(self, password):
        command = ["redis-cli", "-e", "-p", str(self.redis_port), "CONFIG", "SET", "requirepass", password]
        until("Redis to do as it is told", lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0)

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)
        self.processes = []
