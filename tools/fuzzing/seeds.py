"""First inputs of each target, out of proto/vectors and a few values written here."""

import hashlib
import json
import os
import struct
import zlib

PREFACE = b"CATTAIL\x01"
UID = bytes.fromhex("11111111222243338444555555555555")
# Of the log that `KnownLog` in Sources/FuzzTargets begins.
LOG_ID = bytes.fromhex("0000000000004000800000000000c0de")


def seeds(root):
    """By target, the inputs."""
    vectors = Vectors(os.path.join(root, "proto", "vectors"))
    made = {}
    for make in (wire, sessions, model, documents, files):
        made.update(make(vectors))
    return made


class Vectors:
    def __init__(self, folder):
        self.folder = folder
        self.client = self.bytes_of("messages", "client", "invalidClient")
        self.server = self.bytes_of("messages", "server", "invalidServer", "readAs")
        self.items = self.bytes_of("items", "valid", "invalid")
        self.records = [bytes.fromhex(event["record"]) for event in self.read("records")["events"]]

    def read(self, name):
        with open(os.path.join(self.folder, name + ".json"), encoding="utf-8") as file:
            return json.load(file)

    def bytes_of(self, name, *lists):
        found = self.read(name)
        return [bytes.fromhex(entry["bytes"]) for key in lists for entry in found[key]]


# Protobuf, as much of it as is written here.

def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value


def fixed64(field, value):
    return varint(field << 3 | 1) + struct.pack("<Q", value)


def position(seq, chain=b"\x11" * 32, log_id=LOG_ID):
    body = data(1, log_id) + number(2, 1) + fixed64(3, 7)
    return body + (number(4, seq) if seq else b"") + data(5, chain)


def endpoint(pod="web", label="v1", extra=b""):
    return (data(1, data(1, "app") + data(2, label))
            + data(1, data(1, "projectcalico.org/namespace") + data(2, "shop"))
            + data(1, data(1, "projectcalico.org/orchestrator") + data(2, "k8s"))
            + data(2, "k8s") + data(4, "node1") + data(6, pod) + data(7, "eth0")
            + data(9, "10.0.0.1/32") + data(9, "fd00::1/128") + data(10, "kns.shop")
            + data(11, "cali0ef24baba1c") + data(12, "ca:fe:1d:52:bb:e9")
            + data(13, data(1, "http") + data(3, "TCP") + number(4, 8080)) + extra)


def item(seq, previous=0, pod="web", label="v1"):
    return (number(1, seq) + (number(2, previous) if previous else b"") + number(3, 1)
            + data(4, "shop") + data(5, f"node1-k8s-{pod}-eth0") + data(6, UID)
            + number(7, 1_700_000_000_000_000) + data(8, endpoint(pod, label)))


def mutation(ticket, operation, pod="web", label="v1", request=None):
    body = (number(1, ticket) + data(2, request or f"r-{ticket}") + number(3, operation)
            + data(4, "shop") + data(5, f"node1-k8s-{pod}-eth0"))
    return body if operation == 4 else body + data(6, endpoint(pod, label))


def piece(value):
    return struct.pack("<H", len(value)) + value


def whole(values, most=4_000):
    return [value for value in values if len(value) <= most]


# Targets.

def wire(vectors):
    streams = [bytes.fromhex(stream["bytes"]) for stream in vectors.read("frames")["streams"]]
    patches = vectors.read("patches")
    pairs = [(bytes.fromhex(entry["old"]), bytes.fromhex(entry["patch"]))
             for entry in patches["valid"] + patches["invalid"]]
    news = [(bytes.fromhex(entry["old"]), bytes.fromhex(entry["new"]))
            for entry in patches["valid"]]
    text = b"the same words and the same words again, " * 8
    stream = zlib.compress(text)
    return {
        "frames": [bytes([pattern]) + stream for stream in streams for pattern in (1, 7)],
        "inflate": [
            b"\0" + struct.pack("<H", size) + stream + tail
            for size, tail in ((len(text), b""), (len(text) - 1, b""), (len(text), b"x"))
        ] + [bytes([level << 1 | 1]) + text for level in (0, 5, 11)],
        "client-messages": whole(vectors.client) + [
            data(2, data(1, mutation(1, 1)) + data(1, mutation(2, 4)))],
        "server-messages": whole(vectors.server),
        "items": whole(vectors.items) + [item(2), item(5, 2, label="v2")],
        "records": whole(vectors.records),
        "endpoints": [b"shop\0node1-k8s-web-eth0\0" + endpoint(),
                      b"shop\0\0" + endpoint(extra=data(15, "10.0.0.1") + data(
                          18, number(1, 5) + data(15, "EF")))],
        "patches": [piece(old) + new for old, new in pairs + news] + [
            piece(item(2)) + item(5, 2, label="v2"),
            piece(item(2)) + number(1, 5) + number(2, 2) + data(
                3, number(1, 8) + number(2, 2) + data(3, "v2"))],
    }


def client_hello(role, more=b""):
    return data(1, number(1, 1) + number(2, 1) + number(3, role) + data(4, "cattail 0.1") + more)


def sessions(vectors):
    def says(message):
        return b"\1" + piece(message)
    wishes = data(2, data(1, mutation(1, 1)) + data(1, mutation(2, 1, "db")))
    query = data(3, number(1, 9) + data(8, b""))
    applied = data(5, data(1, position(5)) + data(2, b"\x22" * 32))
    servers = [
        b"\0" + says(client_hello(1)) + says(wishes) + says(query) + b"\x08\1" + b"\x09\0" + b"\x0a"
        + b"\x08\1",
        b"\0" + says(client_hello(2, data(6, data(1, "has(app)")))) + says(applied) + b"\6\6\6\6",
        b"\0" + says(client_hello(3, data(11, "10.0.0.2:7000")))
        + says(data(6, data(1, position(7)))) + says(data(7, data(1, "digest-differs"))) + b"\x0b",
        b"\0" + says(client_hello(1)) + says(query) * 2,
        b"\0" + b"\6" + says(client_hello(1)),
    ] + [b"\0" + says(client_hello(role)) + says(message)
         for role in (1, 2, 3) for message in whole(vectors.client, 400)[::7]]
    return {"server-session": servers, "client-session": client_sessions(vectors)}


def client_sessions(vectors):
    def says(message):
        return b"\0" + piece(message)

    def resync(how, start):
        return data(2, number(1, how) + data(2, start) + number(3, 5) + data(4, b"\x33" * 32))

    def mark(seq, more=b""):
        return data(1, position(seq)) + data(2, b"\x22" * 32) + number(4, 1) + more
    hello = data(1, number(1, 1) + data(2, "cattail 0.1") + number(3, 1) + data(4, position(9)))
    put = data(1, data(1, item(2)))
    changes = data(3, put + data(1, data(2, number(1, 4) + data(2, "shop") + data(3, "x"))))
    stepped = data(3, data(1, data(3, number(1, 8) + number(2, 2) + data(
        3, number(1, 8) + number(2, 2) + data(3, "v2")))) + data(2, data(5, b"\x44" * 32)))
    state = (b"\1" + piece(b"") + says(hello) + says(resync(3, position(1))) + says(changes)
             + says(data(5, mark(5))) + says(stepped) + b"\x0b\6\6\6")
    held = client_hello(2, data(7, data(1, position(5)) + data(2, b"\x33" * 32)))
    resumed = (b"\1" + piece(held) + says(hello) + says(data(6, data(1, position(4))))
               + says(resync(1, position(5))) + says(data(3, data(2, mark(7)))))
    origin = data(1, LOG_ID) + data(5, hashlib.sha256(b"cattail/log/v1" + LOG_ID).digest())
    log = (b"\2" + piece(b"") + says(hello) + says(data(2, number(1, 1) + data(2, origin)))
           + says(data(4, b"".join(data(1, record) for record in vectors.records[:3])
                       + data(2, mark(3)))) + b"\x0b")
    answer = data(7, data(1, number(1, 2) + number(2, 1) + number(3, 7)))
    part = data(8, number(1, 3) + data(8, number(1, 7)))
    asks = b"\0" + piece(b"") + says(hello) + b"\x08\1\x09" + says(answer) + says(part) + b"\x0c"
    others = [b"\1" + piece(b"") + says(hello) + says(message)
              for message in whole(vectors.server, 400)[::4]]
    return [state, resumed, log, asks, *others]


def model(vectors):
    hello_mutations = [
        piece(data(2, data(1, mutation(1, 1)) + data(1, mutation(2, 1, label="v2"))
                   + data(1, mutation(3, 4)) + data(1, mutation(4, 2))))
        + piece(data(2, data(1, mutation(5, 3, label="v3", request="r-2"))))
        + piece(data(2, data(1, mutation(6, 5, pod="db") + data(9, data(1, "17") + data(4, "f"))))),
    ]
    selectors = [entry["selector"] for entry in vectors.read("selections")["valid"]] + [
        "has(a)", "a == 'x' && !has(b)", "(a in {'x', \"y\"} || b not in {'z'}) && c contains 'w'",
        "a starts with 'x' || b ends with 'y'", "!(!has(a)) && !global()", "a != 'x' || all()", ""]
    return {
        "selectors": [text.encode() + b"\0a=x,b=y\0b=z,c=vwx\0" for text in selectors],
        "names": [b"\0".join(part.encode() for part in parts) for parts in (
            ("node-1", "k8s", "eth0", "", "web-0", ""), ("n", "cni", "eth0", "", "", "abc"),
            ("n", "libnetwork", "e", "", "", ""), ("n", "openstack", "e", "w/1", "", ""),
            ("node--1-k8s-web--0-eth0", "", "", "", "", ""))],
        "addresses": [text.encode() + b"\0ca:fe:1d:52:bb:e9\00010.1.1.1\0" for text in (
            "10.0.0.1", "10.0.0.0/24", "fd00::1/128", "::ffff:10.0.0.1", "1:2:3:4:5:6:7:8",
            "::", "1::8", "1:2:3:4:5:6:10.0.0.1")],
        "times": [text.encode() + b"\0" + struct.pack("<q", number) for text, number in (
            ("2026-11-23T10:42:00.25Z", 0), ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
            ("9999-12-31T23:59:59.999999+00:00", 253_402_300_799_999_999),
            ("2024-02-29t23:59:60-01:30", -1))],
        "admission": hello_mutations + [piece(message) for message in whole(vectors.client, 600)
                                        if message[:1] == b"\x12"],
        "follower": [struct.pack("<I", 1_700_000_000) + b"".join(
            piece(data(4, data(1, record))) for record in vectors.records[1:])],
    }


DOCUMENT = """apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata:
  name: node1-k8s-web-eth0
  namespace: shop
  labels: {app: web, "x y": 'it''s'}
  annotations: &all
    note: |
      two
      lines
spec:
  orchestrator: k8s
  node: node1
  pod: web
  endpoint: eth0
  interfaceName: cali0ef24baba1c
  ipNetworks: [10.0.0.1/32, "fd00::1/128"]
  ports:
  - {name: http, protocol: TCP, port: 8080}
  qosControls: {ingressBandwidth: 1000000}
"""

RIGHTS = """kind: Rights
rules:
- identity: node-*
  roles: [agent, follower]
- identity: spiffe://cluster/ns/*/sa/agent
  roles: [agent, writer]
  selection: {selector: "app == '${*}' && has(tier)", node: "${cn}", namespace: '${*}'}
- {identity: "unproven:*", roles: [auditor]}
- identity: root
  roles: [admin]
seq: 17
"""

JSON = """{"apiVersion":"projectcalico.org/v3","kind":"WorkloadEndpoint","metadata":{"namespace":
"shop","name":"node1-k8s-web-eth0","generation":7,"labels":{"app":"w\\u00e9b\\n"}},"spec":{"node":
"node1","orchestrator":"k8s","pod":"web","endpoint":"eth0","ipNetworks":["10.0.0.1/32"],"ports":
[{"name":"http","protocol":6,"port":8080}],"new":[1e3,-0.5,true,null]}}"""


def documents(_):
    yaml = [DOCUMENT, "a: &x [1, 2]\nb: *x\nc: ~\n", "? long\n: - a\n  - b: 0x1F\n",
            "'a': \"\\u00e9\\x41\"\n", "- |+\n  text\n\n- >-\n  folded\n  text\n", "--- 1\n...\n",
            "y: yes\nn: 1_000\ntime: 2001-01-01\n", "a: 1\na: 1\n"]
    json_texts = [JSON, "[]", "{\"a\":{\"b\":[1,-2.5e+3,\"\\ud83d\\ude00\",null]},\"a\":1}", "\"\\u0000\""]
    lists = ["apiVersion: v1\nkind: List\nitems:\n- " + DOCUMENT.replace("\n", "\n  "),
             '{"kind":"List","items":[' + JSON + "," + JSON + "]}", JSON + "\n" + JSON,
             "---\n" + DOCUMENT + "---\n" + DOCUMENT, "[" + JSON + ",\n1]", "- a\n- b\n",
             '{"header":{},"kvs":[{"key":"L2NhbGljby9h","mod_revision":7,"value":"e30="}],"count":1}']
    return {
        "json": [bytes([limits]) + text.encode() for text in json_texts for limits in (0, 0x80)],
        "yaml": [bytes([limits]) + text.encode() for text in yaml for limits in (0, 0x80)],
        "documents": [bytes([choice, 3]) + text.encode()
                      for text in [*lists, DOCUMENT, JSON] for choice in (0, 1, 0x81)],
        "rights": [names + text.encode() for names in (
            b"node-1\0spiffe://cluster/ns/shop/sa/agent\0", b"root\0\0", b"x${cn}\0unproven:a\0")
            for text in (RIGHTS, "kind: Rights\nrules: []\n",
                         '{"kind":"Rights","rules":[{"identity":"*","roles":["agent"],'
                         '"selection":{"node":"n1"}}]}')],
    }


def log_edits():
    """Kind, file (0 log, 1 WAL, 2 anchor), then what the kind takes: see FileEdits."""
    edits = [b"", b"\0\0\x10\0\0\xff", b"\2\1\x38\0\0\3abc", b"\3\0\0\x20\0", b"\4\0\0\2\3",
             b"\4\1\0\2\1", b"\5\0\2\3\0\5", b"\6\0\3abc", b"\5\1\1\5\0\9" + b"\7\1",
             b"\3\1\1\0\0", b"\xff\0no database", b"\0\2\x20\0\0\1"]
    return [bytes([choice]) + edit for edit in edits for choice in (0, 4)] + [b"\1", b"\2", b"\3"]


def files(_):
    changes = data(3, data(1, data(1, item(2))) + data(2, data(1, position(5)) + data(
        2, b"\x22" * 32)))

    def block(body):
        return struct.pack(">I", len(body)) + hashlib.sha256(body).digest()[:8] + body
    cache = b"CATHELD\x02" + block(b"\x33" * 64) + block(changes)
    voters = data(1, "10.0.0.1:7000") + data(1, "10.0.0.2:7000") + number(2, 1)
    rule = data(1, "node-*") + number(2, 1) + data(3, "a == '${*}'") + data(4, "${cn}")
    return {
        "cache-file": [b"\0" + cache, b"\x06" + cache[:-1], b"\0" + cache[:60],
                       b"\1\7" + piece(changes) * 2],
        "log": log_edits(),
        "views": [seed[1:] for seed in log_edits()],
        "small-files": [b"\0" + b"3 1f to 10.0.0.2:7000\n", b"\0" + b"3 1f ourselves\n",
                        b"\1" + b"0123456789abcdef" * 2 + b"\n",
                        b"\2" + data(1, data(1, voters) + data(2, b"") + number(3, 9)) + data(
                            2, data(1, data(1, rule)) + number(2, 12))],
    }
