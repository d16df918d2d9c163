package config

import "busbar/common/secret"

// Check is the [check] table: with which sources bus check --state compares.
type Check struct {
	Tracker secret.URL `toml:"tracker" doc:"The bug tracker's SOAP address, such as https://bugs.debian.org/cgi-bin/soap.cgi, for bus check --state."`
	Rate    int        `toml:"rate" doc:"Requests a minute to the tracker at most; each asks for 500 bugs."`
	Queue   secret.URL `toml:"queue" doc:"The build queue's database, for bus check --state: postgres://USER@HOST/DATABASE, service=NAME, sqlite:PATH; or file:PATH, a file that holds one of these, for one with a password."`
}

// DefaultCheck is the [check] table before any file is read.
func DefaultCheck() Check { return Check{Rate: 12} }
