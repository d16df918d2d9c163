// Package forward is `bus forward`: all that is said on the bus goes into a broker, for
// those who outgrow one machine. It is a durable subscriber whose way out is a sink.
//
// A store makes a journal of what the subscriber hands out (common/subscribe), and the
// loop of all ways out empties it (common/drain) into the sink of a broker. So each
// broker is a package below this one that passes the suite of all sinks
// (common/drain/draintest), and knows nothing of subscribers: bus/forward/nats is the
// first. What a sink finds at its far side after a crash it finds by a bookmark, which is
// stored with the position.
//
// Not here: how messages come, are repaired and remembered (common/subscribe).
package forward
