// Package replay says again what a publisher's journal keeps. A [Server] answers
// REQ and DEALER peers of ZeroMQ, on the port of the publisher's PUB and elsewhere;
// a [Client] fetches a range.
//
// There are two forms: fedmsg's queries, one request and one bounded reply; and a
// stream of bounded parts, which the client paces and may resume. Both are
// described in docs/reference/replay.md. The bytes are those that were published.
//
// Not here: sockets and the handshake (common/wire/guard), verifying what comes
// (common/sign), and which ranges are missing (common/wire).
package replay
