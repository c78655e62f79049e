"""A snapshot as a leader sends it, byte for byte, for the C reader."""

import struct
import zlib

from campaigns import wire

MARK_IN_CHANGES, MARK, SYNC, IN_SYNC = 2, 5, 4, 1


def record(server, path):
    """Writes what follows the preface, up to the mark that says in sync; the number of bytes."""
    written = 0
    with wire.Peer(server) as peer, open(path, "wb") as file:
        peer.send(wire.hello(wire.STATE))
        peer.read_preface()
        while True:
            head = peer.read(4)
            frame = peer.read(struct.unpack(">I", head)[0])
            file.write(head + frame)
            written += 4 + len(frame)
            if ends_in_sync(frame):
                return written


def ends_in_sync(frame):
    header, body = frame[0], frame[1:]
    if header == wire.ZLIB:
        body = zlib.decompress(body[4:])
    elif header != wire.PLAIN:
        return False
    kind, message = next(wire.fields(body), (None, b""))
    if kind == wire.CHANGES:
        message = dict(wire.fields(message)).get(MARK_IN_CHANGES, b"")
    elif kind != MARK:
        return False
    return dict(wire.fields(message)).get(SYNC) == IN_SYNC
