// Package replay says again what a publisher's journal keeps: which messages may be
// asked for, and what the answers are.
package replay
