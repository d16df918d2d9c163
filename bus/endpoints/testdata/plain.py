# plain.py PUB REP: a publisher as fedmsg is one, which says nothing, and answers
# requests for replay with an error.
import signal
import sys

import zmq

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
context = zmq.Context()
pub = context.socket(zmq.PUB)
pub.bind(sys.argv[1])
rep = context.socket(zmq.REP)
rep.bind(sys.argv[2])
while True:
    rep.recv_multipart()
    rep.send(b"error: 'no'")
