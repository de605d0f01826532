"""A TCP relay that a test sets against the connections through it: the network's faults, on loopback and without rights.

    pass_on      bytes go to and fro; what hung or was damaged before is reset
    cut          nothing passes in either direction, and nobody is told (a network that drops everything)
    deaf         what the client sends arrives, no answer comes back
    refuse       connections are reset, new ones refused
    reset_after  a connection is reset once so many bytes passed in either direction
    delay        bytes come later, by a time that varies
    rate         so many bytes a second and direction
    slice        each byte travels alone
    corrupt      a bit of the answers is flipped after so many bytes; once for each connection

Each holds until the next is called. One thread per relay; each direction keeps at most `MOST_KEPT` bytes and reads no
more meanwhile, as a network does.
"""
import collections
import random
import selectors
import socket
import struct
import threading
import time

MOST_KEPT = 1 << 20
AT_ONCE = 1 << 16


class Verb:
    """How bytes pass now."""

    def __init__(self, name, amount=0, jitter=0):
        self.name, self.amount, self.jitter = name, amount, jitter

    @property
    def silent(self):
        return self.name == "cut"


class Direction:
    """Bytes of one connection on their way from `source` to `sink`, each with the time when it is due."""

    def __init__(self, source, sink, answers):
        self.source, self.sink, self.answers = source, sink, answers
        self.kept, self.kept_bytes = collections.deque(), 0
        self.last_due = self.passed = 0.0
        self.corrupted = False
        self.source_ended = False

    def take(self, data, verb, chance, now):
        """Keeps what arrived; False: the verb wants the connection reset."""
        self.passed += len(data)
        if verb.name == "deaf" and self.answers:
            return True
        if verb.name == "corrupt" and self.answers and not self.corrupted and self.passed > verb.amount:
            at = chance.randrange(len(data))
            data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1:]
            self.corrupted = True
        due = now
        if verb.name == "delay":
            due += max(0.0, verb.amount + chance.uniform(-verb.jitter, verb.jitter))
        elif verb.name == "rate":
            due = max(due, self.last_due) + len(data) / verb.amount
        self.last_due = max(self.last_due, due)  # bytes never overtake each other
        self.kept.append([self.last_due, memoryview(data)])
        self.kept_bytes += len(data)
        return verb.name != "reset_after" or self.passed < verb.amount

    def give(self, verb, now):
        """Sends what is due as far as the sink takes it; raises OSError when that is gone."""
        while self.kept and self.kept[0][0] <= now:
            data = self.kept[0][1]
            try:
                sent = self.sink.send(data[:1] if verb.name == "slice" else data)
            except BlockingIOError:
                return
            self.kept_bytes -= sent
            if sent == len(data):
                self.kept.popleft()
            else:
                self.kept[0][1] = data[sent:]


class Relay:
    """Listens on a port of its own and passes bytes to and from a port of this machine."""

    def __init__(self, target_port, seed=0):
        self.target = ("127.0.0.1", target_port)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        # By its number: such a port stays bound while `refuse` listens on it no more.
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.chance = random.Random(seed)
        self.verb, self.wanted = Verb("pass_on"), None
        self.obeyed = threading.Condition()
        self.ended = False
        self.directions = {}  # by the socket that it reads from
        self.selector = selectors.DefaultSelector()
        self.waker, self.woken = socket.socketpair()
        self.selector.register(self.woken, selectors.EVENT_READ)
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    # What a test says. Each returns when it is in force.

    def pass_on(self):
        self.obey(Verb("pass_on"))

    heal = pass_on

    def cut(self):
        self.obey(Verb("cut"))

    def deaf(self):
        self.obey(Verb("deaf"))

    def refuse(self):
        self.obey(Verb("refuse"))

    def reset_after(self, count):
        self.obey(Verb("reset_after", count))

    def delay(self, seconds, jitter=0.0):
        self.obey(Verb("delay", seconds, jitter))

    def rate(self, bytes_per_second):
        self.obey(Verb("rate", bytes_per_second))

    def slice(self):
        self.obey(Verb("slice"))

    def corrupt(self, after=0):
        self.obey(Verb("corrupt", after))

    def stop(self):
        self.ended = True
        self.waker.send(b"x")
        self.thread.join()
        for each in (self.listener, self.waker, self.woken):
            each.close()
        self.selector.close()

    def obey(self, verb):
        with self.obeyed:
            self.wanted = verb
            self.waker.send(b"x")
            if not self.obeyed.wait_for(lambda: self.wanted is not verb, 20):
                raise AssertionError(f"the relay of port {self.target[1]} did not begin to {verb.name} within 20 s")

    # The thread's.

    def run(self):
        while not self.ended:
            for key, events in self.selector.select(self.next_due()):
                if key.fileobj is self.woken:
                    self.woken.recv(64)
                elif key.fileobj is self.listener:
                    self.connect()
                else:
                    if events & selectors.EVENT_READ:
                        self.read(key.fileobj)
            self.change()
            if not self.verb.silent:
                for each in list(self.directions.values()):
                    self.write(each)
        for each in list(self.directions):
            self.reset(each)

    def next_due(self):
        """Seconds until bytes are due that the selector does not tell of."""
        if self.verb.silent:
            return None
        due = [each.kept[0][0] for each in self.directions.values() if each.kept]
        if not due:
            return None
        wait = min(due) - time.monotonic()
        # Due and not gone: its sink is full, and the selector tells when it is not.
        return wait if wait > 0 else 0.0 if self.verb.name == "slice" else 0.05

    def change(self):
        with self.obeyed:
            if self.wanted is None:
                return
            before, self.verb = self.verb, self.wanted
            if before.name in ("cut", "deaf", "corrupt") or self.verb.name == "refuse":
                for each in list(self.directions):
                    self.reset(each)
            for each in self.directions.values():
                each.passed, each.corrupted = 0, False
            listens = self.verb.name not in ("refuse", "cut")
            if before.name == "refuse" and self.verb.name != "refuse":
                self.listener.listen(128)
            self.watch(self.listener, selectors.EVENT_READ if listens else 0)
            if self.verb.name == "refuse" and before.name != "refuse":
                self.listener.shutdown(socket.SHUT_RDWR)  # keeps the port
            for each in list(self.directions):
                self.interest(each)
            self.wanted = None
            self.obeyed.notify_all()

    def connect(self):
        try:
            near, _ = self.listener.accept()
        except OSError:
            return
        try:
            far = socket.create_connection(self.target, 5)
        except OSError:
            reset(near)
            return
        for each in (near, far):
            each.setblocking(False)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.directions[near] = Direction(near, far, answers=False)
        self.directions[far] = Direction(far, near, answers=True)
        for each in (near, far):
            self.interest(each)

    def read(self, source):
        direction = self.directions.get(source)
        if direction is None or self.verb.silent:
            return
        try:
            data = source.recv(AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            self.reset(source)
            return
        if not data:
            direction.source_ended = True
            self.interest(source)
            return
        goes_on = direction.take(data, self.verb, self.chance, time.monotonic())
        self.write(direction)
        if not goes_on:
            self.reset(source)

    def write(self, direction):
        if self.directions.get(direction.source) is not direction:
            return
        try:
            direction.give(self.verb, time.monotonic())
            if direction.source_ended and not direction.kept:
                # Half a connection is of no use to what we relay: its end is the end of both.
                self.close(direction.source)
                return
        except OSError:
            self.reset(direction.source)
            return
        self.interest(direction.source)
        self.interest(direction.sink)

    def interest(self, one):
        """Reads where there is room, and writes where something waits."""
        mine, other = self.directions.get(one), None
        if mine is None:
            return
        other = self.directions.get(mine.sink)
        events = 0
        if not self.verb.silent and not mine.source_ended and mine.kept_bytes < MOST_KEPT:
            events |= selectors.EVENT_READ
        if not self.verb.silent and other is not None and other.kept and other.kept[0][0] <= time.monotonic():
            events |= selectors.EVENT_WRITE
        self.watch(one, events)

    def watch(self, one, events):
        known = self.selector.get_map().get(one.fileno()) if one.fileno() >= 0 else None
        if known is None and events:
            self.selector.register(one, events)
        elif known is not None and not events:
            self.selector.unregister(one)
        elif known is not None and known.events != events:
            self.selector.modify(one, events)

    def forget(self, one):
        mine = self.directions.pop(one, None)
        if mine is None:
            return ()
        self.directions.pop(mine.sink, None)
        for each in (one, mine.sink):
            self.watch(each, 0)
        return one, mine.sink

    def close(self, one):
        for each in self.forget(one):
            each.close()

    def reset(self, one):
        for each in self.forget(one):
            reset(each)


def reset(connection):
    """Ends it with an RST instead of a FIN."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    connection.close()
