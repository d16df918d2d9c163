// Package subscribe is for programs that listen to the bus and must not miss
// anything: whatever is cut, restarted or killed, on either side.
//
// A Subscriber connects to all publishers that it finds, verifies what they say, and
// hands it out: of each publisher in order, each id once. It remembers on disk how far
// the caller is. What it did not get (it was away, a connection was cut, the caller
// was slow) it asks the publisher for again (package replay), before it hands out
// anything that comes behind. What nobody has any more comes out as a Gap, in its
// place.
//
//	s, err := subscribe.Open(ctx, subscribe.Options{
//		Publishers: []string{"srv:example.org"},
//		Verifier:   verifier,
//		File:       "/var/lib/example/position",
//	})
//	for {
//		m, err := s.Next(ctx) // a message, or a gap
//		…                     // do what is to be done
//		err = s.Ack(ctx, m)   // and say that it is done
//	}
//
// A position is stored when its message is acknowledged. So after a crash some
// messages may come again, those that were handed out and not acknowledged; none is
// left out. Who keeps data in SQLite or PostgreSQL can store the position in the same
// transaction (Options.DB, Subscriber.Record): then none comes again either.
//
// Memory is bounded whatever others do. What waits to be handed out is bounded in
// bytes, what is handed out and not acknowledged in number. A caller that is slower
// than the bus has the rest dropped here and asked for later, at its own pace.
//
// A position that stands still while its publisher's heartbeats go on is an alarm
// (deaf): an error in the log, in Status and its Conditions, and a metric, with the
// second heartbeat at the latest. Heartbeats that do not come are another (silent).
//
// Publishers that number nothing, as fedmsg's own, are followed live, and Message.Live
// and Status say so: nobody can tell what is lost of them.
//
// A sequence belongs to the certificate that signs it: nobody can spoil another's
// position by using its name. Its numbers, ids and hashes tell if its journal was
// lost or put back to an older copy.
//
// Not here: what messages mean, and filters. Whoever wants few messages acknowledges
// the others at once, for a filtered stream cannot show what is missing.
package subscribe
