// Package nats is the way out into NATS JetStream: a [drain.Sink] that publishes each
// message into one stream, exactly once.
//
// The subject of a message is its topic, its payload the published bytes, and its
// Nats-Msg-Id our id. Each message names the one before it, by its number in the stream
// and by its id, so that the server refuses whatever would be lost, doubled or out of
// order, however many are under way at once and whatever came of the connection
// meanwhile. After each failure, and at each start, the sink looks what the stream has
// behind the place up to which all was acknowledged, and goes on behind that.
//
// Neither number nor id alone would do. A server that was restarted after the time of
// duplicate_window knows no last id any more: so the first message after a look names
// the number alone, which was just read. And where another program writes into the
// stream, its messages may fill the numbers of ours that are refused, so that one that
// is still under way would fit: so each that follows names the id, too.
//
// Not here: where messages come from, retries and pauses (common/drain).
package nats
