# skewed.py ENDPOINT SECONDS: a publisher whose clock is so far ahead. It says heartbeats
# alone, and signs nothing.
import json
import signal
import sys
import time
import uuid

import zmq

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
pub = zmq.Context().socket(zmq.PUB)
pub.bind(sys.argv[1])
topic = "org.debian.dev.busbar._heartbeat"
while True:
    now = time.time() + float(sys.argv[2])
    message = {
        "topic": topic, "msg_id": "2026-%s" % uuid.uuid4(), "i": 1, "timestamp": int(now), "username": "skewed",
        "publisher": "skewed.here", "epoch": "1", "msg": {"newest": 0, "interval": 1},
    }
    pub.send_multipart([topic.encode(), json.dumps(message).encode()])
    time.sleep(0.1)
