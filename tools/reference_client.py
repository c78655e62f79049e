#!/usr/bin/env python3
"""A reference client of the Cattail protocol, version 1, written from protocol.md and cattail.proto alone.

Python 3.11, standard library only. `R1` ... in comments are the numbered requirements of protocol.md.

    reference_client.py watch   --server HOST:PORT[,HOST:PORT] [--selector S] [--until-in-sync] ...
    reference_client.py apply   --server ... --actor A          (JSON lines on stdin)
    reference_client.py log     --server ... [--from-token FILE] [--until-in-sync]
    reference_client.py vectors DIR

Exit codes: 0 done; 1 something failed (an answer, a vector); 2 no use trying again; 3 --timeout passed.
"""
import argparse
import base64
import hashlib
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time
import uuid
import zlib

PREFACE = b"CATTAIL\x01"              # R1
MAX_FRAME = 2_097_152                 # R3: header byte and body
MAX_INFLATED = 2_097_152              # R7
MAX_FIRST_FRAME = 16_384              # R6
MAX_ITEM = 1_048_576                  # R17
MAX_RECORD = 1_114_112                # R18
MAX_SEQ = 2**63 - 2                   # R14
HANDSHAKE_SECONDS = 10.0              # R24 gives the client 10 s; the client gives the server as much
CONNECT_SECONDS = 5.0
DEFAULT_INTERVAL = 10.0               # R54
WINDOW_MUTATIONS, WINDOW_BYTES = 1_000, 3 * 1_048_576   # below R52's 1,024 and 4 MiB
FINAL_GOODBYES = {"version-unsupported", "limit-exceeded", "selector-invalid", "not-allowed", "log-other"}  # R55
CAPABILITY_PATCHES = 1                # R28, bit 0


class Fault(Exception):
    """Bytes that break a rule; `code` is one of the codes of sections 1 and 2."""

    def __init__(self, code, text=""):
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code


# ------------------------------------------------------------------------------------------------
# The schema (cattail.proto) in short: name:type=number; * repeated, ? optional, | member of the
# message's oneof. u32 u64 i64 f64(fixed64) text bytes; capitalised types are messages or enums.

ENUMS = {name: names.split() for name, names in (line.split(":") for line in """
Kind: KIND_UNSPECIFIED KIND_PUT KIND_DELETE KIND_CONTROL
ActorProof: ACTOR_PROOF_UNVERIFIED ACTOR_PROOF_CERTIFICATE
Criticality: CRITICALITY_IGNORABLE CRITICALITY_CRITICAL
Role: ROLE_UNSPECIFIED ROLE_REQUESTS ROLE_STATE ROLE_LOG
Operation: OPERATION_UNSPECIFIED OPERATION_APPLY OPERATION_CREATE OPERATION_REPLACE OPERATION_DELETE OPERATION_IMPORT
DryRun: DRY_RUN_NO DRY_RUN_YES
Force: FORCE_NO FORCE_YES
LogSource: LOG_SOURCE_LOG LOG_SOURCE_ORPHANED
Seal: SEAL_NONE SEAL_HEAD
NodeRole: NODE_ROLE_UNSPECIFIED NODE_ROLE_LEADER NODE_ROLE_FOLLOWER
How: HOW_UNSPECIFIED HOW_DELTAS HOW_NET_CHANGE HOW_SNAPSHOT HOW_RESET
Reason: REASON_UNSPECIFIED REASON_NO_TOKEN REASON_OTHER_LOG REASON_OTHER_HISTORY REASON_OTHER_SELECTION REASON_CHEAPEST REASON_SLOW REASON_DIGEST
Sync: SYNC_UNSPECIFIED SYNC_IN_SYNC
Outcome: OUTCOME_UNSPECIFIED OUTCOME_CREATED OUTCOME_CONFIGURED OUTCOME_UNCHANGED OUTCOME_DELETED OUTCOME_FAILED
""".strip().splitlines())}

SCHEMA = """
Record item:bytes=1 audit:bytes=2
Item seq:u64=1 prev_seq:u64=2 kind:Kind=3 namespace:text=4 name:text=5 uid:bytes=6 creation_time:i64=7 endpoint:Endpoint=8 control:Control=9
Audit epoch:u64=1 time:u64=2 wall_time:u64=3 actor:text=4 actor_proof:ActorProof=5 request_id:text=6 request_hash:bytes=7 address:text=8 origin:Origin=9
Origin resource_version:text=1 uid:text=2 creation_timestamp:text=3 *faults:text=4
Control type:u32=1 criticality:Criticality=2 epoch:EpochStart=3 rights:Rights=4 membership:Membership=5
Rights *rules:RightsRule=1
RightsRule identity:text=1 roles:u32=2 selector:text=3 node:text=4 namespace:text=5
Membership *voters:text=1 min_acks:u32=2
EpochStart number:u64=1 leader_id:f64=2
Endpoint *labels:Label=1 orchestrator:text=2 workload:text=3 node:text=4 container_id:text=5 pod:text=6 endpoint:text=7 service_account_name:text=8 *ip_networks:text=9 *profiles:text=10 interface_name:text=11 mac:text=12 *ports:Port=13 *ip_nats:IPNAT=14 ipv4_gateway:text=15 ipv6_gateway:text=16 *allow_spoofed_source_prefixes:text=17 qos_controls:QoSControls=18 *annotations:Label=19 generate_name:text=20 other_metadata:text=21 unknown_fields:text=22
Label key:text=1 value:text=2
IPNAT internal_ip:text=1 external_ip:text=2
Port name:text=1 protocol_number:u32=2 protocol_name:text=3 port:u32=4 host_port:u32=5 host_ip:text=6
QoSControls ingress_bandwidth:i64=1 egress_bandwidth:i64=2 ingress_burst:i64=3 egress_burst:i64=4 ingress_peakrate:i64=5 egress_peakrate:i64=6 ingress_minburst:i64=7 egress_minburst:i64=8 ingress_packet_rate:i64=9 egress_packet_rate:i64=10 ingress_packet_burst:i64=11 egress_packet_burst:i64=12 ingress_max_connections:i64=13 egress_max_connections:i64=14 dscp:text=15
Position log_id:bytes=1 epoch_number:u64=2 epoch_leader:f64=3 seq:u64=4 chain:bytes=5
Selection selector:text=1 ?node:text=2 ?namespace:text=3
ResumeToken position:Position=1 fingerprint:bytes=2
SnapshotCursor start:Position=1 fingerprint:bytes=2 last_namespace:text=3 last_name:text=4 highest_seq:u64=5
ClientMessage |hello:ClientHello=1 |mutations:Mutations=2 |query:Query=3 |cancel:Cancel=4 |applied:Applied=5 |durable:Durable=6 |refusal:Refusal=7 |ping:Ping=8 |pong:Pong=9 |goodbye:Goodbye=10
ClientHello version_min:u32=1 version_max:u32=2 role:Role=3 client:text=4 actor:text=5 selection:Selection=6 resume:ResumeToken=7 cursor:SnapshotCursor=8 capabilities:u32=9 node_id:bytes=10 advertise:text=11
Mutations *mutations:Mutation=1
Mutation ticket:u64=1 request_id:text=2 operation:Operation=3 namespace:text=4 name:text=5 endpoint:Endpoint=6 ?expected_seq:u64=7 expected_uid:bytes=8 origin:Origin=9 dry_run:DryRun=10
Query ticket:u64=1 |get:GetQuery=2 |list:ListQuery=3 |log:LogQuery=4 |history:HistoryQuery=5 |diff:DiffQuery=6 |verify:VerifyQuery=7 |status:StatusQuery=8 |members:MembersQuery=12 |promote:PromoteQuery=13 |promise:PromiseQuery=14 |rights:RightsQuery=15
Point |seq:u64=1 |time:u64=2 |age:u64=3
GetQuery namespace:text=1 name:text=2 at:Point=3
ListQuery selection:Selection=1 at:Point=2
LogQuery from:Point=1 to:Point=2 namespace:text=3 name:text=4 actor:text=5 source:LogSource=6
HistoryQuery namespace:text=1 name:text=2
DiffQuery from:Point=1 to:Point=2
VerifyQuery from:u64=1
StatusQuery
MembersQuery add:text=1 remove:text=2
PromoteQuery force:Force=1
RightsQuery wanted:Rights=1 ?expected_seq:u64=2
PromiseQuery log_id:bytes=1 epoch_number:u64=2 epoch_leader:f64=3 candidate:text=4 dry_run:DryRun=5
Cancel ticket:u64=1
Applied position:Position=1 digest:bytes=2
Durable position:Position=1
Refusal code:text=1 message:text=2 seq:u64=3
Ping number:u64=1
Pong number:u64=1
Goodbye code:text=1 message:text=2 retry_after:u32=3 *addresses:text=4
ServerMessage |hello:ServerHello=1 |resync:Resync=2 |changes:Changes=3 |records:Records=4 |mark:Mark=5 |behind:Behind=6 |answers:Answers=7 |query_answer:QueryAnswer=8 |server_state:ServerState=9 |ping:Ping=10 |pong:Pong=11 |goodbye:Goodbye=12
ServerHello version:u32=1 server:text=2 role:NodeRole=3 head:Position=4 leader:text=5 *forks:Fork=6 capabilities:u32=7 ping_interval:u32=8
Fork epoch_number:u64=1 epoch_leader:f64=2 first_seq:u64=3
Resync how:How=1 start:Position=2 reason:Reason=3 fingerprint:bytes=4
Changes *changes:Change=1 mark:Mark=2
Change |item:bytes=1 |removal:Removal=2 |patch:Patch=3
Removal seq:u64=1 namespace:text=2 name:text=3
Patch seq:u64=1 prev_seq:u64=2 *spans:Span=3
Span at:u32=1 remove:u32=2 insert:bytes=3
Records *records:bytes=1 mark:Mark=2
Mark |position:Position=1 digest:bytes=2 ?count:u64=3 sync:Sync=4 |chain:bytes=5 seq:u64=6
Behind head:Position=1
Answers *answers:Answer=1
Answer ticket:u64=1 outcome:Outcome=2 seq:u64=3 code:text=4 message:text=5 *faults:Fault=6 item:bytes=7 leader:text=8
Fault field:text=1 value:text=2 reason:text=3
QueryAnswer ticket:u64=1 |items:ItemsPart=2 |records:RecordsPart=3 |diff:DiffPart=4 |json:bytes=5 |verify:VerifyPart=6 |failure:QueryFailure=7 |end:QueryEnd=8 |promise:PromiseAnswer=12
PromiseAnswer head:Position=1 promised_number:u64=2 promised_leader:f64=3 seal:Seal=4
ItemsPart *items:bytes=1
RecordsPart *rows:LogRow=1
LogRow record:bytes=1 chain:bytes=2
DiffPart *entries:DiffEntry=1
DiffEntry before:bytes=1 after:bytes=2
VerifyPart checked:u64=1 head:Position=2 first_bad:u64=3 why:text=4
QueryFailure code:text=1 message:text=2
QueryEnd seq:u64=1
ServerState stale_since:u64=1 *path:bytes=2
"""
SCALARS = {"u32": (0, 0), "u64": (0, 0), "i64": (0, 0), "f64": (1, 0), "bytes": (2, b""), "text": (2, "")}
# R13: what a message cannot be without. ONEOF stands for the member of the message's oneof.
ONEOF = "|"
REQUIRED = {
    "Position": ("log_id", "chain"), "ClientHello": ("version_max", "role"), "ServerHello": ("version", "role", "head"),
    "ResumeToken": ("position",), "SnapshotCursor": ("start", "fingerprint", "last_namespace", "last_name"),
    "Mutation": ("operation",), "Point": (ONEOF,), "GetQuery": ("namespace", "name"),
    "HistoryQuery": ("namespace", "name"), "Removal": ("seq", "namespace", "name"),
    "Patch": ("seq", "prev_seq"), "DiffQuery": ("from", "to"), "Resync": ("how", "start"),
    "Change": (ONEOF,), "Mark": (ONEOF,), "Applied": ("position", "digest"), "Durable": ("position",),
    "Behind": ("head",), "Answer": ("outcome",), "LogRow": ("record", "chain"), "VerifyPart": ("head",),
    "RightsRule": ("identity",), "PromiseQuery": ("log_id", "epoch_number"), "PromiseAnswer": ("head",),
    # R17, R18
    "Item": ("seq", "kind"), "Audit": ("epoch",), "Record": ("item", "audit"),
}
# R14: byte fields of a fixed length
LENGTHS = {("Position", "log_id"): 16, ("Position", "chain"): 32, ("PromiseQuery", "log_id"): 16, ("ResumeToken", "fingerprint"): 32,
           ("SnapshotCursor", "fingerprint"): 32, ("ClientHello", "node_id"): 16, ("ServerState", "path"): 16, ("Mutation", "expected_uid"): 16,
           ("Applied", "digest"): 32, ("Resync", "fingerprint"): 32, ("Mark", "digest"): 32, ("Mark", "chain"): 32, ("LogRow", "chain"): 32,
           ("Item", "uid"): 16, ("Audit", "request_hash"): 32}
# R14: the fields that are seqs
SEQS = {("Item", "seq"), ("Item", "prev_seq"), ("Position", "seq"), ("Mutation", "expected_seq"), ("Point", "seq"),
        ("VerifyQuery", "from"), ("Refusal", "seq"), ("Fork", "first_seq"), ("Removal", "seq"), ("Patch", "seq"),
        ("Patch", "prev_seq"), ("Mark", "seq"), ("SnapshotCursor", "highest_seq"), ("Answer", "seq"), ("VerifyPart", "first_bad"), ("QueryEnd", "seq")}
# R14: unknown values of these read as unspecified; those of the others are errors
SOFT_ENUMS = {"Reason", "Sync", "NodeRole", "Seal"}


class Field:
    __slots__ = ("number", "name", "json", "type", "kind", "wire", "default", "repeated", "optional", "oneof", "length",
                 "is_seq", "tag")

    def __init__(self, message, text):
        name, rest = text.split(":")
        self.type, number = rest.split("=")
        self.number = int(number)
        self.repeated, self.optional, self.oneof = name[0] == "*", name[0] == "?", name[0] == "|"
        self.name = name.lstrip("*?|")
        first, *others = self.name.split("_")
        self.json = first + "".join(part.title() for part in others)
        if self.type in SCALARS:
            self.kind = self.type
            self.wire, self.default = SCALARS[self.type]
        elif self.type in ENUMS:
            self.kind, self.wire, self.default = "enum", 0, 0
        else:
            self.kind, self.wire, self.default = "message", 2, None
        self.length = LENGTHS.get((message, self.name))
        self.is_seq = (message, self.name) in SEQS
        self.tag = write_varint(self.number << 3 | self.wire)


class Message:
    def __init__(self, name, fields):
        self.name = name
        self.fields = fields                                   # in the order of their numbers
        self.by_number = {f.number: f for f in fields}
        self.by_name = {f.name: f for f in fields}
        self.members = [f.name for f in fields if f.oneof]


def write_varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data, pos):
    """R11: shortest form, 1 to 10 bytes, at most 64 bits."""
    value = shift = 0
    while True:
        if pos >= len(data):
            raise Fault("truncated", "a varint runs beyond the end")
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
        if shift > 63:
            raise Fault("varint-malformed", "more than 10 bytes")
    if byte == 0 and shift:
        raise Fault("varint-malformed", "not in its shortest form")
    if value >> 64:
        raise Fault("varint-malformed", "more than 64 bits")
    return value, pos


MESSAGES = {}
for _line in SCHEMA.strip().splitlines():
    _name, *_fields = _line.split()
    MESSAGES[_name] = Message(_name, [Field(_name, text) for text in _fields])


def decode(name, data, canonical=False):
    """Reads one message into a dict of the fields that are there; unknown fields, as bytes, under "".

    canonical=False: R11 to R14. canonical=True: R16 to R18 besides, at every depth."""
    message = MESSAGES[name]
    out = {}
    pos, end, last = 0, len(data), 0
    if name == "Item" and end > MAX_ITEM or name == "Record" and end > MAX_RECORD:
        raise Fault("too-long", f"{name} of {end} bytes")                       # R17, R18
    while pos < end:
        begin = pos
        tag, pos = read_varint(data, pos)
        number, wire = tag >> 3, tag & 7
        if not 1 <= number <= 2**29 - 1 or wire in (3, 4, 6, 7):                # R11: groups do not exist
            raise Fault("tag-malformed", f"{name}: tag {tag}")
        if canonical and number < last:                                         # R16.1
            raise Fault("field-out-of-order", f"{name}: field {number} after {last}")
        field = message.by_number.get(number)
        if field is None:                                                       # R12, R16.8
            if wire == 0:
                _, pos = read_varint(data, pos)
            elif wire == 2:
                size, pos = read_varint(data, pos)
                pos += size
            else:
                pos += 8 if wire == 1 else 4
            if pos > end:
                raise Fault("truncated", f"{name}: unknown field {number}")
            if canonical and name == "Record":
                raise Fault("inconsistent", "a Record has no unknown fields")  # R16.8
            out[""] = out.get("", b"") + data[begin:pos]
            last = number
            continue
        if wire != field.wire:
            raise Fault("wire-type-unexpected", f"{name}.{field.name}: wire type {wire}")
        if canonical and number == last and not field.repeated:                 # R16.2
            raise Fault("field-out-of-order", f"{name}.{field.name} stands twice")
        last = number
        kind = field.kind
        if wire == 0:
            value, pos = read_varint(data, pos)
            if kind == "u32" and value >> 32:
                raise Fault("number-out-of-range", f"{name}.{field.name} {value}")
            if kind == "i64" and value >> 63:
                value -= 1 << 64
            if field.is_seq and value > MAX_SEQ:
                raise Fault("number-out-of-range", f"{name}.{field.name} {value}")
            if kind == "enum" and value >= len(ENUMS[field.type]):
                if field.type not in SOFT_ENUMS:                                # R14
                    raise Fault("number-out-of-range", f"{name}.{field.name} {value}")
                value = 0
        elif wire == 1:
            if pos + 8 > end:
                raise Fault("truncated", f"{name}.{field.name}")
            value = int.from_bytes(data[pos:pos + 8], "little")
            pos += 8
        else:
            size, pos = read_varint(data, pos)
            if pos + size > end:
                raise Fault("truncated", f"{name}.{field.name}")
            value = data[pos:pos + size]
            pos += size
            if kind == "text":
                try:
                    value = str(value, "utf-8")                                 # R16.5
                except UnicodeDecodeError:
                    raise Fault("text-not-utf8", f"{name}.{field.name}") from None
            elif kind == "message":
                if canonical and size == 0 and field.name == "control":
                    raise Fault("field-empty", "Item.control")                  # R16.3
                # R49: the endpoint of a mutation is in canonical bytes
                value = decode(field.type, value, canonical or name == "Mutation" and field.name == "endpoint")
            elif field.length and size not in ((field.length,) if field.oneof or field.repeated else (0, field.length)):
                raise Fault("length-unexpected", f"{name}.{field.name} of {size} bytes")    # R14
        if field.repeated:
            out.setdefault(field.name, []).append(value)
            continue
        if value == field.default and not field.optional and not field.oneof:
            if canonical:
                raise Fault("field-empty", f"{name}.{field.name} holds its default")         # R16.3
            out.pop(field.name, None)
            continue
        if field.oneof:
            for member in message.members:                                      # R12: the last counts
                out.pop(member, None)
        out[field.name] = value
    check(name, message, out, canonical)
    return out


def check(name, message, out, canonical):
    """What must be there and agree, once the fields are read: R13, R16.6, R16.7, R17, R18."""
    for required in REQUIRED.get(name, ()):
        if not any(member in out for member in message.members) if required == ONEOF else required not in out:
            raise Fault("field-missing", f"{name}.{required}")
    if name == "DiffEntry" and not out:
        raise Fault("field-missing", "DiffEntry: before or after")
    if name == "Mutation" and not 1 <= len(out.get("request_id", "").encode()) <= 128 or \
            name == "Audit" and len(out.get("request_id", "").encode()) > 128:
        raise Fault("length-unexpected", f"{name}.request_id")                 # R13, R18
    if name == "ServerState" and len(out.get("path", ())) > 32:
        raise Fault("number-out-of-range", "ServerState.path is longer than 32")    # R69
    if name == "Patch" and out["prev_seq"] >= out["seq"]:
        raise Fault("inconsistent", "Patch.prev_seq is not less than seq")
    if not canonical:
        return
    if name == "Item":
        check_item(out)
    elif name == "Audit":
        if "wall_time" in out and out["wall_time"] == out.get("time", 0):       # R18
            raise Fault("inconsistent", "Audit.wall_time is the time")
    elif name == "Record":
        decode("Item", out["item"], True)
        decode("Audit", out["audit"], True)
    elif name == "Endpoint":
        for field in ("labels", "annotations"):                                 # R16.6
            before = None
            for label in out.get(field, ()):
                key = label.get("key", "").encode()
                if not key:
                    raise Fault("field-missing", f"{field}: an empty key")
                if before is not None and key <= before:
                    raise Fault("keys-not-ascending", f"{field}: {key!r} after {before!r}")
                before = key
    elif name == "Membership":                                                  # R18
        before = None
        for voter in out.get("voters", ()):
            if not voter:
                raise Fault("field-empty", "Membership.voters")
            if before is not None and voter.encode() <= before:
                raise Fault("keys-not-ascending", f"voters: {voter!r} after {before!r}")
            before = voter.encode()
    elif name == "Rights":                                                      # R18
        if len(out.get("rules", ())) > 1000:
            raise Fault("inconsistent", "more than 1000 rules")
    elif name == "Port":                                                        # R16.7
        if "protocol_number" in out and "protocol_name" in out:
            raise Fault("inconsistent", "a port's protocol is a number or a name")
        if out.get("protocol_number", 0) > 255 or out.get("port", 0) > 65535 or out.get("host_port", 0) > 65535:
            raise Fault("number-out-of-range", "Port")


def check_item(item):
    """R17."""
    if item.get("prev_seq", 0) >= item["seq"]:
        raise Fault("inconsistent", "Item.prev_seq is not less than seq")
    wanted = {1: ("namespace", "name", "uid", "endpoint"), 2: ("namespace", "name", "uid"), 3: ("control",)}[item["kind"]]
    allowed = {1: ("prev_seq", "creation_time"), 2: ("prev_seq",), 3: ()}[item["kind"]]
    for field in wanted:
        if field not in item:
            raise Fault("inconsistent", f"Item.{field} is missing in a {ENUMS['Kind'][item['kind']]}")
    for field in item:
        if field not in wanted and field not in allowed and field not in ("seq", "kind", ""):
            raise Fault("inconsistent", f"Item.{field} has no place in a {ENUMS['Kind'][item['kind']]}")


def encode(name, value):
    """Writes a message canonically (R16); the dict holds what is to be written."""
    out = bytearray()
    for field in MESSAGES[name].fields:
        if field.name not in value:
            continue
        present = value[field.name]
        for one in present if field.repeated else (present,):
            kind = field.kind
            if not field.repeated and not field.optional and not field.oneof and kind != "message" and one == field.default:
                continue                                                        # R16.3
            out += field.tag
            if field.wire == 0:
                out += write_varint(one & (1 << 64) - 1)                        # R16.4
            elif field.wire == 1:
                out += one.to_bytes(8, "little")
            else:
                body = one.encode() if kind == "text" else encode(field.type, one) if kind == "message" else one
                out += write_varint(len(body)) + body
    return bytes(out) + value.get("", b"")


def raw_field(data, wanted):
    """The bytes of a length-delimited field at the top of (canonical) bytes, or None."""
    pos = 0
    while pos < len(data):
        tag, pos = read_varint(data, pos)
        wire = tag & 7
        if wire == 0:
            _, pos = read_varint(data, pos)
        elif wire == 2:
            size, pos = read_varint(data, pos)
            if tag >> 3 == wanted:
                return data[pos:pos + size]
            pos += size
        else:
            pos += 8 if wire == 1 else 4
    return None


def to_json(name, value):
    """proto3's JSON mapping."""
    def one(field, v):
        if field.kind == "message":
            return to_json(field.type, v)
        if field.kind == "enum":
            return ENUMS[field.type][v] if v < len(ENUMS[field.type]) else v
        if field.kind == "bytes":
            return base64.b64encode(v).decode()
        return str(v) if field.kind in ("u64", "i64", "f64") else v
    out = {}
    for field in MESSAGES[name].fields:
        if field.name in value:
            v = value[field.name]
            out[field.json] = [one(field, each) for each in v] if field.repeated else one(field, v)
    return out


def from_json(name, value, path=""):
    """The inverse; takes proto names and lowerCamelCase names. Labels are sorted as R16.6 wants them."""
    if not isinstance(value, dict):
        raise ValueError(f"{path or name}: an object is wanted")
    def one(field, v, at):
        if field.kind == "message":
            return from_json(field.type, v, at)
        if field.kind == "enum":
            if isinstance(v, int):
                return v
            if v not in ENUMS[field.type]:
                raise ValueError(f"{at}: {v!r} is no {field.type}")
            return ENUMS[field.type].index(v)
        if field.kind == "bytes":
            return base64.b64decode(v)
        if field.kind == "text":
            if not isinstance(v, str):
                raise ValueError(f"{at}: text is wanted")
            return v
        v = int(v)
        low, high = (-2**63, 2**63) if field.kind == "i64" else (0, 2**32 if field.kind == "u32" else 2**64)
        if not low <= v < high:
            raise ValueError(f"{at}: {v} is out of range")
        return v
    names = {f.json: f for f in MESSAGES[name].fields} | MESSAGES[name].by_name
    out = {}
    for key, v in value.items():
        at = f"{path}.{key}" if path else key
        field = names.get(key)
        if field is None:
            raise ValueError(f"{at}: there is no such field in {name}")
        if field.repeated and field.type == "Label" and isinstance(v, dict):
            v = [{"key": k, "value": each} for k, each in v.items()]
        if field.repeated and not isinstance(v, list):
            raise ValueError(f"{at}: a list is wanted")
        out[field.name] = [one(field, each, at) for each in v] if field.repeated else one(field, v, at)
        if field.type == "Label":
            out[field.name].sort(key=lambda label: label.get("key", "").encode())
    return out


# ------------------------------------------------------------------------------------------------
# Hashes, chain, digest, patches


def sha256(data):
    return hashlib.sha256(data).digest()


def record_hash(item, audit):                                                   # R21
    return sha256(sha256(item) + sha256(audit))


def chain_zero(log_id):                                                         # R21
    return sha256(b"cattail/log/v1" + log_id)


class Digest:
    """R23: four sums that wrap at 2^64, each by itself."""
    MASK = (1 << 64) - 1

    def __init__(self):
        self.lanes = [0, 0, 0, 0]

    def add(self, item_hash, sign=1):
        self.lanes = [(a + sign * b) & self.MASK for a, b in zip(self.lanes, struct.unpack(">4Q", item_hash))]

    def bytes(self):
        return struct.pack(">4Q", *self.lanes)


def fingerprint(selector, node="", namespace=""):                               # R30; selector in canonical form
    parts = [text.encode() for text in (selector or "all()", node or "", namespace or "")]
    return sha256(b"cattail/selection" + struct.pack(">I", 1) +
                  b"".join(struct.pack(">I", len(part)) + part for part in parts))


def place(mark, before, last=0):
    """R38: the mark's position; `before` is that of the mark or resync before it, `last` the seq of the change beside it."""
    if "position" in mark:
        return mark["position"]
    seq = mark.get("seq", last)
    kept = {name: value for name, value in before.items() if name != "seq"}
    return kept | {"chain": mark["chain"]} | ({"seq": seq} if seq else {})


def change_seq(change):
    """The seq of the event that a change comes from; 0 of none."""
    if "item" in change:
        return decode("Item", change["item"], True)["seq"]
    return (change.get("removal") or change.get("patch") or {}).get("seq", 0)


def apply_patch(patch, base):
    """R41: the new item's bytes from the old item's; `base` None when no item is held."""
    if base is None:
        raise Fault("patch-base-mismatch", f"no item of seq {patch['prev_seq']} is held")
    old = decode("Item", base, True)
    if old["seq"] != patch["prev_seq"]:
        raise Fault("patch-base-mismatch", f"seq {old['seq']} is held, the patch is for {patch['prev_seq']}")
    body, out, at = raw_field(base, 8), bytearray(), 0
    for span in patch.get("spans", ()):
        begin, remove = span.get("at", 0), span.get("remove", 0)
        if begin < at or begin + remove > len(body):
            raise Fault("patch-span-outside", f"at {begin}, remove {remove}, of {len(body)}")
        out += body[at:begin] + span.get("insert", b"")
        at = begin + remove
    out += body[at:]
    head = {"seq": patch["seq"], "prev_seq": patch["prev_seq"], "kind": 1, "namespace": old["namespace"],
            "name": old["name"], "uid": old["uid"], "creation_time": old.get("creation_time", 0)}
    item = encode("Item", head) + MESSAGES["Item"].by_name["endpoint"].tag + write_varint(len(out)) + bytes(out)
    decode("Item", item, True)
    return item


# ------------------------------------------------------------------------------------------------
# Frames


class FrameReader:
    """Cuts a stream of one direction, preface first, into inflated bodies: R2 to R7."""

    def __init__(self):
        self.buffer = bytearray()
        self.preface_seen = False
        self.frames = 0

    def feed(self, data):
        """Yields the bodies that are whole now; raises Fault at the first fault."""
        self.buffer += data
        if not self.preface_seen:
            if not PREFACE.startswith(self.buffer[:8]):                         # R2
                raise Fault("preface-mismatch", bytes(self.buffer[:8]).hex())
            if len(self.buffer) < 8:
                return
            del self.buffer[:8]
            self.preface_seen = True
        while len(self.buffer) >= 4:
            length = int.from_bytes(self.buffer[:4], "big")
            if length == 0:                                                     # R5
                raise Fault("frame-empty")
            if length > (MAX_FRAME if self.frames else MAX_FIRST_FRAME):        # R5, R6
                raise Fault("frame-too-long", f"{length} bytes")
            if len(self.buffer) < 5:
                return
            codec, dictionary = self.buffer[4] & 15, self.buffer[4] >> 4
            if codec > 1:
                raise Fault("codec-unknown", str(codec))
            if dictionary:
                raise Fault("dictionary-unknown", str(dictionary))
            if codec and not self.frames:
                raise Fault("handshake-compressed")                             # R6
            if codec and len(self.buffer) >= 9 and length >= 5:                 # R7: before anything is held for it
                self.inflated_size(self.buffer[5:9])
            if len(self.buffer) < 4 + length:
                return
            body = bytes(self.buffer[5:4 + length])
            del self.buffer[:4 + length]
            self.frames += 1
            yield self.inflate(body) if codec else body

    @staticmethod
    def inflated_size(data):
        size = int.from_bytes(data, "big")
        if size > MAX_INFLATED:
            raise Fault("inflated-size-too-large", str(size))
        return size

    @classmethod
    def inflate(cls, body):
        """R7."""
        if len(body) < 4:
            raise Fault("inflated-size-missing")
        size = cls.inflated_size(body[:4])
        inflater = zlib.decompressobj()
        try:
            out = inflater.decompress(body[4:], size + 1)                       # 0 would mean no limit
            if len(out) <= size and not inflater.eof:                           # the end may stand behind the room
                out += inflater.decompress(inflater.unconsumed_tail, size + 1 - len(out))
        except zlib.error as error:
            raise Fault("deflate-damaged", str(error)) from None
        if len(out) > size:
            raise Fault("inflated-size-mismatch", f"more than {size} bytes")
        if not inflater.eof:
            raise Fault("deflate-damaged", "the stream does not end")
        if len(out) != size:
            raise Fault("inflated-size-mismatch", f"{len(out)} bytes for {size}")
        if inflater.unused_data:
            raise Fault("deflate-trailing-bytes", f"{len(inflater.unused_data)} bytes")
        return out


def frame(body):
    """R3, R8: all that a client sends is plain."""
    if len(body) + 1 > MAX_FRAME:
        raise Fault("frame-too-long", f"{len(body)} bytes to send")
    return struct.pack(">IB", len(body) + 1, 0) + body


# ------------------------------------------------------------------------------------------------
# A connection


class Lost(Exception):
    """The connection is no more; another may be tried. `pause` and `addresses` from a goodbye (R55)."""

    def __init__(self, text, pause=0.0, addresses=()):
        super().__init__(text)
        self.pause, self.addresses = pause, list(addresses)


class Fatal(Exception):
    """Trying again would end the same way."""


class TimeIsUp(Exception):
    """--timeout has passed."""


def parse_address(text):
    host, separator, port = text.strip().rpartition(":")
    if not separator or not port.isdigit():
        raise Fatal(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


class Connection:
    """One connection, from its preface to its goodbye. Sends are queued; next() moves bytes both ways."""

    def __init__(self, address, hello, deadline, cut=None):
        self.address, self.deadline, self.cut = address, deadline, cut
        self.queue, self.out, self.received = [], bytearray(), 0
        self.ended = None                     # why no more bytes will come
        self.hello = None
        self.interval = DEFAULT_INTERVAL
        self.number = 0
        now = time.monotonic()
        try:
            self.socket = socket.create_connection(parse_address(address), max(0.05, min(CONNECT_SECONDS, deadline - now)))
        except OSError as error:
            raise Lost(f"cannot connect: {error}") from None
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.frames = FrameReader()
        self.moved = self.pinged = time.monotonic()
        self.out += PREFACE                                                     # R1: without waiting
        self.send("hello", hello)
        self.handshake_end = time.monotonic() + HANDSHAKE_SECONDS
        self.hello = self.handshake()

    def send(self, kind, value):
        self.out += frame(encode("ClientMessage", {kind: value}))

    def handshake(self):
        """R24 to R27: the server's first message is its hello, or a goodbye."""
        got = self.next(self.handshake_end)
        if got is None:
            self.leave("hello-late", "no hello from the server within 10 s")
        kind, hello = got
        if kind != "hello":
            self.leave("message-unexpected", f"{kind} in place of the hello")
        if hello["version"] != 1:                                               # R25
            self.leave("version-unsupported", f"the server chose {hello['version']}, this client has 1 to 1", fatal=True)
        if hello.get("ping_interval"):                                          # R54
            self.interval = hello["ping_interval"] / 1000
        return hello

    def close(self, code=None, text="", refusal=None):
        """Says what is to be said, flushes, closes. Unread bytes are drained so that no reset eats our last word."""
        try:
            if refusal:
                self.send("refusal", refusal)
            if code:
                self.send("goodbye", {"code": code, "message": text})
            end = time.monotonic() + 1.0
            while self.out and time.monotonic() < end:
                if select.select([], [self.socket], [], 0.1)[1]:
                    del self.out[:self.socket.send(self.out)]
            self.socket.shutdown(socket.SHUT_WR)
            end = time.monotonic() + 0.3
            while time.monotonic() < end and select.select([self.socket], [], [], 0.1)[0]:
                if not self.socket.recv(65536):
                    break
        except (OSError, ValueError):
            pass
        self.socket.close()

    def leave(self, code, text, fatal=False):
        """R10, R38: goodbye and close; never returns."""
        self.close(code, text)
        raise (Fatal if fatal else Lost)(f"left with goodbye {code}: {text}")

    def next(self, until, extra=None):
        """The next message as (kind, value), or None when `until` has passed or `extra` (a file) is readable.
        Answers pings, sends them, notices silence (R54); raises Lost and Fatal."""
        while True:
            while self.queue:
                got = self.take(self.queue.pop(0))
                if got:
                    return got
            if self.ended:
                self.socket.close()
                raise Lost(self.ended)
            now = time.monotonic()
            if now >= self.deadline:
                self.close("done", "out of time")
                raise TimeIsUp()
            wake = min(until, self.deadline, self.pinged + self.interval, self.moved + 3 * self.interval)
            reading = [self.socket] + ([extra] if extra is not None else [])
            ready, writable, _ = select.select(reading, [self.socket] if self.out else [], [], max(0.0, wake - now))
            if writable:
                self.flush()
            if self.socket in ready:
                self.read()
            elif extra is not None and extra in ready:
                return None
            elif not writable:
                now = time.monotonic()
                if now >= self.moved + 3 * self.interval:
                    self.leave("silent", f"nothing moved for {3 * self.interval:g} s")
                if now >= self.pinged + self.interval:
                    self.pinged = now
                    if self.hello is not None:
                        self.number += 1
                        self.send("ping", {"number": self.number})
                if now >= until:
                    return None

    def flush(self):
        full = len(self.out) > 1 << 16
        try:
            del self.out[:self.socket.send(self.out)]
        except BlockingIOError:
            return
        except OSError:
            self.out.clear()                  # what the server said before it closed may still be read
            return
        if full:
            self.moved = self.pinged = time.monotonic()        # R54: bytes taken by a socket that was full

    def read(self):
        room = 1 << 16
        if self.cut is not None:
            room = min(room, self.cut - self.received)
        try:
            data = self.socket.recv(room) if room > 0 else b""
        except BlockingIOError:
            return
        except OSError as error:
            self.ended = f"connection lost: {error}"
            return
        if not data and room > 0:
            self.ended = "the server closed"
            return
        self.received += len(data)
        self.moved = self.pinged = time.monotonic()
        try:
            self.queue.extend(self.frames.feed(data))
        except Fault as fault:
            if fault.code == "preface-mismatch":                                 # R2: without a word
                self.socket.close()
                raise Lost(f"the server's preface is unknown: {fault}") from None
            # bodies in front of the bad frame were good, but the connection ends here all the same (R10)
            self.leave("frame-malformed", str(fault))
        if self.cut is not None and self.received >= self.cut:                  # the test's cut
            self.ended = f"cut by --cut-after-bytes at {self.received}"
            self.socket.close()

    def take(self, body):
        if not body:                                                            # R4
            return None
        try:
            message = decode("ServerMessage", body)
        except Fault as fault:
            self.leave("message-malformed", str(fault))                         # R10
        message.pop("", None)
        if not message:                                                         # R20
            return None
        (kind, value), = message.items()
        if kind == "goodbye":                                                   # R55
            self.close()
            code = value.get("code", "")
            text = f"the server's goodbye: {code}: {value.get('message', '')}"
            if code in FINAL_GOODBYES:
                raise Fatal(text)
            raise Goodbye(text, code, value.get("retry_after", 0) / 1000, value.get("addresses", ()))
        if self.hello is None:
            return kind, value
        if kind == "hello":                                                     # R24, R26: once
            self.leave("message-unexpected", "a second hello")
        if kind == "ping":
            self.out += frame(encode("ClientMessage", {"pong": {"number": value.get("number", 0)}}))
            return None
        if kind == "pong":
            return None
        return kind, value


class Goodbye(Lost):
    def __init__(self, text, code, pause, addresses):
        super().__init__(text, pause, addresses)
        self.code = code


class Servers:
    """Whom to try next and how long to wait: growing, random pauses; a goodbye's addresses first (R55)."""

    def __init__(self, text, deadline):
        self.listed = [part.strip() for part in text.split(",") if part.strip()]
        for address in self.listed:
            parse_address(address)
        if not self.listed:
            raise Fatal("--server names no address")
        self.deadline = deadline
        self.at, self.preferred, self.failures = 0, [], 0

    def next(self):
        if self.preferred:
            return self.preferred.pop(0)
        address = self.listed[self.at % len(self.listed)]
        self.at += 1
        return address

    def good(self):
        self.failures = 0

    def prefer(self, addresses):
        for address in reversed(addresses):
            try:
                parse_address(address)
            except Fatal:
                continue
            self.preferred = [address] + [a for a in self.preferred if a != address]
        del self.preferred[16:]

    def wait(self, lost):
        self.prefer(lost.addresses)
        self.failures += 1
        pause = max(lost.pause, min(10.0, 0.05 * 2 ** min(self.failures, 9)) * random.uniform(0.5, 1.0))
        end = time.monotonic() + pause
        if end > self.deadline:
            time.sleep(max(0.0, self.deadline - time.monotonic()))
            raise TimeIsUp()
        time.sleep(pause)


def say(**line):
    print(json.dumps(line, ensure_ascii=False), flush=True)


def how_name(how):
    return ENUMS["How"][how][4:].lower().replace("_", "-")


def reason_name(reason):
    return ENUMS["Reason"][reason][7:].lower().replace("_", "-")


def base_hello(role, actor):
    return {"version_min": 1, "version_max": 1, "role": role, "client": "cattail-reference-client-python/1", "actor": actor}


# ------------------------------------------------------------------------------------------------
# watch: a subscription to state


class Done(Exception):
    """What was asked for has come."""


class Watcher:
    def __init__(self, options, deadline):
        self.options, self.deadline = options, deadline
        self.servers = Servers(options.server, deadline)
        self.cuts = [int(n) for n in options.cut_after_bytes.split(",")] if options.cut_after_bytes else []
        self.hold_nothing()
        self.token = None           # R31: ResumeToken as dict
        self.shown = {}             # key -> hash of the item that the caller knows
        self.drop_staged()
        self.changes_shown = 0
        self.damage_due = options.damage_after_seq
        self.full_digest_at = 0.0
        self.saved_at = 0.0
        if options.state:
            self.load()

    # -- what is staged

    def drop_staged(self):
        self.staged = {}            # key -> (seq, item bytes or None for a removal); the later overrides (R36)
        self.staged_key_at = {}     # seq -> key
        self.staged_bytes = self.staged_top = 0
        self.resync = None          # the resync that what is staged belongs to
        self.greatest = None        # R32: the greatest key received since it

    def stage(self, key, seq, item):
        before = self.staged.get(key)
        if before and before[1]:
            self.staged_bytes -= len(before[1])
        self.staged[key] = (seq, item)
        self.staged_key_at[seq] = key
        self.staged_bytes += len(item or b"") + (0 if before else len(key[0]) + len(key[1]) + 100)
        self.staged_top = max(self.staged_top, seq)
        if self.greatest is None or key > self.greatest:
            self.greatest = key
        if self.staged_bytes > self.options.max_staged:
            raise Refused("too-long", f"more than {self.options.max_staged} bytes are staged", seq, keep=True)

    def cursor(self):
        """R32: only when a snapshot is under way and something of it is staged."""
        if self.resync and self.resync["how"] in (3, 4) and self.greatest and self.resync.get("fingerprint"):
            return {"start": self.resync["start"], "fingerprint": self.resync["fingerprint"],
                    "last_namespace": self.greatest[0].decode(), "last_name": self.greatest[1].decode(),
                    "highest_seq": self.staged_top}
        return None

    # -- the state file

    def load(self):
        try:
            with open(self.options.state, encoding="utf-8") as file:
                saved = json.load(file)
            if saved["format"] != 1:
                raise ValueError("another format")
            token = decode("ResumeToken", bytes.fromhex(saved["token"]))
            for text in saved["items"]:
                item = bytes.fromhex(text)
                value = decode("Item", item, True)
                self.hold((value["namespace"].encode(), value["name"].encode()), value["seq"], item)
            if self.digest.bytes().hex() != saved["digest"]:
                raise ValueError("the digest does not fit")
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, Fault) as error:
            self.hold_nothing()
            self.token = None
            say(type="status", status="state-unusable", message=str(error))
            return
        self.token = token
        self.shown = {key: sha256(item) for key, (_, item) in self.held.items()}

    def save(self, final=False):
        if not self.options.state or not final and time.monotonic() < self.saved_at + 1.0:
            return
        temporary = f"{self.options.state}.new"
        if self.token is None:
            if os.path.exists(self.options.state):
                os.remove(self.options.state)
            return
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump({"format": 1, "token": encode("ResumeToken", self.token).hex(), "digest": self.full_digest().hex(),
                       "items": [item.hex() for _, item in self.held.values()]}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.options.state)
        self.saved_at = time.monotonic()

    # -- what is held

    def hold_nothing(self):
        self.held = {}              # (namespace, name) as bytes -> (seq, item bytes)
        self.key_at = {}            # seq -> key: what a patch names its base by (R41)
        self.digest = Digest()

    def hold(self, key, seq, item):
        old = self.held.pop(key, None)
        if old:
            del self.key_at[old[0]]
            self.digest.add(sha256(old[1]), -1)
        if item is not None:
            self.held[key] = (seq, item)
            self.key_at[seq] = key
            self.digest.add(sha256(item))

    def full_digest(self):
        digest = Digest()
        for _, item in self.held.values():
            digest.add(sha256(item))
        return digest.bytes()

    def own_digest(self):
        """From the running sums; from the items themselves when that is cheap or long ago."""
        now = time.monotonic()
        if len(self.held) <= 2_000 or now >= self.full_digest_at:
            self.digest.lanes = list(struct.unpack(">4Q", self.full_digest()))
            self.full_digest_at = now + 30.0
        return self.digest.bytes()

    def forget(self):
        """Drops what is held and the token; `shown` stays, so that only real changes are told later."""
        self.hold_nothing()
        self.token = None
        self.drop_staged()

    # -- connections

    def run(self):
        try:
            while True:
                address = self.servers.next()
                say(type="status", status="connecting", server=address)
                try:
                    self.session(address)
                except Lost as lost:
                    if self.cursor() is None:
                        self.drop_staged()                                      # R36
                    say(type="status", status="disconnected", server=address, message=str(lost))
                    self.servers.wait(lost)
        except Done:
            return 0
        finally:
            self.save(final=True)

    def session(self, address):
        options = self.options
        hello = base_hello(2, options.actor) | {"capabilities": 0 if options.no_patches else CAPABILITY_PATCHES}
        selection = {"selector": options.selector}
        if options.node:
            selection["node"] = options.node
        if options.namespace:
            selection["namespace"] = options.namespace
        hello["selection"] = selection
        if self.token:
            hello["resume"] = self.token
        cursor = self.cursor()
        if cursor:
            hello["cursor"] = cursor                                            # R32: token and cursor together
        cut = self.cuts.pop(0) if self.cuts else None
        connection = Connection(address, hello, self.deadline, cut)
        say(type="status", status="connected", server=address, head=connection.hello["head"].get("seq", 0),
            token=self.token["position"].get("seq", 0) if self.token else None,
            cursor=f"{cursor['last_namespace']}/{cursor['last_name']}" if cursor else None)
        self.resynced = False             # a resync has come on this connection
        self.replacing = False
        self.applied_at = 0.0
        behind_until = None
        try:
            while True:
                until = behind_until or time.monotonic() + 3600
                got = connection.next(until)
                if got is None:
                    if behind_until:                                            # R34: leave for another node
                        connection.close("done", "behind for too long")
                        raise Lost("the server stays behind")
                    continue
                kind, value = got
                if kind == "resync":
                    behind_until = None
                    self.on_resync(connection, value)
                elif kind == "behind":
                    if self.resynced:
                        connection.leave("message-unexpected", "behind after a resync")
                    if not self.token and not cursor:
                        connection.leave("message-unexpected", "behind without a token")
                    say(type="status", status="behind", seq=value["head"].get("seq", 0))
                    if len(self.servers.listed) > 1 and behind_until is None:
                        behind_until = time.monotonic() + 5.0
                elif kind == "changes":
                    self.need_resync(connection, kind)
                    for change in value.get("changes", ()):
                        self.on_change(change)
                    if "mark" in value:
                        last = value["changes"][-1] if value.get("changes") else {}
                        self.on_mark(connection, value["mark"], change_seq(last))
                elif kind == "mark":
                    self.need_resync(connection, kind)
                    self.on_mark(connection, value)
                elif kind == "server_state":                                    # R57
                    say(type="status", status="stale" if value.get("stale_since") else "in-touch",
                        since=value.get("stale_since", 0))
                else:                                                           # R26
                    connection.leave("message-unexpected", f"{kind} on a subscription to state")
        except Refused as refused:
            # R41, R42: refusal, close, and a new connection without token
            if not refused.keep:
                self.forget()
            else:
                self.drop_staged()
            connection.close(refusal={"code": refused.code, "message": str(refused)[:500], "seq": refused.seq})
            raise Lost(f"refused: {refused}") from None
        except Done:
            connection.close("done")
            raise
        except Lost:
            raise
        except BaseException:
            connection.close()
            raise

    def need_resync(self, connection, kind):
        if not self.resynced:                                                   # R33
            connection.leave("message-unexpected", f"{kind} before a resync")

    def on_resync(self, connection, resync):
        """R35, R40."""
        how, start = resync["how"], resync["start"]
        first, self.resynced = not self.resynced, True
        if start["log_id"] != connection.hello["head"]["log_id"]:
            self.drop_staged()
            connection.leave("message-unexpected", "the resync's log is not the hello's")
        if not resync.get("fingerprint"):
            self.drop_staged()
            connection.leave("message-unexpected", "a resync to state without fingerprint")
        before = self.resync          # of a connection before, when something of it is still staged
        kept = (first and how == 3 and self.cursor() is not None and before["start"] == start
                and before["fingerprint"] == resync["fingerprint"])
        if not kept:
            self.drop_staged()
        self.resync, self.resync_how = resync, how
        self.replacing = how in (3, 4)
        self.digest_due = True            # R38: the first mark in sync has a digest
        self.in_sync_told = False
        self.last_mark_seq = start.get("seq", 0)
        if not self.replacing and (self.token is None or self.token["position"] != start
                                   or self.token.get("fingerprint") != resync["fingerprint"]):
            self.drop_staged()
            connection.leave("message-unexpected", f"{how_name(how)} from a position that is not held")
        say(type="status", status="resync", how=how_name(how), seq=start.get("seq", 0),
            reason=reason_name(resync.get("reason", 0)), kept=len(self.staged) if kept else 0)

    def on_change(self, change):
        """R36, R37. A patch is resolved at once against what is staged, else held: the order is kept thereby."""
        if "removal" in change:
            removal = change["removal"]
            self.stage((removal["namespace"].encode(), removal["name"].encode()), removal["seq"], None)
            return
        if "patch" in change:
            patch = change["patch"]
            key = self.staged_key_at.get(patch["prev_seq"]) or self.key_at.get(patch["prev_seq"])
            base = self.staged.get(key) or (None if self.replacing else self.held.get(key))
            try:
                if self.options.no_patches:
                    raise Fault("message-unexpected", "patches were not asked for")
                item = apply_patch(patch, base[1] if base else None)
            except Fault as fault:
                raise Refused(fault.code, f"a patch of the item at {patch['prev_seq']}: {fault}", patch["seq"]) from None
            self.stage(key, patch["seq"], item)
            return
        item = change["item"]
        try:
            value = decode("Item", item, True)                                  # R15
            if value["kind"] != 1:
                raise Fault("inconsistent", "a change's item is a put")
        except Fault as fault:
            raise Refused(fault.code, f"an item is not canonical: {fault}", 0) from None
        self.stage((value["namespace"].encode(), value["name"].encode()), value["seq"], item)

    def on_mark(self, connection, mark, last=0):
        position = place(mark, self.resync["start"], last)
        seq = position.get("seq", 0)
        in_sync = mark.get("sync", 0) == 1
        wrong = None                                                            # R38
        if position["log_id"] != connection.hello["head"]["log_id"]:
            wrong = "the mark's log is not the hello's"
        elif seq < self.last_mark_seq:
            wrong = f"a mark at {seq} after {self.last_mark_seq}"
        elif self.staged_top > seq:
            wrong = f"a change at {self.staged_top} before a mark at {seq}"
        elif not mark.get("digest") and (self.replacing or in_sync and self.digest_due):
            wrong = f"the mark at {seq} must have a digest"
        if wrong:
            self.drop_staged()            # what is staged must not come back by a cursor
            connection.leave("message-unexpected", wrong)
        changed = list(self.staged)
        if self.replacing:
            old = self.held
            self.hold_nothing()
            changed += [key for key in old.keys() | self.shown.keys() if key not in self.staged]
        elif not self.held and self.shown:
            changed += [key for key in self.shown if key not in self.staged]
        for key, (change_seq, item) in self.staged.items():
            self.hold(key, change_seq, item)
        removed_at = {key: change_seq for key, (change_seq, item) in self.staged.items() if item is None}
        given = self.resync["fingerprint"]
        self.token = {"position": position, "fingerprint": given}                           # R31
        self.last_mark_seq = seq
        self.replacing = False
        self.drop_staged()
        self.resync = {"how": 1, "start": position, "fingerprint": given}      # R35: what follows is deltas
        own = self.own_digest()
        if mark.get("digest"):                                                  # R42
            count = mark.get("count", len(self.held))
            if mark["digest"] != own or count != len(self.held):
                say(type="status", status="digest-differs", seq=seq, own=own.hex(), server=mark["digest"].hex(),
                    ownCount=len(self.held), serverCount=count)
                raise Refused("digest-mismatch", f"own {own.hex()} of {len(self.held)}, "
                              f"the server's {mark['digest'].hex()} of {count}", seq)
            if in_sync:
                self.digest_due = False
        self.servers.good()
        for key in changed:                                                     # what really differs, once per key
            now = self.held.get(key)
            now_hash = sha256(now[1]) if now else None
            if self.shown.get(key) == now_hash:
                continue
            name = f"{key[0].decode()}/{key[1].decode()}"
            if now:
                self.shown[key] = now_hash
                say(type="put", seq=now[0], key=name)
            else:
                del self.shown[key]
                say(type="delete", seq=removed_at.get(key, seq), key=name)
            self.changes_shown += 1
        say(type="mark", seq=seq, digest=own.hex(), count=len(self.held))
        if in_sync and not self.in_sync_told:
            self.in_sync_told = True
            say(type="status", status="in-sync", how=how_name(self.resync_how), seq=seq)
        now = time.monotonic()
        if mark.get("digest") and now >= self.applied_at + connection.interval / 2:         # R42
            self.applied_at = now
            connection.send("applied", {"position": position, "digest": own})
        self.save()
        if self.damage_due is not None and seq >= self.damage_due and self.held:
            self.damage()
        options = self.options
        wants = [wish for wish in (
            in_sync if options.until_in_sync else None,
            seq >= options.until_seq if options.until_seq is not None else None) if wish is not None]
        if wants and all(wants) or options.count and self.changes_shown >= options.count:
            raise Done()

    def damage(self):
        """--damage-after-seq: one byte of one held item, behind the running digest's back."""
        self.damage_due = None
        key = max(self.held)
        seq, item = self.held[key]
        self.held[key] = (seq, item[:-1] + bytes([item[-1] ^ 1]))
        self.full_digest_at = 0.0
        say(type="status", status="damaged", key=f"{key[0].decode()}/{key[1].decode()}")


class Refused(Exception):
    """Something that this subscriber does not take (R41, R42, R45). keep: what is held stays good."""

    def __init__(self, code, text, seq, keep=False):
        super().__init__(f"{code}: {text}")
        self.code, self.seq, self.keep = code, seq, keep


# ------------------------------------------------------------------------------------------------
# log: a subscription to the log


class LogReader:
    def __init__(self, options, deadline):
        self.options, self.deadline = options, deadline
        self.servers = Servers(options.server, deadline)
        self.position = None
        self.epoch = self.time = 0
        self.last_of = {}             # key -> seq of its last event, for prev_seq; complete only from the beginning
        self.complete = True
        if options.from_token:
            with open(options.from_token, encoding="utf-8") as file:
                saved = json.load(file)
            self.position = decode("Position", encode("Position", {
                "log_id": bytes.fromhex(saved["log_id"]), "epoch_number": int(saved.get("epoch_number", 0)),
                "epoch_leader": int(saved.get("epoch_leader", 0)), "seq": int(saved.get("seq", 0)),
                "chain": bytes.fromhex(saved["chain"])}))
            self.epoch = self.position.get("epoch_number", 0)
            self.complete = False

    def run(self):
        try:
            while True:
                address = self.servers.next()
                try:
                    self.session(address)
                except Goodbye as goodbye:
                    if goodbye.code == "history-other":       # R43: this token is on no history of that server
                        raise Fatal(str(goodbye)) from None
                    self.lost(goodbye)
                except Lost as lost:
                    self.lost(lost)
        except Done:
            return 0
        finally:
            if self.options.save_token and self.position:
                with open(self.options.save_token, "w", encoding="utf-8") as file:
                    json.dump({"log_id": self.position["log_id"].hex(), "epoch_number": self.position.get("epoch_number", 0),
                               "epoch_leader": self.position.get("epoch_leader", 0), "seq": self.position.get("seq", 0),
                               "chain": self.position["chain"].hex()}, file)

    def lost(self, lost):
        print(f"disconnected: {lost}", file=sys.stderr, flush=True)
        self.servers.wait(lost)

    def session(self, address):
        hello = base_hello(3, self.options.actor)
        if self.position:
            hello["resume"] = {"position": self.position}                       # R31: the position alone
        connection = Connection(address, hello, self.deadline)
        log_id = connection.hello["head"]["log_id"]
        if self.position and self.position["log_id"] != log_id:                 # R27
            connection.leave("log-other", "another log than the token's", fatal=True)
        resynced = False
        staged, size = [], 0
        chain, seq = None, None
        try:
            while True:
                got = connection.next(time.monotonic() + 3600)
                if got is None:
                    continue
                kind, value = got
                if kind == "server_state":
                    continue
                if kind == "behind" and not resynced:
                    continue
                if kind == "resync":                                            # R43
                    if value["how"] != 1:
                        connection.leave("message-unexpected", f"{how_name(value['how'])} on a subscription to the log")
                    zero = {"log_id": log_id, "chain": chain_zero(log_id)}
                    if value["start"] != (self.position or zero):
                        connection.leave("message-unexpected", "deltas from another position than the token's")
                    resynced, staged, size = True, [], 0
                    before = value["start"]
                    chain, seq = before["chain"], before.get("seq", 0)
                    state = [self.epoch, self.time, value["start"].get("epoch_leader", 0), {}]
                    continue
                if kind not in ("records", "mark") or not resynced:
                    connection.leave("message-unexpected", f"{kind} on a subscription to the log")
                mark = value if kind == "mark" else value.get("mark")
                for record in value.get("records", ()) if kind == "records" else ():
                    seq += 1
                    line, chain = self.verify(record, seq, chain, state)
                    staged.append(line)
                    size += 300
                    if size > self.options.max_staged:
                        raise Refused("too-long", "too much is staged", seq)
                if mark:
                    before = place(mark, before)
                    self.on_mark(connection, mark, before, log_id, seq, chain, state, staged)
                    staged, size = [], 0
        except Refused as refused:                                              # R45
            connection.close(refusal={"code": refused.code, "message": str(refused)[:500], "seq": refused.seq})
            raise Fatal(f"the log does not verify: {refused}") from None
        except Done:
            connection.close("done")
            raise

    def verify(self, record, seq, chain, state):
        """R44, R45: one record; `state` is [epoch, time, leader, last_of's additions]."""
        try:
            parts = decode("Record", record, True)
            item, audit = decode("Item", parts["item"], True), decode("Audit", parts["audit"], True)
            if encode("Item", item) != parts["item"] or encode("Audit", audit) != parts["audit"]:
                raise Fault("inconsistent", "written again the bytes are others")
        except Fault as fault:
            raise Refused(fault.code, f"record {seq}: {fault}", seq) from None
        if item["seq"] != seq:
            raise Refused("inconsistent", f"seq {item['seq']} where {seq} is due", seq)
        if audit["epoch"] < state[0] or audit.get("time", 0) < state[1]:
            raise Refused("inconsistent", f"record {seq}: epoch or time goes back", seq)
        state[0], state[1] = audit["epoch"], audit.get("time", 0)
        if item["kind"] == 3:
            control = item["control"]
            if control.get("type") == 1:
                state[2] = control.get("epoch", {}).get("leader_id", 0)
                if control.get("epoch", {}).get("number", 0) != audit["epoch"]:
                    raise Refused("inconsistent", f"record {seq}: the epoch that begins is not the audit's", seq)
            elif control.get("type") in (2, 3):                                 # R60, R66: say nothing of the state
                pass
            elif control.get("criticality") == 1:                               # R19
                raise Refused("inconsistent", f"record {seq}: an unknown critical control event {control.get('type', 0)}", seq)
        else:
            key = item["namespace"], item["name"]
            last = state[3].get(key, self.last_of.get(key))
            if last is None and self.complete:
                last = 0
            if last is not None and item.get("prev_seq", 0) != last:
                raise Refused("inconsistent", f"record {seq}: prev_seq {item.get('prev_seq', 0)}, the key's last event is {last}", seq)
            state[3][key] = seq
        hashed = record_hash(parts["item"], parts["audit"])
        chain = sha256(chain + hashed)                                          # R21
        return (seq, hashed, chain), chain

    def on_mark(self, connection, mark, position, log_id, seq, chain, state, staged):
        if position["log_id"] != log_id or position.get("seq", 0) != seq or mark.get("digest"):         # R44
            connection.leave("message-unexpected", f"a mark at {position.get('seq', 0)}, the last record is {seq}")
        if position["chain"] != chain:                                          # R45
            raise Refused("inconsistent", f"chain {chain.hex()}, the mark's {position['chain'].hex()}", seq)
        if position.get("epoch_number", 0) != state[0] or position.get("epoch_leader", 0) != state[2]:  # R22
            raise Refused("inconsistent", f"the mark's epoch at {seq} is not the records'", seq)
        self.position, self.epoch, self.time = position, state[0], state[1]
        self.last_of.update(state[3])
        state[3] = {}
        self.servers.good()
        for number, hashed, after in staged:
            say(seq=number, recordHash=hashed.hex(), chain=after.hex())
        # No `durable`: this reader keeps nothing on a disk (R45), and nobody may count on it.
        if self.options.until_in_sync and mark.get("sync") == 1:
            raise Done()


# ------------------------------------------------------------------------------------------------
# apply: requests


class Applier:
    def __init__(self, options, deadline):
        self.options, self.deadline = options, deadline
        self.servers = Servers(options.server, deadline)
        self.open = {}                # ticket -> (mutation, bytes, attempts): sent and unanswered, or to be sent again
        self.unsent = []              # tickets to be sent on this connection
        self.ticket = 0
        self.open_bytes = 0
        self.lines = bytearray()
        self.end_of_input = False
        self.failed = 0

    def read_lines(self):
        data = os.read(0, 1 << 16)
        if not data:
            self.end_of_input = True
            data = b"\n" if self.lines else b""
        self.lines += data
        if len(self.lines) > 64 << 20:
            raise Fatal("a line of more than 64 MiB on stdin")

    def take_lines(self):
        """Turns whole lines into mutations as long as the window has room (R52)."""
        while len(self.open) < WINDOW_MUTATIONS and self.open_bytes < WINDOW_BYTES:
            end = self.lines.find(b"\n")
            if end < 0:
                return
            line = bytes(self.lines[:end])
            del self.lines[:end + 1]
            if line.strip():
                self.take_line(line)

    def take_line(self, line):
        request_id = None
        try:
            wish = json.loads(line)
            request_id = wish.get("requestID") or str(uuid.uuid4())             # R48
            operation = "OPERATION_" + str(wish.get("operation", "apply")).upper()
            if operation not in ENUMS["Operation"][1:]:
                raise ValueError(f"operation {wish.get('operation')!r} is not known")
            self.ticket += 1
            mutation = {"ticket": self.ticket, "request_id": request_id, "operation": ENUMS["Operation"].index(operation),
                        "namespace": wish["namespace"], "name": wish["name"]}
            if mutation["operation"] != 4:
                mutation["endpoint"] = from_json("Endpoint", wish.get("endpoint", {}))      # R49
            if wish.get("expectedSeq") is not None:
                mutation["expected_seq"] = int(wish["expectedSeq"])
            if wish.get("expectedUID"):
                mutation["expected_uid"] = uuid.UUID(wish["expectedUID"]).bytes
            if wish.get("dryRun"):
                mutation["dry_run"] = 1
            body = encode("Mutation", mutation)
            decode("Mutation", body)                    # our own bytes must be what we ask of others
            if len(body) > MAX_FRAME - 16:
                raise ValueError("longer than a frame")
        except (ValueError, KeyError, TypeError, AttributeError, Fault) as error:
            self.failed += 1
            say(requestID=request_id, outcome="failed", code="invalid-input", message=f"{type(error).__name__}: {error}")
            return
        self.open[self.ticket] = [mutation, body, 0]
        self.open_bytes += len(body)
        self.unsent.append(self.ticket)

    def send_wishes(self, connection):
        """R47: in order, several to a frame."""
        batch = bytearray()
        tag = MESSAGES["Mutations"].by_name["mutations"].tag

        def flush():
            outer = MESSAGES["ClientMessage"].by_name["mutations"].tag + write_varint(len(batch)) + batch
            connection.out += frame(bytes(outer))
            batch.clear()
        for ticket in self.unsent:
            body = self.open[ticket][1]
            piece = tag + write_varint(len(body)) + body
            if batch and len(batch) + len(piece) > 65_536:
                flush()
            batch += piece
        if batch:
            flush()
        self.unsent = []

    def run(self):
        self.read_lines()
        while True:
            self.take_lines()
            if not self.open and self.end_of_input and not self.lines.count(b"\n"):
                return 1 if self.failed else 0
            address = self.servers.next()
            try:
                self.session(address)
                return 1 if self.failed else 0
            except Lost as lost:
                print(f"disconnected from {address}: {lost}", file=sys.stderr, flush=True)
                self.servers.wait(lost)

    def session(self, address):
        connection = Connection(address, base_hello(1, self.options.actor), self.deadline)
        self.unsent = sorted(self.open)           # R51: again, with the same request_id; in the old order
        again_at = None                           # when to send what met `outcome-unknown` and the like
        again = []
        try:
            while True:
                self.take_lines()
                if again and time.monotonic() >= again_at:
                    self.unsent, again = again + self.unsent, []
                self.send_wishes(connection)
                room = len(self.open) < WINDOW_MUTATIONS and self.open_bytes < WINDOW_BYTES
                if not self.open and self.end_of_input and b"\n" not in self.lines:
                    connection.close("done")
                    return
                want_input = 0 if room and not self.end_of_input and b"\n" not in self.lines else None
                got = connection.next(again_at if again else time.monotonic() + 3600, want_input)
                if got is None:
                    if want_input is not None and select.select([0], [], [], 0)[0]:
                        self.read_lines()
                    continue
                kind, value = got
                if kind == "server_state":
                    continue
                if kind != "answers":
                    connection.leave("message-unexpected", f"{kind} on a connection for requests")
                for answer in value.get("answers", ()):
                    ticket = self.on_answer(connection, answer)
                    if ticket:
                        again.append(ticket)
                        again_at = time.monotonic() + min(5.0, 0.1 * 2 ** self.open[ticket][2])
        except Fatal:
            raise
        except Lost:
            raise
        except BaseException:
            connection.close()
            raise

    def on_answer(self, connection, answer):
        """R47, R50, R51. Returns the ticket when the wish is to be sent again on this connection."""
        ticket = answer.get("ticket", 0)
        if ticket not in self.open:
            connection.leave("message-unexpected", f"an answer to ticket {ticket}, which is not open")
        mutation, body, attempts = self.open[ticket]
        code = answer.get("code", "")
        if answer["outcome"] == 5 and attempts < 20:
            if code in ("outcome-unknown", "overloaded", "unavailable"):
                self.open[ticket][2] += 1
                return ticket
            if code == "not-leader":              # to the leader, or, while it is not known, to the next server
                self.open[ticket][2] += 1
                leader = [answer["leader"]] if answer.get("leader") else []
                connection.close("done", "going to the leader")
                raise Lost("not the leader", addresses=leader)
        del self.open[ticket]
        self.open_bytes -= len(body)
        self.servers.good()
        line = {"requestID": mutation["request_id"], "outcome": ENUMS["Outcome"][answer["outcome"]][8:].lower()}
        if answer.get("seq"):
            line["seq"] = answer["seq"]
        for field in ("code", "message", "leader", "faults"):
            if answer.get(field):
                line[field] = answer[field]
        if answer.get("item"):
            try:                                                                # R15, R50
                item = decode("Item", answer["item"], True)
                line["item"] = {"seq": item["seq"], "uid": str(uuid.UUID(bytes=item["uid"])),
                                "endpoint": to_json("Endpoint", item.get("endpoint", {}))}
            except Fault as fault:
                connection.leave("message-malformed", f"an answer's item: {fault}")
        line["namespace"], line["name"] = mutation["namespace"], mutation["name"]
        self.failed += answer["outcome"] == 5
        say(**line)
        return None


# ------------------------------------------------------------------------------------------------
# vectors: section 12


def known(value):
    """Without the unknown fields that were read along."""
    return {name: known(field) if isinstance(field, dict) else field for name, field in value.items() if name}


class Vectors:
    def __init__(self, directory):
        self.directory, self.passed, self.failed = directory, 0, 0

    def load(self, name):
        with open(os.path.join(self.directory, name), encoding="utf-8") as file:
            return json.load(file)

    def check(self, name, got, wanted):
        if got == wanted:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}\n  got    {got!r}\n  wanted {wanted!r}", flush=True)

    def code_of(self, action):
        try:
            return f"no fault, {action()!r}"[:300]
        except Fault as fault:
            return fault.code

    def both_ways(self, name, kind, data, decoded, canonical):
        """Read, compare, write, compare; and the other way from the JSON."""
        try:
            value = decode(kind, data, canonical)
            self.check(f"{name} decoded", to_json(kind, value), decoded)
            self.check(f"{name} written again", encode(kind, value).hex(), data.hex())
            if "" not in value:
                self.check(f"{name} written from JSON", encode(kind, from_json(kind, decoded)).hex(), data.hex())
        except (Fault, ValueError) as fault:
            self.check(name, f"refused: {fault}", "accepted")

    def run(self):
        self.frames()
        for number, vector in enumerate((items := self.load("items.json"))["valid"]):
            data = bytes.fromhex(vector["bytes"])
            self.both_ways(f"items {number}", "Item", data, vector["decoded"], True)
            self.check(f"items {number} hash", sha256(data).hex(), vector["itemHash"])
        for vector in items["invalid"]:
            data = bytes.fromhex(vector["bytes"])
            self.check(f"items {vector['name']}", self.code_of(lambda: decode("Item", data, True)), vector["code"])
        self.records()
        self.digests()
        selections = self.load("selections.json")
        for number, vector in enumerate(selections["valid"] + selections["asked"]):
            self.check(f"selections {number}", fingerprint(vector["selector"], vector["node"], vector["namespace"]).hex(),
                       vector["fingerprint"])
        patches = self.load("patches.json")
        for vector in patches["valid"]:
            self.check(f"patches {vector['name']}", self.patch(vector).hex(), vector["new"])
        for vector in patches["invalid"]:
            self.check(f"patches {vector['name']}", self.code_of(lambda: self.patch(vector)), vector["code"])
        messages = self.load("messages.json")
        for side, kind in (("client", "ClientMessage"), ("server", "ServerMessage")):
            for number, vector in enumerate(messages[side]):
                self.both_ways(f"messages {side} {number}", kind, bytes.fromhex(vector["bytes"]), vector["decoded"], False)
        for vector in messages["invalidServer"]:
            data = bytes.fromhex(vector["bytes"])
            self.check(f"messages {vector['name']}", self.code_of(lambda: decode("ServerMessage", data)), vector["code"])
        for vector in messages["invalidClient"]:
            data = bytes.fromhex(vector["bytes"])
            self.check(f"messages {vector['name']}", self.code_of(lambda: decode("ClientMessage", data)), vector["code"])
        for vector in messages["readAs"]:                                       # R11, R12
            value, same = (decode("ServerMessage", bytes.fromhex(vector[side])) for side in ("bytes", "as"))
            self.check(f"messages {vector['name']}", known(value), same)
        for number, vector in enumerate(messages["requestHashes"]):
            self.check(f"messages request hash {number}", self.request_hash(vector["mutation"]).hex(), vector["requestHash"])
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0

    @staticmethod
    def patch(vector):
        return apply_patch(decode("Patch", bytes.fromhex(vector["patch"])), bytes.fromhex(vector["old"]))

    @staticmethod
    def request_hash(mutation):
        """R48: the canonical bytes without ticket and request_id; the endpoint written for all but delete."""
        value = decode("Mutation", bytes.fromhex(mutation))
        if value["operation"] != 4:
            value.setdefault("endpoint", {})
        return sha256(encode("Mutation", {k: v for k, v in value.items() if k not in ("ticket", "request_id")}))

    def frames(self):
        vectors = self.load("frames.json")
        self.check("frames preface", PREFACE.hex(), vectors["preface"])
        for vector in vectors["streams"]:
            data = bytes.fromhex(vector["bytes"])
            for step in (len(data) or 1, 1, 7):       # at once, byte by byte, in sevens: all the same
                reader, bodies, code = FrameReader(), [], None
                try:
                    for at in range(0, len(data), step):
                        for body in reader.feed(data[at:at + step]):
                            bodies.append(body.hex())
                except Fault as fault:
                    code = fault.code
                self.check(f"frames {vector['name']}, {step} bytes at a time", (bodies, code),
                           (vector["bodies"], vector.get("code")))

    def records(self):
        vectors = self.load("records.json")
        chain = chain_zero(uuid.UUID(vectors["logID"]).bytes)
        self.check("records chain origin", chain.hex(), vectors["chainOrigin"])
        for number, vector in enumerate(vectors["events"], 1):
            data = bytes.fromhex(vector["record"])
            try:
                record = decode("Record", data, True)
            except Fault as fault:
                self.check(f"records {number}", f"refused: {fault}", "accepted")
                continue
            self.check(f"records {number} written again", encode("Record", record).hex(), data.hex())
            self.both_ways(f"records {number} audit", "Audit", record["audit"], vector["audit"], True)
            self.check(f"records {number} seq", decode("Item", record["item"], True)["seq"], vector["seq"])
            self.check(f"records {number} item hash", sha256(record["item"]).hex(), vector["itemHash"])
            self.check(f"records {number} audit hash", sha256(record["audit"]).hex(), vector["auditHash"])
            hashed = record_hash(record["item"], record["audit"])
            self.check(f"records {number} record hash", hashed.hex(), vector["recordHash"])
            chain = sha256(chain + hashed)
            self.check(f"records {number} chain", chain.hex(), vector["chain"])
        for vector in vectors["invalid"]:
            data = bytes.fromhex(vector["bytes"])
            self.check(f"records {vector['name']}", self.code_of(lambda: decode("Record", data, True)), vector["code"])

    def digests(self):
        vectors = self.load("digests.json")
        digest, held = Digest(), {}
        self.check("digests empty", digest.bytes().hex(), vectors["empty"])
        for number, vector in enumerate(vectors["steps"]):
            data = bytes.fromhex(vector["item"])
            item = decode("Item", data, True)
            key = item.get("namespace"), item.get("name")
            if item["kind"] in (1, 2) and key in held:
                digest.add(held.pop(key), -1)
            if item["kind"] == 1:
                held[key] = sha256(data)
                digest.add(held[key])
            self.check(f"digests {number}", (digest.bytes().hex(), len(held)), (vector["digest"], vector["count"]))


# ------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description="A reference client of the Cattail protocol, version 1.")
    commands = parser.add_subparsers(dest="command", required=True)

    def connecting(name, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--server", required=True, metavar="HOST:PORT[,HOST:PORT]")
        sub.add_argument("--timeout", type=float, metavar="S", help="end with exit code 3 after S seconds")
        sub.add_argument("--actor", default="reference-client", metavar="A")
        return sub

    watch = connecting("watch", "Subscribe to the state of a selection; print what really changes.")
    watch.add_argument("--selector", default="", metavar="S")
    watch.add_argument("--node", metavar="N")
    watch.add_argument("--namespace", metavar="NS")
    watch.add_argument("--until-in-sync", action="store_true", help="end at a mark in sync")
    watch.add_argument("--until-seq", type=int, metavar="N", help="end at a mark of seq >= N (with --until-in-sync: both)")
    watch.add_argument("--count", type=int, metavar="N", help="end after the batch with the N-th put or delete")
    watch.add_argument("--state", metavar="FILE", help="keep what is held and the token there, and resume from it")
    watch.add_argument("--max-staged", type=int, default=1 << 30, metavar="BYTES")
    watch.add_argument("--no-patches", action="store_true", help="do not announce the capability of field patches")
    watch.add_argument("--cut-after-bytes", metavar="N[,N2,...]", help="test: cut the n-th connection after so many bytes received")
    watch.add_argument("--damage-after-seq", type=int, metavar="N", help="test: damage one held item after the mark at seq >= N")
    connecting("apply", "Read mutations as JSON lines from stdin; print an answer line each.")
    log = connecting("log", "Subscribe to the log and verify every record.")
    log.add_argument("--from-token", metavar="FILE", help="JSON: log_id, epoch_number, epoch_leader, seq, chain")
    log.add_argument("--save-token", metavar="FILE")
    log.add_argument("--until-in-sync", action="store_true")
    log.add_argument("--max-staged", type=int, default=1 << 30, metavar="BYTES")
    vectors = commands.add_parser("vectors", help="replay the golden vectors")
    vectors.add_argument("directory")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))   # state and token are saved
    try:
        if options.command == "vectors":
            return Vectors(options.directory).run()
        deadline = time.monotonic() + options.timeout if options.timeout else float("inf")
        return {"watch": Watcher, "apply": Applier, "log": LogReader}[options.command](options, deadline).run()
    except TimeIsUp:
        print("error: --timeout has passed", file=sys.stderr)
        return 3
    except (Fatal, OSError, ValueError, KeyError, Fault) as error:
        if isinstance(error, BrokenPipeError):
            sys.stderr.close()
            return 1
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
