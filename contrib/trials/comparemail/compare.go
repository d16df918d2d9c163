package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"

	"busbar/common/mail"
)

//go:embed reader.py
var reader string

// A difference is one field of one mail that the two readers read otherwise.
type difference struct {
	file, field  string
	ours, theirs string
}

func (d difference) String() string {
	return fmt.Sprintf("%s: %s\n  ours   %.300s\n  python %.300s", d.file, d.field, d.ours, d.theirs)
}

// A reading is what a reader found in a mail; a missing value is nil.
type reading map[string]any

// compare reads the files with both.
func compare(files []string) ([]difference, error) {
	python := exec.Command("python3", "-c", reader)
	python.Stdin = strings.NewReader(strings.Join(files, "\n") + "\n")
	python.Stderr = os.Stderr
	out, err := python.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting python3: %w", err)
	}
	if err := python.Start(); err != nil {
		return nil, fmt.Errorf("starting python3: %w", err)
	}
	var all []difference
	answers := bufio.NewReader(out)
	for _, file := range files {
		line, err := answers.ReadBytes('\n')
		if err != nil {
			return nil, fmt.Errorf("reading %s with python3: %w", file, err)
		}
		var theirs reading
		if err := json.Unmarshal(line, &theirs); err != nil {
			return nil, fmt.Errorf("reading %s with python3: %w", file, err)
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a mail: %w", err)
		}
		all = append(all, differ(file, ours(raw), tidy(theirs))...)
	}
	if err := python.Wait(); err != nil {
		return nil, fmt.Errorf("running python3: %w", err)
	}
	return all, nil
}

// ours is what common/mail finds.
func ours(raw []byte) reading {
	m := mail.Parse(raw, mail.Limits{})
	people := func(name string) []any {
		all := []any{}
		for _, a := range m.Header.Addresses(name) {
			all = append(all, []any{a.Name, a.Email})
		}
		return all
	}
	names := []any{}
	for _, a := range m.Attachments() {
		if a.Name != "" {
			names = append(names, a.Name)
		}
	}
	r := reading{
		"from": people("From"), "to": people("To"), "subject": m.Header.Get("Subject"), "id": m.Header.MessageID("Message-ID"),
		"list": m.ListID(), "text": m.Text(), "names": names,
	}
	if at, _ := m.Header.Time("Date"); !at.IsZero() {
		r["date"] = float64(at.Unix())
	}
	return tidy(r)
}

// tidy takes out what is a matter of form: blanks, brackets, letters' case.
func tidy(r reading) reading {
	for key, value := range r {
		if s, is := value.(string); is {
			switch key {
			case "id":
				s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s), "<"), ">")
			case "list":
				if i := strings.LastIndexByte(s, '<'); i >= 0 {
					s, _, _ = strings.Cut(s[i+1:], ">")
				}
				s = strings.ToLower(s)
			}
			r[key] = strings.Join(strings.Fields(s), " ")
		}
	}
	return r
}

// differ compares what both could read.
func differ(file string, ours, theirs reading) []difference {
	var all []difference
	for _, field := range []string{"from", "to", "subject", "date", "id", "list", "text", "names"} {
		a, b := ours[field], theirs[field]
		if field == "from" || field == "to" {
			a, b = named(a, b)
		}
		if b == nil || b == "" || reflect.DeepEqual(b, []any{}) || reflect.DeepEqual(a, b) {
			continue // what Python does not see is nothing to compare with
		}
		all = append(all, difference{file, field, fmt.Sprint(a), fmt.Sprint(b)})
	}
	return all
}

// named takes out of two lists of people the names that Python does not see, as
// those in comments behind an address, and blanks that do not count.
func named(ours, theirs any) (a, b any) {
	mine, ok := ours.([]any)
	other, ok2 := theirs.([]any)
	if !ok || !ok2 || len(mine) != len(other) {
		return ours, theirs
	}
	x, y := []any{}, []any{}
	for i := range mine {
		m, o := mine[i].([]any), other[i].([]any)
		name := strings.Join(strings.Fields(fmt.Sprint(o[0])), " ")
		own := m[0]
		if name == "" {
			own = ""
		}
		x, y = append(x, []any{own, m[1]}), append(y, []any{name, o[1]})
	}
	return x, y
}
