"""Servers that lie, one case for each connection, and are mere relays to a true one afterwards.
"""

import queue
import socket
import threading
import time

from campaigns import wire
from campaigns.report import Failed
from campaigns.wire import data, fields, fixed64, frame, sha, uint


# A hello that does not come is waited for 10 s.
VERDICT_SECONDS = 15


class History:
    """The records of a sound log, and where each leads."""

    def __init__(self, log_id, records):
        self.log_id = log_id
        self.records = records
        self.chains = [sha(b"cattail/log/v1" + log_id)]
        for record in records:
            self.chains.append(followed(self.chains[-1], record))

    def position(self, seq, chain=None):
        # The whole history is of one epoch, whose leader the first event names.
        number, leader = epoch(self.records[0]) if seq else (0, 0)
        body = data(1, self.log_id)
        if seq:
            body += uint(2, number) + fixed64(3, leader) + uint(4, seq)
        return body + data(5, chain or self.chains[seq])


def followed(chain, record):
    item, audit = parts(record)
    return sha(chain + sha(sha(item) + sha(audit)))


def parts(record):
    found = dict(fields(record))
    return found.get(1, b""), found.get(2, b"")


def epoch(record):
    item = dict(fields(parts(record)[0]))
    begun = dict(fields(dict(fields(item[9]))[3]))
    return begun[1], int.from_bytes(begun[2], "little")


class FakeServer:
    """Whoever connects gets what `converse` says, until this becomes a relay."""

    def __init__(self, port, relay_to=None):
        self.relay_to = relay_to
        self.cases = queue.Queue()
        self.found = queue.Queue()
        self.is_relay = False
        self.listener = socket.create_server(("127.0.0.1", port))
        self.address = f"127.0.0.1:{port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            work = self.relay if self.is_relay else self.serve
            threading.Thread(target=work, args=[connection], daemon=True).start()

    def relay(self, connection):
        host, port = self.relay_to.rsplit(":", 1)
        other = socket.create_connection((host, int(port)))

        def pump(source, target):
            try:
                while piece := source.recv(65536):
                    target.sendall(piece)
            except OSError:
                pass
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        threading.Thread(target=pump, args=[connection, other], daemon=True).start()
        pump(other, connection)

    def serve(self, connection):
        with wire.Peer(connection=connection, seconds=20) as peer:
            try:
                peer.read_preface()
                hello = dict(fields(peer.message()[1]))
                self.converse(peer, hello)
            except (wire.Closed, TimeoutError, OSError, KeyError):
                return

    def next_case(self, peer):
        said = self.cases.get()
        if said is None:
            return
        peer.send(said)
        self.found.put(self.verdict(peer))

    def verdict(self, peer):
        """What the other end says before it goes: its refusal, its goodbye, or both."""
        words = []
        deadline = time.monotonic() + VERDICT_SECONDS
        try:
            while True:
                # Whoever took it for true stays, and pings now and then.
                peer.socket.settimeout(max(0.01, deadline - time.monotonic()))
                kind, body = peer.message()
                if kind in (wire.REFUSAL, wire.LEAVING):
                    found = dict(fields(body))
                    words.append(": ".join(
                        found.get(number, b"").decode(errors="replace") for number in (1, 2)))
        except wire.Closed:
            return " | ".join(words) or "closed"
        except (TimeoutError, ValueError):
            return " | ".join([*words, "open"])

    def ask(self, name, said, seconds):
        """Whoever connects next gets these bytes from the first; what it answers."""
        self.cases.put(said)
        try:
            return self.found.get(timeout=seconds)
        except queue.Empty:
            raise Failed(f"{name}: the other end did not come back within {seconds} s")

    def recover(self):
        """From now on whoever connects reaches the true server."""
        self.is_relay = True
        # The connection that waits for a case was made before: it ends.
        self.cases.put(None)

    def close(self):
        self.listener.close()

    def greeting(self):
        return wire.PREFACE + self.hello()


class FakeLeader(FakeServer):
    """Serves a follower true records up to a seq, and then what a case says."""

    def __init__(self, port, history, relay_to, served):
        self.history = history
        # True records up to this seq.
        self.served = served
        super().__init__(port, relay_to)

    def converse(self, peer, hello):
        if hello[3] == wire.REQUESTS:
            peer.send(self.greeting())
            peer.message()
            return
        held = self.held(hello)
        if held == self.served:
            self.next_case(peer)
            return
        peer.send(self.greeting() + self.resync(held) + self.true_records(held))
        while peer.message()[0] != wire.DURABLE:
            pass

    def held(self, hello):
        if 7 not in hello:
            return 0
        return dict(fields(dict(fields(hello[7]))[1])).get(4, 0)

    # What is said.

    def hello(self, version=1):
        return frame(self.hello_body(version))

    def hello_body(self, version=1):
        return data(wire.SERVER_HELLO, uint(1, version) + data(2, "campaign") + uint(3, 1)
                    + data(4, self.history.position(len(self.history.records)))
                    + uint(8, 10_000))

    def resync(self, seq, how=1):
        return frame(data(wire.RESYNC, uint(1, how) + data(2, self.history.position(seq))))

    def records(self, records, seq, chain):
        """Records with the mark behind them."""
        body = b"".join(data(1, record) for record in records)
        mark = data(1, self.history.position(seq, chain)) + uint(4, 1)
        return frame(data(wire.RECORDS, body + data(2, mark)))

    def true_records(self, held):
        return self.records(
            self.history.records[held:self.served], self.served, self.history.chains[self.served])

    def false_record(self, record, seq=None):
        """One record behind the true ones, its mark's chain as if it were sound."""
        chain = followed(self.history.chains[self.served], record)
        return (self.greeting() + self.resync(self.served)
                + self.records([record], seq or self.served + 1, chain))
