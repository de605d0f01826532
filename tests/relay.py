"""A TCP relay that a test can cut: connections through it hang, as behind a network that drops everything."""
import selectors
import socket
import threading


class Relay:
    """Listens on a port of its own and passes bytes to and fro, but not while it is cut."""

    def __init__(self, target_port):
        self.target = ("127.0.0.1", target_port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.is_cut = threading.Event()
        self.ended = False
        self.peers = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.waker, self.woken = socket.socketpair()
        self.selector.register(self.woken, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def cut(self):
        """From now on nothing passes, and nobody is told."""
        self.is_cut.set()
        self.waker.send(b"x")

    def heal(self):
        """What hung is reset; new connections pass."""
        self.is_cut.clear()
        self.waker.send(b"x")

    def stop(self):
        self.ended = True
        self.waker.send(b"x")
        self.thread.join()
        for each in (self.listener, self.waker, self.woken):
            each.close()

    def run(self):
        hung = False
        while not self.ended:
            for key, _ in self.selector.select():
                if key.fileobj is self.woken:
                    self.woken.recv(64)
                elif self.is_cut.is_set():
                    continue
                elif key.fileobj is self.listener:
                    self.connect()
                else:
                    self.pass_on(key.fileobj)
            if self.is_cut.is_set() and not hung:
                self.watch(False)
                hung = True
            elif hung and not self.is_cut.is_set():
                self.watch(True)
                for each in list(self.peers):
                    self.close(each)
                hung = False
        for each in list(self.peers):
            self.close(each)

    def watch(self, wanted):
        """While it is cut, the kernel takes connections for the listener, and nobody answers on them."""
        for each in [self.listener, *self.peers]:
            if wanted:
                self.selector.register(each, selectors.EVENT_READ)
            else:
                self.selector.unregister(each)

    def connect(self):
        near, _ = self.listener.accept()
        try:
            far = socket.create_connection(self.target, 5)
        except OSError:
            near.close()
            return
        self.peers[near], self.peers[far] = far, near
        for each in (near, far):
            self.selector.register(each, selectors.EVENT_READ)

    def pass_on(self, source):
        if source not in self.peers:
            return
        try:
            data = source.recv(65536)
            if data:
                self.peers[source].sendall(data)
                return
        except OSError:
            pass
        self.close(source)

    def close(self, one):
        other = self.peers.pop(one, None)
        if other is None:
            return
        self.peers.pop(other, None)
        for each in (one, other):
            try:
                self.selector.unregister(each)
            except KeyError:
                pass
            each.close()
