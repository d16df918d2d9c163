package setup

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"busbar/common/show"
)

// An Asker asks a person, where there is one.
type Asker struct {
	in  *bufio.Reader
	out io.Writer
}

// NewAsker asks on in and out; with in nil nobody is asked.
func NewAsker(in io.Reader, out io.Writer) *Asker {
	if in == nil {
		return &Asker{}
	}
	return &Asker{bufio.NewReader(in), out}
}

// Somebody says whether there is somebody to ask.
func (a *Asker) Somebody() bool { return a.in != nil }

var errNoAnswer = errors.New("no answer came, and nothing was done")

// Ask is what a person answers, or where nobody does, the proposal.
func (a *Asker) Ask(question, proposal string) (string, error) {
	if a.in == nil {
		return proposal, nil
	}
	if proposal != "" {
		question += " [" + proposal + "]"
	}
	show.Fprintf(a.out, "%s: ", question)
	line, err := a.in.ReadString('\n')
	if err != nil {
		show.Fprintln(a.out)
		return "", errNoAnswer
	}
	if line = strings.TrimSpace(line); line == "" {
		return proposal, nil
	}
	return line, nil
}

// Yes asks a question; nobody says yes.
func (a *Asker) Yes(question string) (bool, error) {
	answer, err := a.Ask(question+" (yes or no)", "yes")
	return strings.HasPrefix(strings.ToLower(answer), "y"), err
}
