"""formapi - calls in AWS's query protocol: parameters to a form, the XML of the answer to dictionaries."""

import urllib.parse
import xml.etree.ElementTree

import pawltest

# Parameters that are maps, and how an entry of each is written.
MAPS = {"Attributes": ("key", "value"), "MessageAttributes": ("Name", "Value")}


def fields(name, value):
    """The pairs of a form that a parameter becomes."""
    if isinstance(value, dict) and name.rpartition(".")[2] in MAPS:
        key_name, value_name = MAPS[name.rpartition(".")[2]]
        for number, (key, inner) in enumerate(value.items(), 1):
            yield f"{name}.entry.{number}.{key_name}", key
            yield from fields(f"{name}.entry.{number}.{value_name}", inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from fields(f"{name}.{key}", inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from fields(f"{name}.member.{number}", inner)
    else:
        yield name, {True: "true", False: "false"}.get(value, value)


def parsed(element):
    """An element of the answer: a text, a list, a map or a structure."""
    children = [(c.tag.rpartition("}")[2], c) for c in element]
    if not children:
        return element.text or ""
    if all(tag == "member" for tag, _ in children):
        return [parsed(c) for _, c in children]
    if all(tag == "entry" for tag, _ in children):
        return {c[0].text: parsed(c[1]) for _, c in children}
    return {tag: parsed(c) for tag, c in children}


class FormClient:
    """A service by the version of its API."""

    def __init__(self, url, version):
        self.client, self.version = pawltest.Client(url), version

    def raw(self, action, **params):
        form = [("Action", action), ("Version", self.version)]
        for name, value in params.items():
            form += fields(name, value)
        return self.client.request("POST", "/", urllib.parse.urlencode(form).encode(),
                                   {"Content-Type": "application/x-www-form-urlencoded"})

    def __call__(self, action, /, **params):
        """The result; ApiError when it is an error."""
        answer = self.raw(action, **params)
        document = parsed(xml.etree.ElementTree.fromstring(answer.body))
        if answer.status != 200:
            error = document["Error"]
            raise pawltest.ApiError(answer.status, {"__type": error["Code"], "message": error["Message"]})
        return document.get(f"{action}Result") or {}

    def refuses(self, action, code, /, **params):
        """It must fail with that code; the message."""
        try:
            got = self(action, **params)
        except pawltest.ApiError as error:
            pawltest.equal(error.code, code, f"code of {action} {params}: {error}")
            return str(error)
        raise AssertionError(f"{action} {params} gave {got}")
