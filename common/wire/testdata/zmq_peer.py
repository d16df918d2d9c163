"""A libzmq peer for the tests: reads commands from its arguments, prints what happens.

sub ENDPOINT COUNT [MS]    connect a SUB, print "ready", then "N" per message of two frames;
                           with MS, it pings and drops who does not answer in that time
pub COUNT                  bind a PUB, print its endpoint; send COUNT numbered messages for each line read
bound                      bind a SUB, print its endpoint, then each message as "TOPIC BODY"
"""
import sys

import zmq


def say(*words):
    print(*words, flush=True)


def sub(endpoint, count, within=0):
    s = zmq.Context().socket(zmq.SUB)
    if int(within):
        s.setsockopt(zmq.HEARTBEAT_IVL, int(within) // 5)
        s.setsockopt(zmq.HEARTBEAT_TIMEOUT, int(within))
    s.setsockopt(zmq.RECONNECT_IVL, 20)
    s.setsockopt(zmq.RCVHWM, 0)
    s.setsockopt(zmq.SUBSCRIBE, b"org.example")
    s.setsockopt(zmq.SUBSCRIBE, b"unwanted")
    s.setsockopt(zmq.UNSUBSCRIBE, b"unwanted")
    s.connect(endpoint)
    say("ready")
    for _ in range(int(count)):
        frames = s.recv_multipart()
        if len(frames) != 2 or not frames[0].startswith(b"org.example"):
            say("bad", frames)
            return 1
        say(int.from_bytes(frames[1][:8], "big"))
    return 0


def pub(count):
    s = zmq.Context().socket(zmq.PUB)
    s.setsockopt(zmq.SNDHWM, 0)
    s.setsockopt(zmq.HEARTBEAT_IVL, 50)
    s.setsockopt(zmq.HEARTBEAT_TIMEOUT, 30000)
    port = s.bind_to_random_port("tcp://127.0.0.1")
    say("tcp://127.0.0.1:%d" % port)
    for line in sys.stdin:
        if line.startswith("odd"):
            s.send_multipart([b"org.example.one"])
            s.send_multipart([b"org.example", b"b", b"c"])
            s.send_multipart([b"org.example\xff", b"b"])
            continue
        for n in range(int(count)):
            s.send_multipart([b"org.other", b"unwanted"])
            s.send_multipart([b"org.example.n", n.to_bytes(8, "big") + bytes(n % 500)])
    s.close(linger=0)
    return 0


def bound():
    s = zmq.Context().socket(zmq.SUB)
    s.setsockopt(zmq.SUBSCRIBE, b"")
    port = s.bind_to_random_port("tcp://127.0.0.1")
    say("tcp://127.0.0.1:%d" % port)
    while True:
        say(*(f.decode() for f in s.recv_multipart()))


sys.exit({"sub": sub, "pub": pub, "bound": bound}[sys.argv[1]](*sys.argv[2:]))
