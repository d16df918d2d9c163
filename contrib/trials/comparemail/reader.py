"""Reads the mails whose paths stand on standard input, one a line, with Python's
email package, and prints for each a line of JSON: what a mail program would show.
A value that Python cannot give is null."""

import email
import email.policy
import json
import sys


def attempt(read):
    try:
        return read()
    except Exception:  # the package gives up on some headers with any error
        return None


def clean(value):
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, (list, tuple)):
        return [clean(v) for v in value]
    return value


def people(message, name):
    fields = message.get_all(name) or []
    return [[a.display_name, a.addr_spec] for f in fields for a in f.addresses]


def text(message):
    body = message.get_body(preferencelist=("plain",))
    return None if body is None else body.get_content()


def read(path):
    with open(path, "rb") as f:
        message = email.message_from_binary_file(f, policy=email.policy.default)
    found = {
        "from": lambda: people(message, "from"),
        "to": lambda: people(message, "to"),
        "subject": lambda: str(message["subject"] or ""),
        "date": lambda: int(message["date"].datetime.timestamp()),
        "id": lambda: str(message["message-id"] or ""),
        "list": lambda: str(message["list-id"] or ""),
        "text": lambda: text(message),
        "names": lambda: [p.get_filename() for p in message.walk() if p.get_filename()],
    }
    return {key: clean(attempt(value)) for key, value in found.items()}


for line in sys.stdin:
    print(json.dumps(attempt(lambda: read(line.rstrip("\n"))) or {}), flush=True)
