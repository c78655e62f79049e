"""What a server may send an agent that is wrong: the agent takes none of it, says why, and holds
what the true server holds once it is back (G6, G12)."""

import json
import os
import struct

from campaigns import wire
from campaigns.bad_case import BadInput, Case
from campaigns.fake_leader import FakeServer
from campaigns.wire import data, fields, fixed64, frame, sha, uint
from campaigns.watchers import swift_watch

SECONDS = 40
LOG_ID = b"campaign of lies"
SNAPSHOT, DELTAS = 3, 1
IN_SYNC = 1


class FakeStateServer(FakeServer):
    """Each connection: a sound snapshot of one item, in sync, then what a case says."""

    def __init__(self, port, relay_to, item):
        self.item = item
        self.seq = dict(fields(item))[1]
        super().__init__(port, relay_to)

    def converse(self, peer, hello):
        peer.send(self.hello())
        self.next_case(peer)

    def position(self, seq):
        return (data(1, LOG_ID) + uint(2, 1) + fixed64(3, 1) + uint(4, seq)
                + data(5, sha(struct.pack(">Q", seq))))

    def hello(self):
        return frame(data(wire.SERVER_HELLO, uint(1, 1) + data(2, "campaign") + uint(3, 1)
                          + data(4, self.position(self.seq)) + uint(7, 1) + uint(8, 10_000)))

    def resync(self, how, seq):
        return frame(data(wire.RESYNC, uint(1, how) + data(2, self.position(seq)) + uint(3, 1)
                          + data(4, bytes(32))))

    def changes(self, changes, seq, digest=None, count=1, sync=IN_SYNC):
        mark = data(1, self.position(seq))
        if digest:
            mark += data(2, digest) + uint(3, count)
        body = b"".join(data(1, change) for change in changes)
        return frame(data(wire.CHANGES, body + data(2, mark + uint(4, sync))))

    def snapshot(self):
        return self.resync(SNAPSHOT, self.seq) + self.changes(
            [data(1, self.item)], self.seq, sha(self.item))


class BadChanges(BadInput):
    name = "changes from a lying server"

    def target(self, leader):
        self.leader = leader
        vectors = list(patch_vectors(self.context))
        item = vectors[0][2]
        self.fake = FakeStateServer(self.fleet.port(), leader.address, item)
        self.agent = swift_watch(
            self.fleet, "agent of a liar", self.fake.address, state=False).start()
        return self.agent

    def run(self, target, _):
        cases = list(self.cases())
        for name, wanted, make in cases[::5] if self.context.options.quick else cases:
            found = self.fake.ask(name, make, SECONDS)
            yield Case(name, wanted, found, found.split(": ")[1 if "malformed" in found else 0])

    def recover(self, target):
        self.fake.is_relay = True
        self.fake.cases.put(("the end", lambda fake, peer: peer.socket.close()))
        status = self.leader.status()
        held = {"leader": status["views"]["digest"], "agent": target.reaches(status["seq"])}
        self.context.report.equal(f"{self.name}: digests afterwards", held)
        target.kill()
        self.fake.close()
        return target

    def cases(self):
        for name, code, item, patch in patch_vectors(self.context):
            # The text fixes no code of the refusal.
            yield "patch: " + name, ("patch-", code), (
                lambda fake, peer, patch=patch: peer.send(fake.snapshot() + fake.changes(
                    [data(3, patch)], fake.seq + 5)))
        yield "another digest", ("digest-mismatch",), lambda fake, peer: peer.send(
            fake.resync(SNAPSHOT, fake.seq) + fake.changes([data(1, fake.item)], fake.seq, bytes(
                [1] * 32)))
        yield "a damaged item", ("digest-mismatch", "message-malformed"), (
            lambda fake, peer: peer.send(fake.resync(SNAPSHOT, fake.seq) + fake.changes(
                [data(1, damaged(fake.item))], fake.seq, sha(fake.item))))
        yield "a lost item", ("digest-mismatch",), lambda fake, peer: peer.send(
            fake.resync(SNAPSHOT, fake.seq) + fake.changes([], fake.seq, sha(fake.item)))
        yield "another count", ("digest-mismatch",), lambda fake, peer: peer.send(
            fake.resync(SNAPSHOT, fake.seq) + fake.changes(
                [data(1, fake.item)], fake.seq, sha(fake.item), count=2))
        for name, make in broken_rules():
            yield name, ("message-unexpected",), lambda fake, peer, make=make: peer.send(
                make(fake))
        yield "an item that is none", ("message-malformed",), lambda fake, peer: peer.send(
            fake.resync(SNAPSHOT, fake.seq) + fake.changes([data(1, b"\xff" * 9)], fake.seq))
        yield "garbage", ("frame-malformed", "message-malformed"), lambda fake, peer: peer.send(
            fake.snapshot() + bytes(range(1, 200)) * 100)
        yield "a frame of 4 GiB", ("frame-malformed: frame-too-long",), (
            lambda fake, peer: peer.send(fake.snapshot() + b"\xff" * 9))


def damaged(item):
    return item[:-1] + bytes([item[-1] ^ 1])


def broken_rules():
    """(name, what is sent): each breaks R38 or the order of section 7."""
    yield "changes before a resync", lambda fake: fake.changes(
        [data(1, fake.item)], fake.seq, sha(fake.item))
    yield "a mark without digest first", lambda fake: fake.resync(
        SNAPSHOT, fake.seq) + fake.changes([data(1, fake.item)], fake.seq)
    yield "a mark that goes back", lambda fake: fake.snapshot() + fake.changes([], fake.seq - 1)
    yield "a seq above its mark", lambda fake: fake.resync(
        SNAPSHOT, fake.seq - 1) + fake.changes([data(1, fake.item)], fake.seq - 1, sha(fake.item))
    yield "deltas from elsewhere", lambda fake: fake.resync(DELTAS, fake.seq + 7)
    yield "a hello again", lambda fake: fake.hello()
    yield "records", lambda fake: frame(data(wire.RECORDS, b""))


def patch_vectors(context):
    path = os.path.join(context.root, "proto", "vectors", "patches.json")
    with open(path) as file:
        for vector in json.load(file)["invalid"]:
            yield (vector["name"], vector["code"], bytes.fromhex(vector["old"]),
                   bytes.fromhex(vector["patch"]))


CLASSES = [BadChanges]
