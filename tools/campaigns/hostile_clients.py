#!/usr/bin/env python3
"""Connections that keep to no rule, many at a time, in a process of their own.

    tools/campaigns/hostile_clients.py HOST:PORT COUNT SEED

A third says nothing or half of a hello, a third sends or reads a byte a second, a third sends
garbage. Whoever is closed comes again. Prints a line when all are there, and with the end of its
input one of how connections ended, as they saw it.
"""

import collections
import heapq
import json
import os
import random
import selectors
import socket
import sys
import time

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from campaigns import wire  # noqa: E402

# What a goodbye may name; a closed connection without one is `closed`.
CODES = (b"hello-late", b"frame-malformed", b"message-malformed", b"message-unexpected",
         b"overloaded", b"silent", b"limit-exceeded")
PAUSE_SECONDS = 1.0
HELLO = wire.hello(wire.STATE)


def openings(dice):
    """Each kind with what it sends at once, and what it sends or reads byte by byte."""
    noise = dice.randbytes(dice.randrange(1, 4_000))
    return {
        "half-open": [(b"", b""), (HELLO[:4], b""), (HELLO[:8], b""), (HELLO[:-3], b"")],
        "slow": [(b"", HELLO), (HELLO, b"read")],
        "garbage": [(noise, b""), (HELLO[:8] + noise, b""), (HELLO + noise, b""),
                    (HELLO[:8] + b"\xff" * 5, b""), (b"GET / HTTP/1.1\r\n\r\n", b"")]}


class Client:
    def __init__(self, kind, dice):
        self.kind = kind
        self.dice = dice
        self.socket = None
        self.connected = False

    def begin(self, address, many):
        first, self.drip = self.dice.choice(openings(self.dice)[self.kind])
        self.first, self.at, self.heard = first, 0, b""
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if self.drip == b"read":
            # Its kernel takes little for it.
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self.socket.connect_ex(address)
        many.selector.register(self.socket, selectors.EVENT_WRITE, self)

    def ready(self, many):
        """Connected, or there is something to read: the end, for most."""
        try:
            if not self.connected:
                self.connected = True
                self.socket.send(self.first)
                reads = self.drip != b"read"
                many.watch(self, selectors.EVENT_READ if reads else 0)
                return
            data = self.socket.recv(65_536)
            self.heard = (self.heard + data)[-4_096:]
            if data:
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.end(many)

    def tick(self, many):
        """A byte a second."""
        if not self.connected or not self.drip:
            return
        try:
            if self.drip == b"read":
                if not self.socket.recv(1):
                    self.end(many)
            elif self.at < len(self.drip):
                self.socket.send(self.drip[self.at:self.at + 1])
                self.at += 1
        except BlockingIOError:
            pass
        except OSError:
            self.end(many)

    def end(self, many):
        code = next((code.decode() for code in CODES if code in self.heard), "closed")
        many.ended[f"{self.kind}: {code}"] += 1
        many.leave(self)
        self.connected = False
        many.later(self)


class Many:
    def __init__(self, address, count, seed):
        self.address = address
        self.selector = selectors.DefaultSelector()
        self.ended = collections.Counter()
        self.waiting = []
        kinds = ("half-open", "slow", "garbage")
        self.clients = [Client(kinds[number % 3], random.Random(seed * count + number))
                        for number in range(count)]
        for client in self.clients:
            client.begin(address, self)

    def watch(self, client, events):
        if events:
            self.selector.modify(client.socket, events, client)
        else:
            self.selector.unregister(client.socket)

    def leave(self, client):
        if client.socket in self.selector.get_map():
            self.selector.unregister(client.socket)
        client.socket.close()

    def later(self, client):
        heapq.heappush(self.waiting, (time.monotonic() + PAUSE_SECONDS, id(client), client))

    def run(self):
        self.selector.register(sys.stdin, selectors.EVENT_READ, None)
        told, next_tick = False, time.monotonic() + 1
        while True:
            for key, _ in self.selector.select(0.02):
                if key.data is None:
                    return
                key.data.ready(self)
            now = time.monotonic()
            while self.waiting and self.waiting[0][0] <= now:
                heapq.heappop(self.waiting)[2].begin(self.address, self)
            if now >= next_tick:
                next_tick = now + 1
                for client in self.clients:
                    client.tick(self)
                if not told:
                    told = True
                    print("there", flush=True)


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    many = Many((host, int(port)), int(sys.argv[2]), int(sys.argv[3]))
    many.run()
    print(json.dumps(many.ended), flush=True)


if __name__ == "__main__":
    main()
