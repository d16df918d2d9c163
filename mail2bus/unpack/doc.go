// Package unpack reads compressed files within bounds: gzip (RFC 1952), xz (its
// file format 1.1), Zstandard (RFC 8878), or none of these. A file says how much
// memory it takes to read; one that asks for more than 64 MiB is refused before
// that is taken, and one that turns into absurdly much is, too.
//
// Not here: what the files hold (package stored).
package unpack
