"""Just enough of the protocol's bytes (proto/protocol.md) to misuse it: frames, hellos, records."""

import hashlib
import socket
import struct
import zlib

PREFACE = b"CATTAIL\x01"
PLAIN, ZLIB = 0, 1
REQUESTS, STATE, LOG = 1, 2, 3
# Kinds of messages from a client, and from a server.
CLIENT_HELLO, DURABLE, REFUSAL, LEAVING = 1, 6, 7, 10
SERVER_HELLO, RESYNC, CHANGES, RECORDS, ANSWERS, QUERY_ANSWER, PONG, GOODBYE = (
    1, 2, 3, 4, 7, 8, 11, 12)
LONGEST_FRAME = 2 << 20


def sha(data):
    return hashlib.sha256(data).digest()


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def uint(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def fixed64(field, value):
    return varint(field << 3 | 1) + struct.pack("<Q", value)


def read_varint(bytes, at):
    value = shift = 0
    while True:
        value |= (bytes[at] & 127) << shift
        shift += 7
        at += 1
        if bytes[at - 1] < 128:
            return value, at


def fields(bytes):
    """(number, value) of each field; those of a fixed size as they stand."""
    at = 0
    while at < len(bytes):
        tag, at = read_varint(bytes, at)
        wire = tag & 7
        if wire == 0:
            value, at = read_varint(bytes, at)
        else:
            size = {1: 8, 5: 4}.get(wire)
            if size is None:
                size, at = read_varint(bytes, at)
            value, at = bytes[at:at + size], at + size
        yield tag >> 3, value


def frame(body, codec=PLAIN, dictionary=0):
    return struct.pack(">IB", len(body) + 1, dictionary << 4 | codec) + body


def deflated(body):
    """The body of a frame of codec 1."""
    return struct.pack(">I", len(body)) + zlib.compress(body)


def hello(role=REQUESTS, more=b"", versions=(1, 1)):
    """A client's first bytes, preface included."""
    body = uint(1, versions[0]) + uint(2, versions[1]) + uint(3, role) + data(4, "campaign")
    return PREFACE + frame(data(CLIENT_HELLO, body + more))


class Closed(Exception):
    """The other end closed the connection."""


class Peer:
    """A connection of ours that keeps to no rule."""

    def __init__(self, server=None, connection=None, seconds=30):
        if connection is None:
            host, port = server.rsplit(":", 1)
            connection = socket.create_connection((host, int(port)), timeout=5)
        self.socket = connection
        self.socket.settimeout(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, bytes):
        try:
            self.socket.sendall(bytes)
        except OSError:
            # Whoever closed in the middle has said all in what stands to be read.
            pass

    def read(self, count):
        found = b""
        while len(found) < count:
            try:
                piece = self.socket.recv(count - len(found))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise Closed(found)
            found += piece
        return found

    def read_preface(self):
        if self.read(len(PREFACE)) != PREFACE:
            raise Closed(b"another preface")

    def message(self):
        """The next message: number of its kind, and its body."""
        length = int.from_bytes(self.read(4), "big")
        if not 1 <= length <= LONGEST_FRAME:
            raise Closed(b"a frame of %d" % length)
        body = self.read(length)
        if body[0] != PLAIN:
            return None, body[1:]
        return next(fields(body[1:]), (None, b""))

    def end(self):
        """How the other end ends it: the code and text of its goodbye, `closed` for an end without
        one, `open` when there is no end in time."""
        word = "closed"
        try:
            self.read_preface()
            while True:
                kind, body = self.message()
                if kind == GOODBYE:
                    parts = dict(fields(body))
                    word = f"{parts.get(1, b'').decode()}: {parts.get(2, b'').decode()}"
        except Closed:
            return word
        except TimeoutError:
            return "open"
