// Package wire carries messages between machines, as fedmsg does: PUB and SUB
// of ZeroMQ over TCP, two frames a message (topic, JSON). It is built in layers:
//
//	guard       a transport under go-zeromq/zmq4 that hostile and slow peers cannot harm
//	Pub, Sub    plain sockets: send and receive frames
//	Publisher   a journal's messages from its cursor, and heartbeats
//	Follower    parsed, verified messages; gaps and duplicates noticed
//
// PUB and SUB lose by nature: what is said while a subscriber is away never
// reaches it. Sequence numbers in every message, and the newest one in every
// heartbeat, make each loss visible to it.
//
// Not here: repairing a loss by replay (common/subscribe), finding publishers
// (common/discovery), and what messages mean.
package wire
