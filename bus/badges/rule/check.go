package rule

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"busbar/bus/badges/medal"
	"busbar/common/archive"
)

// badge is what a form means, and all that is wrong in it.
func (form badgeForm) badge(prefix string) (*Badge, []error) {
	b := &Badge{Name: form.Name, Title: form.Title, Text: form.Text, Kind: Criterion(form.Criterion), Levels: form.Levels,
		Unit: form.Unit, Of: form.Of, Same: form.Same, Within: time.Duration(form.Within)}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if b.Title == "" || len(b.Title) > maxTitle || b.Text == "" || len(b.Text) > maxText || !utf8.ValidString(b.Title+b.Text) {
		bad("title and text are needed, and have at most %d and %d bytes", maxTitle, maxText)
	}
	if !slices.Contains(Criteria(), b.Kind) {
		bad("criterion %q is none of %s", form.Criterion, join(Criteria()))
		return b, errs
	}
	if b.Sign = cmp.Or(form.Sign, usual[b.Kind]); !slices.Contains(medal.Signs(), b.Sign) {
		bad("sign %q is none of %s", b.Sign, strings.Join(medal.Signs(), ", "))
	}
	errs = append(errs, form.keys(b)...)
	b.Parts = parts(form)
	for i := range b.Parts {
		if err := b.Parts[i].read(prefix); err != nil {
			bad("%w", err)
		}
	}
	if err := levels(b); err != nil {
		bad("%w", err)
	}
	return b, errs
}

// keys says which keys a criterion has not, or lacks.
func (form badgeForm) keys(b *Badge) (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	only := func(key string, set bool, kinds ...Criterion) {
		if set && !slices.Contains(kinds, b.Kind) {
			bad("%s is for %s, and this is %s", key, join(kinds), b.Kind)
		}
	}
	only("unit", form.Unit != "", Streak)
	only("of", form.Of != "", Distinct, First)
	only("same", form.Same != "", Combination)
	only("within", form.Within != 0, Combination)
	only("part", len(form.Parts) > 0, Combination)
	only("query", form.Query != "", Count, Streak, Distinct, First)
	switch {
	case b.Kind == Streak && form.Unit != "day" && form.Unit != "week":
		bad("unit %q is neither day nor week", form.Unit)
	case b.Kind == Distinct && form.Of == "":
		bad("of is needed: the body's member that must differ, such as package")
	case b.Kind != Combination && form.Query == "":
		bad("query is needed, such as topic:dak.source.accept")
	case b.Kind == Combination && (len(form.Parts) < 2 || len(form.Parts) > maxParts):
		bad("a combination has between 2 and %d parts ([[badge.part]])", maxParts)
	case b.Kind == Combination && form.Same == "" && form.Within != 0:
		bad("within is for chains: same is needed, such as bug")
	case form.Within < 0:
		bad("within is less than 0s")
	}
	for key, path := range map[string]string{"of": form.Of, "same": form.Same} {
		if path != "" && !pathForm.MatchString(path) {
			bad("%s %q is no member of a body, such as package", key, path)
		}
	}
	someone := len(form.Parts) == 0
	for i, p := range form.Parts {
		someone = someone || !p.Anyone
		switch {
		case p.Query == "":
			bad("part %d has no query", i+1)
		case p.Anyone && form.Same == "":
			bad("part %d: anyone is for chains (same)", i+1)
		case p.Anyone && p.Who != "":
			bad("part %d: it has who, and anyone", i+1)
		}
	}
	if !someone {
		bad("each part is anyone's: nobody would earn it")
	}
	return errs
}

func parts(form badgeForm) []Part {
	who := cmp.Or(form.Who, "person")
	if form.Criterion != string(Combination) {
		return []Part{{Query: form.Query, Who: who}}
	}
	var list []Part
	for _, p := range form.Parts {
		one := Part{Query: p.Query, Who: cmp.Or(p.Who, who), Anyone: p.Anyone}
		if p.Anyone {
			one.Who = ""
		}
		list = append(list, one)
	}
	return list
}

func levels(b *Badge) error {
	if b.Kind == Combination && !b.Chain() && len(b.Levels) > 0 {
		return errors.New("levels mean nothing in a combination without same")
	}
	if len(b.Levels) == 0 {
		if b.Kind == Streak {
			return errors.New("levels are needed: how many in a row")
		}
		b.Levels = []int{1}
	}
	least := 1
	if b.Kind == Streak {
		least = 2
	}
	if len(b.Levels) > maxLevels || b.Levels[0] < least || b.Levels[len(b.Levels)-1] > maxLevel {
		return fmt.Errorf("levels are at most %d numbers between %d and %d", maxLevels, least, maxLevel)
	}
	for i := 1; i < len(b.Levels); i++ {
		if b.Levels[i] <= b.Levels[i-1] {
			return fmt.Errorf("levels must grow, and %d comes after %d", b.Levels[i], b.Levels[i-1])
		}
	}
	if b.Kind == First && b.Of == "" && len(b.Levels) > 1 {
		return errors.New("levels mean nothing where there is one first of all (of is empty)")
	}
	return nil
}

var pathForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*){0,3}$`)

// read reads the part's query.
func (p *Part) read(prefix string) error {
	if !p.Anyone && !pathForm.MatchString(p.Who) {
		return fmt.Errorf("who %q is no member of a body, such as person or changed_by", p.Who)
	}
	if p.Query == "" {
		return nil // it is said already
	}
	q, err := archive.ParseQueryWith(p.Query, func(_ *archive.Query, field, value string, _ bool) (bool, error) {
		p.old = p.old || field == "topic" && (strings.HasPrefix(value, "debmessenger") || strings.HasPrefix(value, "debexpo"))
		return false, nil
	})
	if err != nil {
		return err
	}
	if len(q.Words) == 0 && !slices.ContainsFunc(q.Conditions, func(c archive.Condition) bool { return !c.Not }) {
		return fmt.Errorf("query %q takes everything, or leaves out a little of everything (say what counts, such as topic:dak.source.accept)", p.Query)
	}
	q.Prefix = prefix
	p.from, p.to, q.From, q.To = q.From, q.To, time.Time{}, time.Time{}
	p.query = q
	return nil
}

func join(list []Criterion) string {
	names := make([]string, len(list))
	for i, k := range list {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
