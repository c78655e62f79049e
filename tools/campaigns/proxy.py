"""A TCP proxy that does to its connections what networks do: cuts them at random bytes, by a seed,
delays what they carry, holds it up in one direction or both, and forgets them.
"""

import random
import socket
import struct
import threading
import time

# A cut falls behind so many bytes, evenly over their logarithm: in hellos, in chunks, in deltas.
SHORTEST, LONGEST = 30, 3_000_000


class FaultyProxy:
    """Carries all as it is until it is told otherwise."""

    def __init__(self, port, upstream, seed):
        self.upstream = upstream
        self.random = random.Random(seed)
        self.is_cutting = False
        self.longest = LONGEST
        self.delay_seconds = 0
        # Of each direction: whether bytes go on, to the server and from it.
        self.flows = {True: threading.Event(), False: threading.Event()}
        self.cuts = 0
        self.forgotten = set()
        self.open = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.address = f"127.0.0.1:{port}"
        self.heal()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        host, port = self.upstream.rsplit(":", 1)
        # A partition answers no call either.
        self.wait_to_flow()
        try:
            server = socket.create_connection((host, int(port)), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        pair = (client, server)
        with self.lock:
            self.open.add(pair)
        threading.Thread(target=self.pump, args=[client, server, pair, True], daemon=True).start()
        self.pump(server, client, pair, False)

    def pump(self, source, target, pair, to_server):
        """Copies until an end, or until the budget is used up: the byte behind it is lost."""
        budget = None
        try:
            while True:
                data = source.recv(65536)
                self.flows[to_server].wait()
                if pair in self.forgotten:
                    return
                if not data:
                    break
                if self.delay_seconds:
                    time.sleep(self.delay_seconds)
                if not self.is_cutting:
                    budget = None
                else:
                    budget = self.drawn() if budget is None else budget
                    if len(data) >= budget:
                        target.sendall(data[:budget])
                        with self.lock:
                            self.cuts += 1
                        break
                    budget -= len(data)
                target.sendall(data)
        except OSError:
            pass
        if pair not in self.forgotten:
            self.drop(pair)

    def drawn(self):
        with self.lock:
            return int(SHORTEST * (self.longest / SHORTEST) ** self.random.random())

    def wait_to_flow(self):
        for direction in self.flows.values():
            direction.wait()

    def stall(self, *directions):
        """Nothing goes on, to the server (True) or from it (False), and nobody is told."""
        for direction in directions:
            self.flows[direction].clear()

    def forget(self):
        """The connections that stand carry nothing any more, and do not end: half-open at both
        ends. New ones are well."""
        with self.lock:
            self.forgotten |= self.open
            self.open.clear()

    def heal(self):
        self.is_cutting = False
        self.delay_seconds = 0
        for direction in self.flows.values():
            direction.set()

    def drop(self, pair):
        with self.lock:
            if pair not in self.open:
                return
            self.open.remove(pair)
            abrupt = self.random.random() < 0.5
        for end in pair:
            if abrupt:
                # Closing then resets the connection.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def cut_all(self):
        with self.lock:
            pairs = list(self.open)
        for pair in pairs:
            with self.lock:
                self.cuts += 1
            self.drop(pair)

    def close(self):
        self.listener.close()
        self.heal()
        with self.lock:
            self.open |= self.forgotten
        for pair in list(self.open):
            self.drop(pair)
