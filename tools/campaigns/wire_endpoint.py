"""An endpoint's document as the `Endpoint` of proto/cattail.proto, so that it reaches a server
without the command line, which would refuse it first."""

from campaigns.wire import data, uint

# Field numbers of what is one text.
TEXTS = {
    "orchestrator": 2, "workload": 3, "node": 4, "containerID": 5, "pod": 6, "endpoint": 7,
    "serviceAccountName": 8, "interfaceName": 11, "mac": 12, "ipv4Gateway": 15, "ipv6Gateway": 16,
}
LISTS = {"ipNetworks": 9, "profiles": 10, "allowSpoofedSourcePrefixes": 17}
METADATA = {"name", "namespace", "labels", "annotations", "generateName", "resourceVersion"}


class Unsayable(Exception):
    """The schema has no way to say this: a JSON type or field that it does not know."""


def text(value):
    if not isinstance(value, str):
        raise Unsayable(value)
    return value


def number(value):
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise Unsayable(value)
    return value


def texts(value):
    if not isinstance(value, list):
        raise Unsayable(value)
    return [text(one) for one in value]


def optional(field, value):
    return data(field, value) if value else b""


def labels(field, value):
    pairs = sorted((text(key), text(one)) for key, one in (value or {}).items())
    return b"".join(data(field, optional(1, key) + optional(2, one)) for key, one in pairs)


def port(value):
    known = {"name", "protocol", "port", "hostPort", "hostIP"}
    if not isinstance(value, dict) or set(value) - known:
        raise Unsayable(value)
    parts = optional(1, text(value.get("name", "")))
    protocol = value.get("protocol") or ""
    if isinstance(protocol, str):
        parts += optional(3, protocol)
    else:
        parts += uint(2, number(protocol))
    for field, name in ((4, "port"), (5, "hostPort")):
        if value.get(name):
            parts += uint(field, number(value[name]))
    return parts + optional(6, text(value.get("hostIP", "")))


def nat(value):
    if not isinstance(value, dict) or set(value) - {"internalIP", "externalIP"}:
        raise Unsayable(value)
    return optional(1, text(value.get("internalIP", ""))) + optional(
        2, text(value.get("externalIP", "")))


def endpoint_of(document):
    """(namespace, name, bytes); single fields ascend and hold no default, as R49 wants them."""
    metadata, spec = dict(document.get("metadata", {})), dict(document.get("spec", {}))
    if set(document) - {"apiVersion", "kind", "metadata", "spec"} or set(metadata) - METADATA:
        raise Unsayable(document)
    parts = {1: labels(1, metadata.get("labels")), 19: labels(19, metadata.get("annotations")),
             20: optional(20, text(metadata.get("generateName", "")))}
    for name, field in TEXTS.items():
        parts[field] = optional(field, text(spec.pop(name, "")))
    for name, field in LISTS.items():
        parts[field] = b"".join(data(field, one) for one in texts(spec.pop(name, [])))
    parts[13] = b"".join(data(13, port(one)) for one in spec.pop("ports", []))
    parts[14] = b"".join(data(14, nat(one)) for one in spec.pop("ipNATs", []))
    if spec:
        raise Unsayable(spec)
    body = b"".join(parts[field] for field in sorted(parts))
    return text(metadata.get("namespace", "")), text(metadata.get("name", "")), body
