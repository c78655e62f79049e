"""What a leader may send that is wrong: a follower takes none of it, says why, and goes on with the
true leader from where it was (G4, G12)."""

import json
import os
import random
import sqlite3

from campaigns import wire
from campaigns.bad_case import BadInput, Case
from campaigns.bad_connections import compressed, frame_vectors
from campaigns.fake_leader import FakeLeader, History, parts
from campaigns.processes import wait_until
from campaigns.wire import data, fields, frame, uint, varint

# The follower has this many true records when the lies begin.
SERVED = 10
SECONDS = 30


class BadRecords(BadInput):
    name = "records from a lying leader"

    def target(self, leader):
        text = self.fleet.run("generate", "--count", 30, "--seed", 5).output
        self.fleet.run("apply", "-f", "-", server=leader.address, input=text).succeeded()
        self.history = read_history(leader)
        self.fake = FakeLeader(self.fleet.port(), self.history, leader.address, SERVED)
        self.leader = leader
        self.follower = self.fleet.follower(self.fake.address, name="follower of a liar")
        return self.follower

    def run(self, target, _):
        # A case takes the pause before the next connection, a second or more.
        cases = list(self.cases())
        for name, wanted, make in cases[::12] if self.context.options.quick else cases:
            found = self.fake.ask(name, make, SECONDS)
            yield Case(name, wanted, found, found.split(": ")[1 if "malformed" in found else 0])
        held = target.status()["seq"]
        yield Case("nothing of it is stored", f"seq {SERVED}", f"seq {held}", "stored nothing")

    def recover(self, target):
        """The liar becomes a relay: the follower catches up, and serves what is put."""
        self.fake.is_relay = True
        # The connection that waits for a case was made before; an end lets the follower dial again.
        self.fake.cases.put(("the end", lambda fake, peer: peer.socket.close()))
        head = self.leader.status()["seq"]
        wait_until(lambda: target.status()["seq"] >= head, "the follower to catch up", SECONDS)
        digests = [node.status()["views"]["digest"] for node in (self.leader, target)]
        self.context.report.equal(f"{self.name}: digests afterwards",
                                  dict(zip(("leader", "follower"), digests)))
        target.stop()
        self.fake.close()
        return target

    def cases(self):
        for name, codes, record in false_records(self.history):
            yield name, codes, lambda fake, peer, record=record: peer.send(
                fake.false_record(record))
        for name, code, item in vectors(self.context, "items.json", "invalid"):
            audit = parts(self.history.records[SERVED])[1]
            record = (data(1, item) if item else b"") + data(2, audit)
            yield "item: " + name, malformed(code), lambda fake, peer, record=record: peer.send(
                fake.false_record(record))
        for name, code, record in vectors(self.context, "records.json", "invalid"):
            yield "record: " + name, malformed(code), lambda fake, peer, record=record: peer.send(
                fake.false_record(record))
        for name, code, body in vectors(self.context, "messages.json", "invalidServer"):
            yield "message: " + name, malformed(code), lambda fake, peer, body=body: peer.send(
                fake.hello() + frame(body))
        yield from self.streams()
        true = self.history.records[SERVED]
        yield "a mark of another chain", ("history-differs",), lambda fake, peer: peer.send(
            fake.hello() + fake.resync(SERVED) + fake.records([true], SERVED + 1, bytes(32)))
        yield "a mark of another seq", ("history-differs", "message-unexpected"), (
            lambda fake, peer: peer.send(fake.hello() + fake.resync(SERVED) + fake.records(
                [true], SERVED + 2, fake.history.chains[SERVED + 1])))
        yield "records before a resync", ("message-unexpected",), lambda fake, peer: peer.send(
            fake.hello() + fake.records([true], SERVED + 1, fake.history.chains[SERVED + 1]))
        yield "a resync elsewhere", ("message-unexpected", "history-differs"), (
            lambda fake, peer: peer.send(fake.hello() + fake.resync(SERVED - 1)))

    def streams(self):
        """Frames that are none, in place of records."""
        noise = random.Random(self.context.options.seed)
        yield "garbage", ("frame-malformed", "message-malformed"), lambda fake, peer: peer.send(
            noise.randbytes(1 << 16))
        yield "a frame of 4 GiB", malformed("frame-too-long"), lambda fake, peer: peer.send(
            fake.hello() + b"\xff" * 9)
        for name, code, body in compressed(noise):
            yield name, malformed(code), lambda fake, peer, body=body: peer.send(
                fake.hello() + frame(body, codec=wire.ZLIB))
        streams = frame_vectors(self.context)
        hello = next(bytes.fromhex(one["bytes"]) for one in streams if one["name"] == "hello")
        for stream in streams:
            sent = bytes.fromhex(stream["bytes"])
            if stream.get("code") and sent.startswith(hello):
                # Their hello is of another log, which would be the end of it.
                yield "frame: " + stream["name"], malformed(stream["code"]), (
                    lambda fake, peer, rest=sent[len(hello):]: peer.send(fake.hello() + rest))


def malformed(code):
    return (f"message-malformed: {code}", f"frame-malformed: {code}", "record-unreadable")


def false_records(history):
    """(name, wanted, record) in place of the record behind the true ones."""
    true = history.records[SERVED]
    item, audit = parts(true)
    seq = SERVED + 1
    head, rest = uint(1, seq), item[len(uint(1, seq)):]
    endpoint = dict(fields(item))[8]
    labels = [value for number, value in fields(endpoint) if number == 1]
    swapped = data(1, labels[1]) + data(1, labels[0])
    at = item.index(data(1, labels[0]) + data(1, labels[1]))
    turned = item[:at] + swapped + item[at + len(swapped):]

    def of(item, audit=audit):
        return data(1, item) + data(2, audit)

    yield "fields out of order", malformed("field-out-of-order"), of(
        uint(3, 1) + head + rest[2:])
    yield "a field twice", malformed("field-out-of-order"), of(head + head + rest)
    yield "a varint too long", malformed("varint-malformed"), of(
        b"\x08" + bytes([seq | 128, 0]) + rest)
    yield "a default written out", malformed("field-empty"), of(head + uint(2, 0) + rest)
    yield "labels not ascending", malformed("keys-not-ascending"), of(turned)
    yield "cut off", malformed("truncated"), of(item[:-3])
    yield "no UTF-8", malformed("text-not-utf8"), of(item.replace(b"10.0", b"\xff\xfe.0", 1))
    yield "over 1 MiB", malformed("too-long"), of(longer(item, endpoint))
    yield "an audit part without epoch", malformed("field-missing"), of(
        item, audit[len(uint(1, 1)):])
    yield "an epoch that never began", ("epoch-wrong",), of(item, uint(1, 7) + audit[2:])
    yield "an earlier time", ("time-goes-back",), of(
        item, uint(1, 1) + uint(2, 1_000) + tail(audit))
    yield "a seq too far", ("message-unexpected",), of(uint(1, seq + 1) + rest)
    yield "a seq again", ("message-unexpected",), history.records[SERVED - 1]
    yield "a previous seq that is none", ("does-not-fold",), of(head + uint(2, 3) + rest)


def tail(audit):
    """What stands behind the epoch and the time."""
    at = 2
    _, at = wire.read_varint(audit, at + 1)
    return audit[at:]


def longer(item, endpoint):
    at = item.index(endpoint) - len(varint(len(endpoint))) - 1
    longer = endpoint + data(21, '{"x":"' + "y" * (1 << 20) + '"}')
    return item[:at] + data(8, longer)


def vectors(context, name, group):
    with open(os.path.join(context.root, "proto", "vectors", name)) as file:
        for vector in json.load(file)[group]:
            yield vector["name"], vector["code"], bytes.fromhex(vector["bytes"])


def read_history(node):
    log = sqlite3.connect(f"file:{node.data}/log.sqlite?mode=ro", uri=True)
    log_id = log.execute("SELECT value FROM meta WHERE name = 'log_id'").fetchone()[0]
    records = [row[0] for row in log.execute("SELECT record FROM events ORDER BY seq")]
    log.close()
    return History(log_id, records)


CLASSES = [BadRecords]
