// Package canary sends a marked item through a channel now and then, and recognises
// it where it comes out, so that a channel that is broken can be told from a service
// that has nothing to say.
//
// A [Keeper] looks after one channel of one adapter. The program brings the item into
// the channel ([Route]); it comes out as all items do, is told from them by its token,
// and becomes busbar.canary.pass. One that does not come for two intervals is a
// condition, and said once as busbar.canary.miss; when they come again, that is
// busbar.canary.return.
//
// A token is a number, a time and an HMAC of both with a key that this adapter alone
// has. What bears a token is never read as a fact; a token that is not ours is refused.
//
// Not here: how an item is brought into a channel (the programs), and what a hub makes
// of these events (bus/hub).
package canary
