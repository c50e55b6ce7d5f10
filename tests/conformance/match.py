"""match - holds an answer against a recorded one, finding out what placeholders stand for.

A placeholder stands for one value all over a case: the first answer that shows it
binds it, later ones must agree. Everything else must be equal, members that the
service gained after the day of the recording aside.
"""

import json
import re

# Whole values that stand for something that differs at every run, and what it may look like.
NUMBER_OR_TEXT = (int, float, str)
ANY_VALUE = {
    "timestamp": NUMBER_OR_TEXT, "datetime": NUMBER_OR_TEXT,
    "creation-date": NUMBER_OR_TEXT, "date": (*NUMBER_OR_TEXT, list),
    "start-time": NUMBER_OR_TEXT, "entered-time": NUMBER_OR_TEXT, "start-date": NUMBER_OR_TEXT,
    "stop-date": NUMBER_OR_TEXT,
    "x-amzn-RequestId": (str, list), "X-Amzn-Trace-Id": (str, list), "RequestId": str,
    "x-amzn-requestid": (str, list), "x-amz-crc32": (str, list),
    "Date": (str, list), "RandomNumberGenerated": int,
}
ANY_SHAPE = {
    "generated-uuid": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
}
ANY_DETAIL = re.compile(r"^\w+EventDetails\.\w+$")
# The length of what another service sent follows from the length of names that we choose.
LENGTH_HEADER = re.compile(r"/SdkHttpMetadata/(AllHttpHeaders/Content-Length/0|HttpHeaders/Content-Length)$")

# The values of a header of an answer over HTTP.
HEADER = re.compile(r"^<headers-[\w\-]+>$")
# Placeholders in angle brackets that never mean the same value twice.
ANY_TEXT = frozenset(("request_id", "request-id", "extended_request_id", "timestamp", "date",
                      "start-time", "entered-time", "start-date", "stop-date"))
PLACEHOLDER = re.compile(r"<([A-Za-z_][A-Za-z0-9_:.\-]*)>")

# Members that the service gained, with the day since when it sends them: an older
# recording cannot show them. (path of the member's object ends with, member, yyyymmdd)
GAINED = (
    ("", "encryptionConfiguration", 20241101),
    ("", "redriveCount", 20231116),
    ("", "redriveStatus", 20231116),
    ("", "redriveStatusReason", 20231116),
    ("", "RedriveCount", 20231116),
    ("", "RedriveStatus", 20231116),
    ("", "RedriveStatusReason", 20231116),
    ("", "variableReferences", 20241101),
)


class Mismatch(Exception):
    """Where expected and actual part."""

    def __init__(self, path, expected, actual):
        super().__init__(path)
        self.path, self.expected, self.actual = path, expected, actual

    def __str__(self):
        return f"{self.path or '/'}: expected {_short(self.expected)}, got {_short(self.actual)}"


def _short(value, limit=300):
    text = value if isinstance(value, _Words) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[:limit] + "..."


class _Words(str):
    """Said by us, not recorded: printed without quotes."""


NOTHING = _Words("nothing")


class Matcher:
    """The bindings of one case. day: when it was recorded, yyyymmdd."""

    def __init__(self, day, bindings):
        self.day = day
        self.bindings = bindings

    def attempt(self, function, *args):
        """Calls function; when it finds a mismatch the bindings are as before, and it is raised."""
        saved = dict(self.bindings)
        try:
            return function(*args)
        except Mismatch:
            self.bindings.clear()
            self.bindings.update(saved)
            raise

    def match(self, expected, actual, path="", inside=False):
        """Raises Mismatch at the first difference. A JSON text of an object is recorded as the
        object; inside of one, texts are texts."""
        if isinstance(expected, str):
            self.match_text(expected, actual, path)
        elif isinstance(expected, dict):
            if isinstance(actual, str) and not inside:
                actual, inside = parsed(actual, dict), True
            self.match_object(expected, actual, path, inside)
        elif isinstance(expected, list):
            self.match_list(expected, actual, path, inside)
        elif type(expected) is not type(actual) or expected != actual:
            raise Mismatch(path, expected, actual)

    def match_object(self, expected, actual, path, inside):
        if not isinstance(actual, dict):
            raise Mismatch(path, expected, actual)
        for member, value in expected.items():
            if member not in actual:
                if value is None:
                    continue
                raise Mismatch(f"{path}/{member}", value, NOTHING)
            self.match(value, actual[member], f"{path}/{member}", inside)
        for member, value in actual.items():
            if member not in expected and not self.is_younger(path, member):
                raise Mismatch(f"{path}/{member}", NOTHING, value)

    def is_younger(self, path, member):
        return any(member == m and path.endswith(end) and self.day < since
                   for end, m, since in GAINED)

    def match_list(self, expected, actual, path, inside):
        if not isinstance(actual, list):
            raise Mismatch(path, expected, actual)
        for index, (one, other) in enumerate(zip(expected, actual)):
            self.match(one, other, f"{path}/{index}", inside)
        if len(expected) != len(actual):
            raise Mismatch(path, _Words(f"{len(expected)} elements"),
                           _Words(f"{len(actual)} elements"))

    def match_text(self, expected, actual, path):
        if ANY_DETAIL.match(expected):
            return
        if is_any(expected, actual):
            return
        if not isinstance(actual, str):
            raise Mismatch(path, expected, actual)
        if expected == actual or self.same_array(expected, actual):
            return
        if is_any(parsed(expected, str), parsed(actual, object)):
            return              # the JSON text of such a value
        if LENGTH_HEADER.search(path) and actual.isdigit():
            return
        pattern, names = self.pattern(expected)
        found = re.fullmatch(pattern, actual, re.S)
        if not found:
            raise Mismatch(path, self.filled(expected), actual)
        for name in names:
            self.bindings[name] = found.group(names[name])

    def same_array(self, expected, actual):
        """Until mid 2024 the blanks of an array were kept where they are dropped today."""
        if self.day >= 20240601 or expected[:1] != "[" or actual[:1] != "[":
            return False
        try:
            return json.loads(expected) == json.loads(actual)
        except ValueError:
            return False

    def pattern(self, text):
        """The regular expression of a text with placeholders, and the groups that bind some."""
        out, names, at = [], {}, 0
        for found in PLACEHOLDER.finditer(text):
            name = found.group(1)
            out.append(re.escape(text[at:found.start()]))
            at = found.end()
            if name in self.bindings and name not in ANY_TEXT:
                out.append(re.escape(self.bindings[name]))
            elif name in names:
                out.append(f"(?P={names[name]})")
            elif name in ANY_TEXT:
                out.append(".+?")
            else:
                group = f"g{len(names)}"
                names[name] = group
                out.append(f"(?P<{group}>.+?)")
        out.append(re.escape(text[at:]))
        return "".join(out), names

    def filled(self, text):
        """The text with what is known of its placeholders, for people."""
        return PLACEHOLDER.sub(lambda m: self.bindings.get(m.group(1), m.group(0)), text)


def is_any(expected, actual):
    """Does expected stand for something that differs at every run, and actual look like it?"""
    if expected in ANY_SHAPE:
        return isinstance(actual, str) and ANY_SHAPE[expected].fullmatch(actual) is not None
    bare = expected[1:-1] if expected[1:-1] in ANY_TEXT else expected
    if HEADER.match(expected):
        return isinstance(actual, list) and all(isinstance(value, str) for value in actual)
    return bare in ANY_VALUE and isinstance(actual, ANY_VALUE[bare])


def parsed(value, kind):
    """A JSON text as what it holds, when that is of the kind wanted; else the value itself."""
    if isinstance(value, str):
        try:
            inner = json.loads(value)
        except ValueError:
            return value
        if isinstance(inner, kind):
            return inner
    return value
