package debbugs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"busbar/common/state"
)

// A bugPresent is a bug's newest state, as the messages tell it; absent is what no
// message said.
type bugPresent struct {
	Packages  []string
	Title     *string
	Severity  *string
	Status    *string
	Done      *string
	Archived  *bool
	Submitter *string
	Owner     *string
	Forwarded *string
	Summary   *string
	Outlook   *string
	Tags      *[]string
	Found     *[]string
	Fixed     *[]string
	Affects   *[]string
	BlockedBy *[]int `json:"blocked_by"`
	Blocks    *[]int
	Merged    *[]int
	Gone      bool
	Partial   map[string][]any
}

// Differs compares what messages said of a bug with what the tracker says of it: each
// member of which anything was said. nil is a bug that the tracker does not have. What
// means the same in other words is no difference.
func Differs(value []byte, now *Status) (list []state.Difference, err error) {
	var p bugPresent
	if err := json.Unmarshal(value, &p); err != nil {
		return nil, fmt.Errorf("reading the state of a bug: %w", err)
	}
	if now == nil || p.Gone {
		if (now == nil) != p.Gone {
			list = append(list, state.Difference{Member: "gone", Said: strconv.FormatBool(p.Gone), Is: strconv.FormatBool(now == nil)})
		}
		return list, nil
	}
	d := differing{partial: p.Partial}
	d.text("title", p.Title, now.Title, alikeTexts)
	d.text("severity", p.Severity, severity(*now), func(a, b string) bool { return a == b })
	d.text("status", p.Status, map[bool]string{true: "open", false: "done"}[now.Done == ""], func(a, b string) bool { return a == b })
	if p.Done != nil && (*p.Done != "" || p.Status == nil || *p.Status == "open") { // who did it may not be said
		d.text("done", p.Done, now.Done, sameWho)
	}
	if p.Archived != nil && *p.Archived != now.Archived {
		d.add("archived", strconv.FormatBool(*p.Archived), strconv.FormatBool(now.Archived))
	}
	person := func(a, b string) bool { return sameWho(a, b) || alikeTexts(a, b) }
	d.text("submitter", p.Submitter, now.Submitter, person)
	d.text("owner", p.Owner, now.Owner, person)
	d.text("forwarded", p.Forwarded, now.Forwarded, alikeTexts)
	d.text("summary", p.Summary, now.Summary, alikeLong)
	d.text("outlook", p.Outlook, now.Outlook, alikeLong)
	if is := words(tidy(strings.Join(now.Packages, ","))); p.Packages != nil && !sameNames(p.Packages, is) {
		d.add("packages", strings.Join(p.Packages, " "), strings.Join(is, " "))
	}
	d.list("tags", p.Tags, tidyAll(now.Tags))
	d.list("found", p.Found, bareVersions(now.Found))
	d.list("fixed", p.Fixed, bareVersions(now.Fixed))
	d.list("affects", p.Affects, tidyAll(now.Affects))
	d.list("blocked_by", digitsOf(p.BlockedBy), digits(now.BlockedBy))
	d.list("blocks", digitsOf(p.Blocks), digits(now.Blocks))
	d.list("merged", digitsOf(p.Merged), digits(now.Merged))
	return d.all, nil
}

func bareVersions(list []string) []string {
	all := tidyAll(list)
	for i, v := range all {
		all[i] = bareVersion(v)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func digitsOf(numbers *[]int) *[]string {
	if numbers == nil {
		return nil
	}
	all := digits(*numbers)
	return &all
}

// alikeLong compares texts as events tell them.
func alikeLong(said, is string) bool {
	return strings.TrimSpace(said) == strings.TrimSpace(clean(is)) || alikeTexts(said, is)
}

type differing struct {
	partial map[string][]any
	all     []state.Difference
}

func (d *differing) add(member, said, is string) {
	d.all = append(d.all, state.Difference{Member: member, Said: said, Is: is})
}

func (d *differing) text(member string, said *string, is string, alike func(a, b string) bool) {
	if said != nil && !alike(*said, is) {
		d.add(member, *said, is)
	}
}

// list compares a list, of which messages may have said only what came and went.
func (d *differing) list(member string, said *[]string, is []string) {
	if said == nil {
		return
	}
	out, partial := d.partial[member]
	wrong := !partial && len(*said) != len(is)
	for _, v := range *said {
		wrong = wrong || !slices.Contains(is, v)
	}
	for _, v := range out {
		wrong = wrong || slices.Contains(is, fmt.Sprint(v))
	}
	if wrong {
		text := strings.Join(*said, " ")
		if partial {
			text += fmt.Sprint(" and others, without ", out)
		}
		d.add(member, text, strings.Join(is, " "))
	}
}
