"""Connections that keep to no rule, against a node that serves others meanwhile."""

import json
import os
import random
import struct
import time
import zlib

from campaigns import wire
from campaigns.bad_case import BadInput, Case
from campaigns.documents import sample
from campaigns.report import Failed

# What the protocol gives a connection to say hello in, and some time for a busy machine.
HELLO_SECONDS = 10
PATIENCE = HELLO_SECONDS + 5
PING = wire.frame(wire.data(8, wire.uint(1, 7)))


class Silence(BadInput):
    """They must not block others, and are closed when the time for a hello is over."""

    name = "connections that send nothing"
    KINDS = {
        "nothing": (b"", ("closed", "hello-late")),
        "half a preface": (wire.PREFACE[:4], ("closed", "hello-late")),
        "a preface": (wire.PREFACE, ("hello-late",)),
        "half a hello": (wire.hello()[:20], ("hello-late",)),
    }
    EACH = 8
    IS_SLOW = True

    def run(self, target, round):
        peers = [(name, wire.Peer(target.address, seconds=PATIENCE))
                 for name in self.KINDS for _ in range(self.EACH)]
        for name, peer in peers:
            peer.send(self.KINDS[name][0])
        seconds = self.fleet.put_and_get(target.address, sample(version=f"beside-{round}"))
        yield Case("others meanwhile", "prompt", "prompt" if seconds < 1 else f"{seconds:.1f} s")
        for name, peer in peers:
            with peer:
                yield Case(name, self.KINDS[name][1], peer.end())


class SlowBytes(BadInput):
    name = "one byte a second"
    IS_SLOW = True
    SECONDS = 4

    def run(self, target, round):
        hellos = {"from the first byte": b"", "behind a hello": wire.hello()}
        peers = {name: wire.Peer(target.address, seconds=1) for name in hellos}
        for name, peer in peers.items():
            peer.send(hellos[name])
        for at in range(self.SECONDS):
            for name, peer in peers.items():
                rest = wire.hello() if not hellos[name] else PING
                peer.send(rest[at:at + 1])
            begun = time.monotonic()
            taken = self.fleet.put_and_get(
                target.address, sample(version=f"slow-{round}-{at}"))
            yield Case("others meanwhile", "prompt", "prompt" if taken < 1 else f"{taken:.1f} s")
            time.sleep(max(0, 1 - (time.monotonic() - begun)))
        for name, peer in peers.items():
            # Slow is no fault: it is alive while bytes move.
            with peer:
                yield Case(name, "open", peer.end())


class BadFrames(BadInput):
    name = "bad frames"

    def run(self, target, _):
        for name, codes, data in self.streams():
            with wire.Peer(target.address, seconds=PATIENCE) as peer:
                peer.send(data)
                yield Case(name, codes, peer.end(), codes[0].split(": ")[-1])

    def streams(self):
        noise = random.Random(self.context.options.seed)
        hello = wire.hello()
        yield "garbage", ("closed",), noise.randbytes(4096)
        yield "another protocol", ("closed",), b"GET / HTTP/1.1\r\nHost: cattail\r\n\r\n"
        yield "a frame of 4 GiB", fault("frame-too-long"), wire.PREFACE + b"\xff" * 5
        yield "a frame of 4 GiB behind a hello", fault("frame-too-long"), hello + b"\xff" * 9
        yield "garbage behind a hello", ("frame-malformed", "message-malformed"), (
            hello + noise.randbytes(1 << 16))
        for name, code, body in compressed(noise):
            yield name, fault(code), hello + wire.frame(body, codec=wire.ZLIB)
        for stream in frame_vectors(self.context):
            if stream.get("code"):
                code = stream["code"]
                wanted = ("closed",) if code == "preface-mismatch" else fault(code)
                yield "vector: " + stream["name"], wanted, stream["toServer"]


class BadMessages(BadInput):
    name = "bad messages"

    def run(self, target, _):
        for name, codes, role, more, versions, behind in self.messages():
            with wire.Peer(target.address, seconds=PATIENCE) as peer:
                peer.send(wire.hello(role, more, versions))
                for body in behind:
                    peer.send(wire.frame(body))
                yield Case(name, codes, peer.end())

    def messages(self):
        asking, state, log = wire.REQUESTS, wire.STATE, wire.LOG
        unexpected, malformed = ("message-unexpected",), ("message-malformed",)
        hello = wire.data(wire.CLIENT_HELLO, wire.uint(2, 1) + wire.uint(3, asking))
        wish = wire.data(2, wire.data(1, mutation(1)))
        yield "a hello again", unexpected, asking, b"", (1, 1), [hello]
        yield "a version to come", ("version-unsupported",), asking, b"", (7, 9), []
        yield "a role of no name", malformed, 9, b"", (1, 1), []
        yield "a mutation from a state subscriber", unexpected, state, b"", (1, 1), [wish]
        yield "a mutation from a log subscriber", unexpected, log, b"", (1, 1), [wish]
        yield "a selector that does not parse", ("selector-invalid",), state, selection("a =="), (
            1, 1), []
        yield "a selector of 1 MiB", ("limit-exceeded", "frame-malformed: frame-too-long"), (
            state), selection("a" * (1 << 20)), (1, 1), []
        yield "a selector of 5 KiB", ("limit-exceeded",), state, selection("a" * 5000), (1, 1), []
        yield "a position of another log", ("log-other",), log, resume(b"o" * 16, 5), (1, 1), []
        yield "a varint without end", malformed, asking, b"", (1, 1), [b"\x08" + b"\xff" * 40]
        yield "a group", malformed, asking, b"", (1, 1), [b"\x0b\x0c"]
        yield "a length beyond the end", malformed, asking, b"", (1, 1), [b"\x12\x7f\x00"]
        yield "a mutation without operation", malformed, asking, b"", (1, 1), [
            wire.data(2, wire.data(1, wire.uint(1, 1) + wire.data(2, "r")))]
        yield "a ticket twice", unexpected, asking, b"", (1, 1), [query(1)] * 100
        yield "nested a thousand times", malformed, asking, b"", (1, 1), [nested(1000)]


class BadMutations(BadInput):
    """Whole messages of a sound shape whose wishes must be refused one by one."""

    name = "bad mutations on the wire"

    def run(self, target, round):
        wishes = list(self.wishes())
        with wire.Peer(target.address, seconds=PATIENCE) as peer:
            peer.send(wire.hello())
            for ticket, (_, _, make) in enumerate(wishes, 1):
                peer.send(wire.frame(wire.data(2, wire.data(1, make(ticket, round)))))
            found = self.answers(peer, len(wishes))
        for ticket, (name, codes, _) in enumerate(wishes, 1):
            yield Case(name, codes, found.get(ticket, "no answer"))

    def answers(self, peer, count):
        found = {}
        try:
            peer.read_preface()
            while len(found) < count:
                kind, body = peer.message()
                if kind == wire.GOODBYE:
                    raise Failed(f"the server left: {dict(wire.fields(body))}")
                if kind == wire.ANSWERS:
                    for _, answer in wire.fields(body):
                        parts = dict(wire.fields(answer))
                        found[parts[1]] = parts.get(4, b"done").decode()
        except (wire.Closed, TimeoutError):
            pass
        return found

    def wishes(self):
        sound = endpoint()
        yield "no request ID", ("invalid",), lambda t, r: mutation(t, request=f"none-{r}", name="")
        yield "a name that does not fit", ("invalid",), lambda t, r: mutation(
            t, request=f"name-{r}", name="node2-k8s-x-eth0")
        yield "a namespace of capitals", ("invalid",), lambda t, r: mutation(
            t, request=f"space-{r}", namespace="Not A Name")
        yield "an address that is none", ("invalid",), lambda t, r: mutation(
            t, request=f"ip-{r}", body=endpoint(networks=("10.0.0.999/32",)))
        yield "a delete of nothing", ("not-found",), lambda t, r: mutation(
            t, request=f"delete-{r}", operation=4, name="node1-k8s-nobody-eth0", body=None)
        yield "a replace of nothing", ("not-found",), lambda t, r: mutation(
            t, request=f"replace-{r}", operation=3, name="node1-k8s-nobody-eth0",
            body=endpoint(pod="nobody"))
        yield "a seq that does not stand", ("conflict",), lambda t, r: mutation(
            t, request=f"seq-{r}", body=sound, more=wire.uint(7, 999_999))
        yield "an item over 1 MiB", ("too-long", "invalid"), lambda t, r: mutation(
            t, request=f"long-{r}", body=sound + wire.data(21, '{"x":"' + "y" * (1 << 20) + '"}'))
        yield "a mutation that is sound", ("done",), lambda t, r: mutation(
            t, request=f"sound-{r}", body=sound)


def fault(code):
    return ("frame-malformed: " + code,)


def compressed(noise):
    """Bodies of codec 1 that are not what they say."""
    body = wire.data(8, wire.uint(1, 5)) * 200
    packed = zlib.compress(body)
    size = struct.pack(">I", len(body))
    yield "inflates to more than it says", "inflated-size-mismatch", (
        struct.pack(">I", len(body) - 1) + packed)
    yield "inflates to less than it says", "inflated-size-mismatch", (
        struct.pack(">I", len(body) + 1) + packed)
    yield "says 4 GiB", "inflated-size-too-large", b"\xff" * 4 + packed
    bomb = zlib.compress(bytes(256 << 20), 9)
    yield "a bomb of 256 MiB", "inflated-size-mismatch", struct.pack(">I", 2 << 20) + bomb
    yield "a bit of it flipped", "deflate-damaged", size + packed[:-1] + bytes([packed[-1] ^ 1])
    yield "cut off", "deflate-damaged", size + packed[:len(packed) // 2]
    yield "noise", "deflate-damaged", size + noise.randbytes(500)


def frame_vectors(context):
    """The streams of the vectors, a server's hello in them made a client's."""
    with open(os.path.join(context.root, "proto", "vectors", "frames.json")) as file:
        streams = json.load(file)["streams"]
    hello = next(bytes.fromhex(one["bytes"]) for one in streams if one["name"] == "hello")
    for stream in streams:
        stream["toServer"] = bytes.fromhex(stream["bytes"]).replace(hello, wire.hello(), 1)
    return streams


def selection(selector):
    return wire.data(6, wire.data(1, selector))


def resume(log, seq):
    position = wire.data(1, log) + wire.uint(2, 1) + wire.fixed64(3, 1) + wire.uint(4, seq)
    return wire.data(7, wire.data(1, position + wire.data(5, bytes(32))))


def query(ticket):
    """A list of everything."""
    return wire.data(3, wire.uint(1, ticket) + wire.data(3, b""))


def nested(depth):
    body = b""
    for _ in range(depth):
        body = wire.data(6, body)
    return wire.data(2, wire.data(1, body))


def endpoint(pod="wire-0", networks=("10.9.0.1/32",)):
    """An `Endpoint` of node1 whose name is node1-k8s-…-eth0."""
    body = wire.data(2, "k8s") + wire.data(4, "node1") + wire.data(6, pod) + wire.data(7, "eth0")
    for network in networks:
        body += wire.data(9, network)
    return body + wire.data(10, "kns.campaign") + wire.data(11, "cali0ef24bb")


def mutation(ticket, request="", operation=1, namespace="campaign", name="node1-k8s-wire--0-eth0",
             body=b"", more=b""):
    parts = wire.uint(1, ticket) + wire.data(2, request or f"campaign-{ticket}")
    parts += wire.uint(3, operation) + wire.data(4, namespace) + wire.data(5, name)
    if body is not None:
        parts += wire.data(6, body)
    return parts + more


CLASSES = [Silence, SlowBytes, BadFrames, BadMessages, BadMutations]
