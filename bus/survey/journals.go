package survey

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/BurntSushi/toml"

	"busbar/common/condition"
	"busbar/common/config"
	"busbar/common/journal"
	"busbar/common/node"
	"busbar/common/program"
)

// A Journal is one on this machine.
type Journal struct {
	File      string    `json:"file"`
	Error     string    `json:"error,omitempty"` // why it cannot be read
	Publisher string    `json:"publisher,omitempty"`
	Epoch     string    `json:"epoch,omitempty"`
	Newest    int64     `json:"newest"`
	Message   time.Time `json:"message,omitzero"` // when the newest was taken
	Behind    int64     `json:"behind"`           // messages that the slowest way out has not sent
	Poisoned  int64     `json:"poisoned"`
	Bytes     int64     `json:"bytes"`
	Process   int       `json:"process"` // the daemon; 0: none answers
	// Conditions are what the daemon says of itself, or what can be seen without it.
	Conditions []condition.Condition `json:"conditions"`

	denied bool // it is there, and not for us
}

// maxJournals bounds how many journals are looked at.
const maxJournals = 100

// JournalsIn finds the journals of this machine: in the folders of programs, and where
// the configuration of one says.
func JournalsIn(dir, etc string) []string {

	files, _ := filepath.Glob(filepath.Join(dir, "*", "journal.db")) // the pattern is well formed
	configs, _ := filepath.Glob(filepath.Join(etc, "*.toml"))
	for _, file := range configs {
		var c struct {
			Bus struct {
				Journal string `toml:"journal"`
			} `toml:"bus"`
		}
		if _, err := toml.DecodeFile(file, &c); err == nil && c.Bus.Journal != "" {
			files = append(files, c.Bus.Journal)
		}
	}
	slices.Sort(files)
	files = slices.Compact(files)
	return files[:min(len(files), maxJournals)]
}

// ReadJournals reads journals.
func ReadJournals(ctx context.Context, files []string) []Journal {
	list := []Journal{}
	for _, file := range files {
		j := Journal{File: file, Conditions: []condition.Condition{}}
		if err := j.read(ctx); err != nil {
			j.Error, j.denied = err.Error(), errors.Is(err, fs.ErrPermission)
		}
		list = append(list, j)
	}
	return list
}

// read reads one, and asks who writes it.
func (j *Journal) read(ctx context.Context) error {
	if f, err := os.Open(j.File); err != nil {
		return err
	} else if err := f.Close(); err != nil {
		return err
	}
	r, err := journal.OpenReader(ctx, j.File)
	if err != nil {
		return err
	}
	defer r.Close()
	bus := config.Bus{Journal: j.File}
	list, live, err := node.Outlook{Program: j.program(), Bus: bus, Sign: config.Sign{Backend: "none"}}.State(ctx)
	if err != nil {
		list = append(list, condition.Condition{Name: "daemon", Level: condition.Warn, Since: time.Now(), Text: err.Error()})
	}
	j.Conditions = append(j.Conditions, list...)
	if live != nil {
		j.Process = live.Process
	}
	c, err := r.Counts(ctx)
	if err != nil {
		return err
	}
	j.Publisher, j.Epoch, j.Newest, j.Poisoned, j.Bytes = c.Identity.Name, c.Epoch, c.LastSeq, c.Poisoned, c.FileBytes
	if c.Messages > 0 {
		last, err := r.Last(ctx)
		if err != nil {
			return err
		}
		j.Message = last.Time.UTC()
	}
	sinks, err := r.Sinks(ctx)
	for _, s := range sinks {
		j.Behind = max(j.Behind, s.Behind)
	}
	return err
}

// Findings are what is wrong with it.
func (j Journal) Findings() []program.Finding {
	what := j.Publisher
	if what == "" {
		what = j.File
	}
	var list []program.Finding
	switch {
	case j.denied:
		list = append(list, program.Finding{What: what, Level: "warn", Detail: "the journal is not for this user to read (run as root, or as one of the group busbar)"})
	case j.Error != "":
		list = append(list, program.Found(what, fmt.Errorf("the journal cannot be read: %s", j.Error), ""))
	case j.Process == 0 && !journal.InUse(j.File):
		list = append(list, program.Finding{What: what, Level: "warn", Detail: "no daemon writes its journal, " + j.File + " (look whether its program should run)"})
	}
	for _, c := range j.Conditions {
		list = append(list, OfCondition(what, c))
	}
	return list
}

// program is whose journal it is, by the name of its folder.
func (j Journal) program() string { return filepath.Base(filepath.Dir(j.File)) }
