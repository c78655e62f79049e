"""Bad documents and arguments, through the command line as users would give them."""

import copy
import json
import os
import random

from campaigns.bad_case import BadInput, Case, ending
from campaigns.documents import sample

VECTORS = {
    "wep-validation": "Tests/EndpointDocumentsTests/Vectors/wep-validation.json",
    "selectors": "Tests/EndpointModelTests/Vectors/selectors.json",
    "wep-names": "Tests/EndpointModelTests/Vectors/wep-names.json",
}
# What is invalid by itself and made whole by the command line: a name that is empty is derived,
# a namespace that is missing is `default`.
COMPLETED = ("wep-validation-0c968744e1", "wep-validation-3f81c07b00")


def vectors(context, name):
    """Ours, and those of the reference where they are (they are read in place)."""
    folder = os.environ.get("CATTAIL_REFERENCE_VECTORS") or os.path.join(
        os.path.dirname(context.root), "shared", "calico")
    found = []
    for path in (os.path.join(context.root, VECTORS[name]),
                 os.path.join(folder, "vectors", "reference", name + ".json")):
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                found += json.load(file)["vectors"]
    return found


def document_of(vector):
    """A whole document with the vector's part in it, everything else sound."""
    kind, part = vector["kind"], vector["doc"]
    if kind == "wep":
        return part
    document = sample()
    if kind == "spec":
        names = {key: document["spec"][key] for key in ("node", "orchestrator", "pod", "endpoint")}
        document["spec"] = {**names, **part}
    elif kind == "metadata":
        document["metadata"] = {**document["metadata"], **part}
    elif kind == "port":
        document["spec"]["ports"] = [part]
    elif kind == "ipnat":
        document["spec"]["ipNATs"] = [part]
    elif kind == "protocol":
        document["spec"]["ports"] = [{"name": "x", "protocol": part}]
    return document


class InvalidVectors(BadInput):
    name = "invalid vectors"

    def run(self, target, _):
        return [*self.documents(target), *self.selectors(target), *self.names()]

    def documents(self, target):
        """All in one stream: each must be refused by itself, and none may stop the others."""
        chosen = [vector for vector in vectors(self.context, "wep-validation")
                  if not vector["valid"] and vector["id"] not in COMPLETED
                  # What `create` and `update` of the client library demand, `apply` supplies.
                  and vector.get("stage") != "resourceVersion"]
        text = "".join(json.dumps(document_of(vector)) + "\n" for vector in chosen)
        result = self.fleet.run(
            "apply", "-f", "-", "-o", "json", server=target.address, input=text)
        found = {}
        for line in result.errors.splitlines():
            fault = json.loads(line)
            found.setdefault(fault.get("document"), fault["code"])
        yield Case("the stream", "ended with 1", ending(result.code), "exit 1")
        yield Case("what was applied", "nothing", "nothing" if not result.output else result.text)
        for number, vector in enumerate(chosen, 1):
            yield Case(vector["id"] + " " + vector["note"], ("invalid", "duplicate-key"),
                       found.get(number, ""))

    def selectors(self, target):
        chosen = [vector for vector in vectors(self.context, "selectors") if not vector["valid"]]
        for number, vector in enumerate(chosen):
            # A process cannot be given a zero byte.
            text = vector["selector"].replace("\0", "")
            command = ["selector", "--", text]
            if number % 4 == 0:
                command = ["get", "wep", "-A", f"--selector={text}", "--server", target.address]
            yield refusal(vector["id"], ("selector-invalid",), self.fleet.run(*command))

    def names(self):
        for vector in vectors(self.context, "wep-names"):
            if vector["op"] == "parse" and not vector["ok"]:
                yield refusal(vector["id"], ("invalid",),
                              self.fleet.run("name", "--", vector["name"]))


class BadDocuments(BadInput):
    name = "bad documents"

    def run(self, target, _):
        noise = random.Random(self.context.options.seed)
        for name, wanted, text in self.texts(noise):
            result = self.fleet.run("apply", "-f", "-", server=target.address, input=text)
            yield refusal(name, wanted, result)
        elsewhere = self.fleet.run(
            "apply", "-f", "-", "-n", "elsewhere", server=target.address,
            input=json.dumps(sample()))
        yield refusal("a wrong namespace", ("invalid", "namespace"), elsewhere)

    def texts(self, noise):
        large = sample()
        large["metadata"]["annotations"] = {"note": "x" * (1 << 20)}
        text = json.dumps(sample())
        other = text.replace('"pod"', '"pod": "another", "pod"', 1)
        yield "over 1 MiB, JSON", ("too-large",), json.dumps(large)
        yield "over 1 MiB, YAML", ("too-large",), yaml(large)
        yield "over 1 MiB, never ending", ("too-large", "truncated"), "{" + '"a": 1,' * 400_000
        yield "binary", ("not-text", "invalid-utf8", "syntax"), noise.randbytes(1 << 16)
        yield "binary of 2 MiB", ("not-text", "invalid-utf8", "syntax"), noise.randbytes(2 << 20)
        yield "zero bytes", ("not-text", "syntax"), bytes(4096)
        yield "duplicate key, JSON", ("duplicate-key",), other
        yield "duplicate key, YAML", ("duplicate-key",), yaml(sample()) + "spec:\n  node: other\n"
        yield "cut off", ("truncated", "syntax"), text[:len(text) // 2]
        yield "no UTF-8", ("invalid-utf8", "not-text"), text.encode().replace(b"web", b"w\xffb")
        yield "deep, JSON", ("too-deep",), "[" * 100_000
        yield "deep, YAML", ("too-deep",), "- " * 100_000
        yield "an alias bomb", ("alias-expansion", "unsupported", "too-large"), alias_bomb()
        yield "of another kind", ("",), text.replace("WorkloadEndpoint", "Node", 1)
        yield "no document", ("",), ""


class BadSelectors(BadInput):
    """Of commands that ask the server."""

    name = "selectors that do not parse"

    def run(self, target, _):
        for text in ('a ==', 'a == "b" &&', "(((", "has()", '"' * 3, "a in {", "(" * 5000):
            for command in (("watch", "-A", "-o", "json", "--until-in-sync"), ("get", "wep", "-A")):
                result = self.fleet.run(
                    *command, "--selector", text, server=target.address, seconds=30)
                yield refusal(f"{command[0]} {text[:12]}", ("selector-invalid",), result)


def refusal(name, codes, result):
    """A command that must end with 1 and say one of these codes first."""
    said = result.codes()
    if result.code != 1:
        return Case(name, "ended with 1", ending(result.code) + " " + result.errors[:200])
    if codes == ("",):
        return Case(name, "some code", "some code" if said else "", said[0] if said else "")
    return Case(name, codes, said[0] if said else result.errors[:200])


def yaml(document):
    """JSON inside of YAML, which is YAML."""
    copied = copy.deepcopy(document)
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in copied.items())


def alias_bomb():
    levels = ["a0: &a0 [" + ", ".join(["lol"] * 10) + "]"]
    for level in range(1, 9):
        levels.append(f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * 10) + "]")
    return "\n".join(levels) + "\n"


CLASSES = [InvalidVectors, BadDocuments, BadSelectors]
