package survey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"busbar/common/condition"
	"busbar/common/program"
)

// A Daemon is what each daemon beside the hub says of itself at /status.json.
type Daemon struct {
	URL        string                `json:"url"` // empty: it says nowhere how it is
	Error      string                `json:"error,omitempty"`
	Version    string                `json:"version,omitempty"`
	Time       time.Time             `json:"time,omitzero"`
	Healthy    bool                  `json:"healthy"`
	Conditions []condition.Condition `json:"conditions"`
}

// placesOf are the daemons that flags name, else the one of this machine, if it is set up.
// Its address is empty where it listens nowhere.
func placesOf(flags []string, setUp bool, listen string) []string {
	if len(flags) == 0 && setUp {
		return []string{urlOf(listen)}
	}
	list := make([]string, 0, len(flags))
	for _, u := range flags {
		list = append(list, strings.TrimSuffix(u, "/"))
	}
	return list
}

// ask reads what the daemon at an address says into status.
func ask(ctx context.Context, at, want string, status any) error {
	ctx, cancel := context.WithTimeout(ctx, statusPatience)
	defer cancel()
	text, err := statusOf(ctx, at, want)
	if err != nil {
		return err
	}
	return parse(text, status)
}

func parse(text []byte, status any) error {
	if err := json.Unmarshal(text, status); err != nil {
		return fmt.Errorf("reading its answer: %w", err)
	}
	return nil
}

// name is where it is, for people.
func (t Daemon) name(command string) string {
	if t.URL == "" {
		return command
	}
	return t.URL
}

// findings are what is wrong with it, and what it says is. table is that of its
// configuration, and example an address where it may listen.
func (t Daemon) findings(command, table, example string) []program.Finding {
	switch {
	case t.URL == "":
		return []program.Finding{{What: command, Level: "warn", Detail: fmt.Sprintf("[%s] is set up, and nobody can ask how it is (set [%s] listen, such as %s)", table, table, example)}}
	case t.Error != "":
		return []program.Finding{program.Away(t.URL, fmt.Errorf("%s cannot be asked: %s (look whether it runs, and where [%s] listen is)", command, t.Error, table))}
	}
	var list []program.Finding
	for _, c := range t.Conditions {
		list = append(list, OfCondition(t.URL, c))
	}
	if !t.Healthy && !condition.Failed(t.Conditions) {
		list = append(list, program.Away(t.URL, errors.New(command+" says that it is not well (see its log)")))
	}
	return list
}
