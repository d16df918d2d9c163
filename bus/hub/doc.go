// Package hub is `bus hub`: it follows the bus, keeps what was said in an archive,
// and serves it by HTTP: /events (Server-Sent Events, resumed exactly), /raw and
// /id (as datagrepper answers them, for fedmsg's backlog), /healthz, /metrics and
// /status.json.
//
// What comes in is common/subscribe's business; the HTTP side stands on the archive
// alone.
package hub
