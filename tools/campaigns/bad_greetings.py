"""What a server may say in place of its preface and hello, to a follower and to an agent alike."""

from campaigns import wire
from campaigns.bad_connections import frame_vectors
from campaigns.wire import data, frame, uint


def greetings(context, fake):
    """(name, wanted, bytes): whoever gets these says so and leaves (R2, R6, R24, R25)."""
    unexpected = ("message-unexpected",)
    body = fake.hello_body()
    yield "another preface", ("closed",), b"HTTP/1.1 400 Bad Request\r\n\r\n"
    yield "no hello but a ping", unexpected, wire.PREFACE + frame(data(10, uint(1, 1)))
    yield "no hello but an empty body", unexpected, wire.PREFACE + frame(b"")
    yield "a version that was not offered", unexpected, wire.PREFACE + fake.hello(version=9)
    yield "a hello without version", ("message-malformed: field-missing",), (
        wire.PREFACE + frame(data(wire.SERVER_HELLO, data(2, "campaign"))))
    yield "a hello that is compressed", ("frame-malformed: handshake-compressed",), (
        wire.PREFACE + frame(wire.deflated(body), codec=wire.ZLIB))
    yield "a hello of 4 GiB", ("frame-malformed: frame-too-long",), wire.PREFACE + b"\xff" * 9
    yield "a hello cut off", ("closed", "hello-late"), (wire.PREFACE + frame(body))[:20]
    if not context.options.quick:
        yield "nothing", ("closed", "hello-late"), b""


def behind_hello(context):
    """(name, wanted, bytes) of the vectors: streams whose hello is sound, without that hello."""
    streams = frame_vectors(context)
    hello = next(bytes.fromhex(one["bytes"]) for one in streams if one["name"] == "hello")
    for stream in streams:
        sent = bytes.fromhex(stream["bytes"])
        if stream.get("code") and sent.startswith(hello):
            yield "frame: " + stream["name"], (f"frame-malformed: {stream['code']}",), (
                sent[len(hello):])
