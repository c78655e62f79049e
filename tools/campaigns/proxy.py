"""A TCP proxy that cuts its connections at random bytes, by a seed."""

import random
import socket
import struct
import threading

# A cut falls behind so many bytes, evenly over their logarithm: in hellos, in chunks, in deltas.
SHORTEST, LONGEST = 30, 3_000_000


class CuttingProxy:
    def __init__(self, port, upstream, seed):
        self.upstream = upstream
        self.random = random.Random(seed)
        self.is_cutting = True
        self.cuts = 0
        self.open = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.address = f"127.0.0.1:{port}"
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
        try:
            server = socket.create_connection((host, int(port)), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        pair = (client, server)
        with self.lock:
            self.open.add(pair)
            budget = int(SHORTEST * (LONGEST / SHORTEST) ** self.random.random())
        threading.Thread(target=self.pump, args=[client, server, pair], daemon=True).start()
        self.pump(server, client, pair, budget)

    def pump(self, source, target, pair, budget=None):
        """Copies until an end, or until the budget is used up: the byte behind it is lost."""
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if budget is not None and self.is_cutting:
                    if len(data) >= budget:
                        target.sendall(data[:budget])
                        with self.lock:
                            self.cuts += 1
                        break
                    budget -= len(data)
                target.sendall(data)
        except OSError:
            pass
        self.drop(pair)

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
        self.is_cutting = False
        for pair in list(self.open):
            self.drop(pair)
