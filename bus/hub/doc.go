// Package hub is `bus hub`: it follows the bus, keeps what was said in an archive,
// publishes it by ZeroMQ as it came, says it again to who asks (common/replay), and
// serves it by HTTP: /events (Server-Sent Events, resumed exactly), /raw and
// /id (as datagrepper answers them, for fedmsg's backlog), /healthz, /metrics and
// /status.json.
//
// What comes in is common/subscribe's business, and of those who cannot be subscribed
// to, that of push (posts) and relay (PUB and PUSH that connect); what goes out stands
// on the archive alone.
package hub
