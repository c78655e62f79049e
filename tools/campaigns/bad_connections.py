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
        yield Case("others meanwhile", "prompt", prompt(seconds))
        for name, peer in peers:
            with peer:
                yield Case(name, self.KINDS[name][1], peer.end())


class SlowBytes(BadInput):
    """Slow is no fault: who moves a byte is alive. But a hello comes whole in time (R24)."""

    name = "one byte a second"
    IS_SLOW = True
    SECONDS = (HELLO_SECONDS + 3, 4)

    def run(self, target, round):
        seconds = self.SECONDS[self.context.options.quick]
        late = "hello-late" if seconds > HELLO_SECONDS else "open"
        new, known = (wire.Peer(target.address, seconds=1) for _ in range(2))
        with new, known:
            known.send(wire.hello())
            for at in range(seconds):
                begun = time.monotonic()
                new.send(wire.hello()[at:at + 1])
                known.send(PING[at % len(PING):][:1])
                taken = self.fleet.put_and_get(
                    target.address, sample(version=f"slow-{round}-{at}"))
                yield Case("others meanwhile", "prompt", prompt(taken))
                time.sleep(max(0, 1 - (time.monotonic() - begun)))
            yield Case("from the first byte", late, new.end())
            yield Case("behind a hello", "open", known.end())


def prompt(seconds):
    return "prompt" if seconds < 1 else f"{seconds:.1f} s"


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
        for role in (wire.REQUESTS, wire.STATE, wire.LOG):
            yield f"garbage behind a hello of role {role}", (
                "frame-malformed", "message-malformed"), (
                    wire.hello(role) + noise.randbytes(1 << 16))
        for name, code, body in compressed(noise):
            yield name, fault(code), hello + wire.frame(body, codec=wire.ZLIB)
        for stream in frame_vectors(self.context):
            if stream.get("code"):
                code = stream["code"]
                wanted = ("closed",) if code == "preface-mismatch" else fault(code)
                yield "vector: " + stream["name"], wanted, stream["toServer"]


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


CLASSES = [Silence, SlowBytes, BadFrames]
