// Package guard carries the sockets of go-zeromq/zmq4 safely over TCP.
//
// zmq4 v0.17.0 has what a bus needs (PUB and SUB, subscriptions, framing)
// and must not meet a stranger: nine bytes stop its process, and one idle
// connection blocks all others. The guard stands between the two. It accepts,
// shakes hands and checks every frame itself, and gives zmq4 connections
// that behave: whole checked messages to read, and writes that never wait.
// It is registered with zmq4 as a transport, once a process; the endpoints
// that people write stay tcp://HOST:PORT.
//
//	peer ⇄ TCP ⇄ guard: handshake, limits, PING, queue ⇄ zmq4: topics, sockets ⇄ application
//
// Requests and answers go past zmq4 (Exchange), on the same port: a listener reads a
// peer's socket type before it says its own, and is PUB to a SUB, REP to a REQ and
// ROUTER to a DEALER.
//
// The protocol is ZMTP 3.1 (RFC 37 of the ZeroMQ project, and RFC 23 for
// 3.0), mechanism NULL. zmq4's own handshake never reaches the network: the
// guard answers it, from what it has checked.
//
// What was found wrong with zmq4, what is done about it, and the test
// (TestZ… of this package or of wire):
//
//	Z1  a long frame header stops the process      a frame is measured before memory is taken  Z1
//	Z2  a malformed READY stops the process        zmq4 reads a READY of the guard's making    Z2
//	Z3  an idle connection blocks all others       a goroutine and 2 s for each handshake      Z3
//	Z4  endless MORE frames fill the memory        a limit for the message and its frames      Z4
//	Z5  a stalled subscriber starves the others    a queue and a writer for each               Z5
//	Z6  a stalled subscriber fills the memory      queues bounded in bytes, also in sum        Z6
//	Z7  PING is not answered                       the guard answers, zmq4 never sees it       Z7
//	Z8  after ten PINGs a PUB hears nothing        zmq4's PUB is given subscriptions only      Z8
//	Z9  a SUB gives up reconnecting                wire.Sub redials, for ever                  Z9
//	Z10 a SUB redials the last endpoint only       one socket for each endpoint                Z10
//	Z11 PUSH and DEALER copy to every peer         they are not offered; an Exchange goes      Z11
//	                                               past zmq4
//	Z12 Close loses what is queued                 a mark through zmq4's list, then a linger   Z12
//	Z13 a PLAIN server takes any password          only NULL is offered                        Z13
//	Z14 there is no CURVE                          refused with its reason; use a tunnel       Z13
//	Z15 there are no monitor events                Stats and a log                             Z15
//	Z16 ports leak, accept spins                   one listener for all addresses; back-off    Z16
//	Z17 Recv and Dial know no deadline             the guard dials, within the context         Z17
//	Z18 Send does two writes a frame               whole messages, 32 KiB a write              Z18
//	Z19 XPUB hides the subscriptions               WaitSubscriber; XPUB is not offered         Z19
//	Z20 failed handshakes stay open                closed at once                              Z20
//	Z21 goroutines stay after Close                a Sub leaves none, a Pub one (zmq4's own)   Z21
//	Z22 reports about REQ, ROUTER, NetMQ           no test: zmq4's REQ and ROUTER are not
//	                                               used, and NetMQ's greeting needs NetMQ
//
// Not here: encryption and authentication (messages are signed; a network
// that is not trusted needs a tunnel), ZMTP 2 and older (libzmq 3), ipc and
// inproc, redialling (package wire), and delivery that survives anything
// (package journal).
package guard
