"""fedmsg's two sides, by its documented format alone: libzmq, json, cryptography.

sub ENDPOINT            print a JSON line for each message: its frames, as text
pub ENDPOINT CERT KEY   bind, and publish signed messages until standard input ends
active ENDPOINT CERT KEY  the same, connected to a relay (active=True)
push ENDPOINT CERT KEY  the same, by a PUSH socket
"""
import base64
import json
import sys
import threading
import time
import uuid

import zmq
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def sub(endpoint):
    s = zmq.Context().socket(zmq.SUB)
    s.setsockopt(zmq.SUBSCRIBE, b"org.debian.")
    s.setsockopt(zmq.RECONNECT_IVL, 20)
    s.setsockopt(zmq.RCVTIMEO, 60000)
    s.connect(endpoint)
    while True:
        print(json.dumps([f.decode("utf-8") for f in s.recv_multipart()]), flush=True)


def wrap(raw):
    """Base64 in lines of 76 with a newline at the end, as Python's encodebytes."""
    return base64.encodebytes(raw).decode("ascii")


def sign(message, cert, key):
    message["crypto"] = "x509"
    signed = json.dumps(message, sort_keys=True, separators=(",", ":")).encode("ascii")
    message["signature"] = wrap(key.sign(signed, padding.PKCS1v15(), hashes.SHA1()))
    message["certificate"] = wrap(cert)
    return message


def pub(endpoint, certfile, keyfile, kind=zmq.PUB, connect=False):
    with open(certfile, "rb") as f:
        cert = f.read()
    cert = cert[cert.index(b"-----BEGIN CERTIFICATE-----"):]
    with open(keyfile, "rb") as f:
        key = serialization.load_pem_private_key(f.read(), None)
    s = zmq.Context().socket(kind)
    s.setsockopt(zmq.LINGER, 1000)
    if connect:
        s.connect(endpoint)
    else:
        s.bind(endpoint)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    i = 0
    while not ended.wait(0.05):
        i += 1
        message = sign({
            "topic": "org.debian.dev.git.repo.update", "i": i, "timestamp": int(time.time()), "username": "nora",
            "msg_id": "%s-%s" % (time.strftime("%Y"), uuid.uuid4()),
            "msg": {"repo": "teapot", "title": "d\u00e9j\u00e0 <vu> & \U0001f600", "size": 12345678901234567890, "share": 0.1},
        }, cert, key)
        if i % 2 == 0:
            message["msg"]["repo"] = "forged"
        # fedmsg itself sends with its encoder's own order and spaces.
        s.send_multipart([message["topic"].encode(), json.dumps(message).encode()])
    return 0


def active(*args):
    return pub(*args, connect=True)


def push(*args):
    return pub(*args, kind=zmq.PUSH, connect=True)


sys.exit({"sub": sub, "pub": pub, "active": active, "push": push}[sys.argv[1]](*sys.argv[2:]))
