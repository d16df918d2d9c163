// Package tracker asks debbugs, Debian's bug tracking system, through its SOAP
// interface: which bugs there are, how they are, and what their logs hold.
//
// debbugs answers a field with whatever type its content looks like, lists as
// text, and a single one of several as a number. What comes out here has one
// form each.
//
// Not here: SOAP itself (soapbus/soap), which bugs to ask for and when, what a
// change means (adapters/debbugs).
package tracker
