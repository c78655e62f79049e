"""Frames whose messages are none, or not legal where they come, and messages whose wishes must be
refused."""

import json
import os

from campaigns import wire
from campaigns.bad_case import BadInput, Case
from campaigns.bad_connections import PATIENCE
from campaigns.report import Failed


class BadMessages(BadInput):
    name = "bad messages"

    def run(self, target, _):
        for name, codes, role, more, versions, behind in self.messages():
            with wire.Peer(target.address, seconds=PATIENCE) as peer:
                peer.send(wire.hello(role, more, versions))
                for body in behind:
                    peer.send(wire.frame(body))
                yield Case(name, codes, peer.end())
        for name, codes, said in self.vectors():
            with wire.Peer(target.address, seconds=PATIENCE) as peer:
                peer.send(said)
                yield Case("vector: " + name, codes, peer.end())

    def vectors(self):
        """Bodies that are no message; a hello stands in place of ours."""
        with open(os.path.join(self.context.root, "proto", "vectors", "messages.json")) as file:
            invalid = json.load(file)["invalidClient"]
        for vector in invalid:
            body = bytes.fromhex(vector["bytes"])
            is_hello = body[0] == wire.CLIENT_HELLO << 3 | 2
            yield vector["name"], malformed(vector["code"]), (
                (wire.PREFACE if is_hello else wire.hello()) + wire.frame(body))

    def messages(self):
        asking, state, log = wire.REQUESTS, wire.STATE, wire.LOG
        unexpected = ("message-unexpected",)
        hello = wire.data(wire.CLIENT_HELLO, wire.uint(2, 1) + wire.uint(3, asking))
        wish = wire.data(2, wire.data(1, mutation(1)))
        yield "a hello again", unexpected, asking, b"", (1, 1), [hello]
        yield "a version to come", ("version-unsupported",), asking, b"", (7, 9), []
        yield "a role of no name", malformed("number-out-of-range"), 9, b"", (1, 1), []
        yield "a mutation from a state subscriber", unexpected, state, b"", (1, 1), [wish]
        yield "a mutation from a log subscriber", unexpected, log, b"", (1, 1), [wish]
        yield "a selector that does not parse", ("selector-invalid",), state, selection("a =="), (
            1, 1), []
        yield "a selector of 1 MiB", ("limit-exceeded", "frame-malformed: frame-too-long"), (
            state), selection("a" * (1 << 20)), (1, 1), []
        yield "a selector of 5 KiB", ("limit-exceeded",), state, selection("a" * 5000), (1, 1), []
        yield "a position of another log", ("log-other",), log, resume(b"o" * 16, 5), (1, 1), []
        yield "a varint without end", malformed("varint-malformed"), asking, b"", (1, 1), [
            b"\x78" + b"\xff" * 40]
        yield "a group", malformed("tag-malformed"), asking, b"", (1, 1), [b"\x0b\x0c"]
        yield "a length beyond the end", malformed("truncated"), asking, b"", (1, 1), [
            b"\x12\x7f\x00"]
        yield "a mutation without operation", malformed("field-missing"), asking, b"", (1, 1), [
            wire.data(2, wire.data(1, wire.uint(1, 1) + wire.data(2, "r")))]
        yield "a ticket twice", unexpected, asking, b"", (1, 1), [query(1)] * 100
        yield "nested a thousand times", malformed("field-missing"), asking, b"", (1, 1), [
            nested(1000)]


class BadMutations(BadInput):
    """Whole messages of a sound shape whose wishes must be refused one by one."""

    name = "bad mutations on the wire"

    def run(self, target, round):
        wishes = list(self.wishes())
        with wire.Peer(target.address, seconds=PATIENCE) as peer:
            peer.send(wire.hello())
            for ticket, (_, _, make) in enumerate(wishes, 1):
                peer.send(wire.frame(wire.data(2, wire.data(1, make(ticket, round)))))
            found = answered(peer, len(wishes))
        for ticket, (name, codes, _) in enumerate(wishes, 1):
            yield Case(name, codes, found.get(ticket, ("no answer", []))[0])

    def wishes(self):
        sound = endpoint()
        yield "neither name nor parts of one", ("invalid",), lambda t, r: mutation(
            t, request=f"none-{r}", name="")
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


def malformed(code):
    return (f"message-malformed: {code}",)


def answered(peer, count):
    """(code, fields at fault) of the answer to each ticket; the code of a success is `done`."""
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
                    faults = [dict(wire.fields(fault)).get(1, b"").decode()
                              for number, fault in wire.fields(answer) if number == 6]
                    found[parts[1]] = parts.get(4, b"done").decode(), faults
    except (wire.Closed, TimeoutError):
        pass
    return found


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


CLASSES = [BadMessages, BadMutations]
