#!/usr/bin/python3
"""A fedmsg subscriber's check of signatures, and nothing of ours.

    verify.py --ca ca.crt [--crl crl.pem] [--policy policy.json] < messages

Each line of standard input is the second frame of one message. For each, one
line of JSON is written: {"ok": true, "signer": "CN", "topic": "..."} or
{"ok": false, "reason": "..."}. The exit status is 1 if any was refused.

It follows fedmsg's rules alone: parse, take "signature" and "certificate"
away, write the rest with sorted keys and no spaces, verify RSA PKCS#1 v1.5
with SHA-1. It knows nothing of members that fedmsg does not know. Needs
Python's "cryptography".
"""
import argparse
import base64
import datetime
import json
import sys

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import NameOID


class Refused(Exception):
    pass


def instant(thing, name):
    """A date of a certificate or list, whatever the library's age."""
    if hasattr(thing, name + "_utc"):
        return getattr(thing, name + "_utc")
    return getattr(thing, name).replace(tzinfo=datetime.timezone.utc)


def check_chain(cert, ca, crl, now):
    if cert.issuer != ca.subject:
        raise Refused("issued by somebody else")
    for c in (cert, ca):
        if not instant(c, "not_valid_before") <= now <= instant(c, "not_valid_after"):
            raise Refused("certificate out of date")
    try:
        ca.public_key().verify(cert.signature, cert.tbs_certificate_bytes,
                               padding.PKCS1v15(), cert.signature_hash_algorithm)
    except InvalidSignature:
        raise Refused("certificate not signed by the CA")
    if crl is None:
        return
    if not crl.is_signature_valid(ca.public_key()):
        raise Refused("revocation list not signed by the CA")
    if not instant(crl, "last_update") <= now <= instant(crl, "next_update"):
        raise Refused("revocation list out of date")
    if crl.get_revoked_certificate_by_serial_number(cert.serial_number):
        raise Refused("certificate revoked")


def verify(body, ca, crl, policy, now):
    message = json.loads(body)
    if not isinstance(message, dict):
        raise Refused("not an object")
    if message.get("crypto", "x509") != "x509":
        raise Refused("another backend")
    for field in ("signature", "certificate"):
        if not isinstance(message.get(field), str):
            raise Refused("no " + field)
    signature = base64.b64decode(message.pop("signature"))
    cert = x509.load_pem_x509_certificate(base64.b64decode(message.pop("certificate")))
    check_chain(cert, ca, crl, now)
    signed = json.dumps(message, sort_keys=True, separators=(",", ":")).encode("ascii")
    try:
        cert.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA1())
    except InvalidSignature:
        raise Refused("signature does not hold")
    signer = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    topic = message.get("topic")
    if topic in policy and signer not in policy[topic]:
        raise Refused("policy")
    return {"ok": True, "signer": signer, "topic": topic}


def read(path, load):
    if path is None:
        return None
    with open(path, "rb") as f:
        return load(f.read())


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--ca", required=True)
    options.add_argument("--crl")
    options.add_argument("--policy")
    options = options.parse_args()
    ca = read(options.ca, x509.load_pem_x509_certificate)
    crl = read(options.crl, x509.load_pem_x509_crl)
    policy = read(options.policy, json.loads) or {}
    refused = False
    for line in sys.stdin.buffer:
        now = datetime.datetime.now(datetime.timezone.utc)
        try:
            answer = verify(line, ca, crl, policy, now)
        except Exception as e:  # whatever it is, the message is not to be believed
            answer = {"ok": False, "reason": "%s: %s" % (type(e).__name__, e)}
            refused = True
        print(json.dumps(answer), flush=True)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
