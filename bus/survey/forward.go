package survey

import (
	"context"

	"busbar/common/program"
)

// A Forward is what a `bus forward` says of itself.
type Forward struct {
	Daemon
	Stream struct {
		Server string `json:"server"`
		Stream string `json:"stream"`
	} `json:"stream"`
	Forwarded int64 `json:"forwarded"` // since its start
	Waiting   int   `json:"waiting"`
	Missed    int   `json:"missed"`
}

// ForwardsOf are those that the flags name, else the one of this machine, where servers
// are configured (to). Its address is empty where it listens nowhere.
func ForwardsOf(flags, to []string, listen string) []string {
	return placesOf(flags, len(to) > 0, listen)
}

// AskForward asks a `bus forward` once.
func AskForward(ctx context.Context, at string) Forward {
	var f Forward
	if at != "" {
		if err := ask(ctx, at, "a bus forward, such as http://127.0.0.1:9482", &f); err != nil {
			f = Forward{Daemon: Daemon{Error: err.Error()}}
		}
	}
	f.URL = at
	return f
}

// Name is where it is, for people.
func (f Forward) Name() string { return f.name("bus forward") }

// Findings are what is wrong with it, and what it says is.
func (f Forward) Findings() []program.Finding {
	return f.findings("bus forward", "forward", "127.0.0.1:9482")
}
