"""A libzmq subscriber: zmqsub.py bind|connect ENDPOINT COUNT [TOPIC]

Prints "I TOPIC MSG CRYPTO" for each message of two frames, and touches
the file "ready" once it listens.
"""
import json
import sys

import zmq

how, endpoint, count = sys.argv[1:4]
sub = zmq.Context().socket(zmq.SUB)
sub.setsockopt(zmq.SUBSCRIBE, sys.argv[4].encode() if len(sys.argv) > 4 else b"")
sub.setsockopt(zmq.RCVTIMEO, 60000)
sub.setsockopt(zmq.RECONNECT_IVL, 20)
getattr(sub, how)(endpoint)
open("ready", "w").close()
for _ in range(int(count)):
    topic, body = sub.recv_multipart()
    message = json.loads(body)
    assert message["topic"] == topic.decode(), message
    print(message["i"], topic.decode(), json.dumps(message["msg"], sort_keys=True), message.get("crypto"), flush=True)
