// Package web is the pages of a hub: what was said, in sentences, for people; the same
// for programs as JSON, lines of JSON and feeds. It reads an archive and changes
// nothing.
//
// Each page is complete without scripts. With them, lines come in while it is open,
// by the hub's /events. What a stranger wrote stands in pages as text alone.
//
// Not here: the server, its limits, and /events, /raw and /id (bus/hub).
package web
