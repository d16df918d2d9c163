// Package event is what Busbar says: one fact (Event), the kinds of facts that
// exist (Kind), how a fact is named (topic, id) and the bytes in which it
// travels (Envelope, canonical JSON).
//
// The wire form is fedmsg's: a JSON object whose canonical bytes are signed, so
// the encoding is part of the contract (see Canonical). Times in bodies and
// envelope members of our own are RFC 3339 strings in UTC; only "timestamp" is
// in Unix seconds, because fedmsg says so.
//
// Not here: signatures (common/sign), storage (common/journal), sockets
// (common/wire), and what any single service says (adapters/).
package event
