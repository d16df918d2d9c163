// Package sweep polls a bug tracker, level-triggered: it compares what the
// tracker says of each bug with what was last published of it, and never asks "what
// happened?", which the tracker cannot answer.
//
// A round asks for new numbers, for the bugs that changed lately, for those that
// somebody hinted at, and for a share of all others, so that each is asked once
// in a time that is configured. Where a bug differs, its log is read for the
// messages that are new. What is known of a bug is stored in the transaction of
// its news; where a round stands, after those of all that it found. So a kill at
// any moment, or a tracker that was away for days, costs time alone.
//
// Not here: SOAP (soapbus/soap), what replies mean (soapbus/tracker), and what
// changes become (adapters/debbugs).
package sweep
