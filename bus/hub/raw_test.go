package hub

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"busbar/bus/bustest"
)

type rawAnswer struct {
	Messages  []json.RawMessage `json:"raw_messages"`
	Total     int
	Pages     int
	Count     int
	Arguments map[string]any
	Error     string
}

func (h *testHub) raw(t testing.TB, query string) (int, rawAnswer) {
	t.Helper()
	code, _, body := get(t, h.url+"/raw"+query)
	var a rawAnswer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%s: %v: %s", query, err, body)
	}
	return code, a
}

// TestRaw asks as datagrepper's clients do.
func TestRaw(t *testing.T) {
	h := start(t, nil)
	h.append(t, "p", 1, 120)
	for query, want := range map[string]struct {
		total, pages, count int
		first               int64 // the number of the first message
	}{
		"":                               {120, 5, 25, 120},
		"/":                              {120, 5, 25, 120},
		"?order=asc":                     {120, 5, 25, 1},
		"?rows_per_page=100&page=2":      {120, 2, 20, 20},
		"?rows_per_page=100&page=3":      {120, 2, 0, 0},
		"?page=1000":                     {120, 5, 0, 0},
		"?category=dak&order=asc":        {60, 3, 25, 1},
		"?not_category=dak&order=asc":    {60, 3, 25, 2},
		"?category=dak&category=debbugs": {120, 5, 25, 120},
		"?topic=org.debian.dev.dak.source.accept":            {60, 3, 25, 119},
		"?topic=org.debian.dev.dak":                          {0, 0, 0, 0},
		"?package=package-1&order=asc":                       {40, 2, 25, 1},
		"?not_package=package-1&package=package-2":           {40, 2, 25, 119},
		"?user=nora&rows_per_page=1":                         {120, 120, 1, 120},
		"?user=ortega":                                       {0, 0, 0, 0},
		"?not_user=nora":                                     {0, 0, 0, 0},
		"?agent=test&rows_per_page=1&page=7":                 {120, 120, 1, 114},
		fmt.Sprintf("?start=%d&end=%d", now+10, now+19):      {10, 1, 10, 19},
		fmt.Sprintf("?start=%d.5&delta=9&order=asc", now+10): {9, 1, 9, 11},
		fmt.Sprintf("?end=%d&order=asc", now+19):             {19, 1, 19, 1},
		fmt.Sprintf("?end=%d&delta=3&order=asc", now+19):     {4, 1, 4, 16},
		"?delta=4900":                 {21, 1, 21, 120},
		"?start=2026-09-22T13:33:30Z": {0, 0, 0, 0},
		fmt.Sprintf("?category=dak&contains=package-1&start=%d", now): {20, 1, 20, 115},
		"?q=says+bug:7+-6&order=asc":                                  {59, 3, 25, 2},
	} {
		code, a := h.raw(t, query)
		if code != http.StatusOK || a.Total != want.total || a.Pages != want.pages || a.Count != want.count || len(a.Messages) != want.count {
			t.Errorf("%s: %d, %d in %d pages, %d here (%s); want %+v", query, code, a.Total, a.Pages, a.Count, a.Error, want)
			continue
		}
		if want.count > 0 && string(a.Messages[0]) != string(message(t, "p", want.first).Wire) {
			t.Errorf("%s begins with %s, not with number %d byte by byte", query, a.Messages[0], want.first)
		}
	}
	_, a := h.raw(t, fmt.Sprintf("?start=%d&user=nora&user=x&meta=title", now))
	if text, err := json.Marshal(a.Arguments); err != nil || string(text) != fmt.Sprintf(`{"agents":[],"categories":[],"contains":[],"delta":5000,"end":%d,"meta":["title"],"not_agents":[],"not_categories":[],"not_packages":[],"not_topics":[],"not_users":[],"order":"desc","packages":[],"page":1,"rows_per_page":25,"start":%d,"topics":[],"users":["nora","x"]}`, now+5000, now) {
		t.Errorf("the arguments are repeated as %s (%v)", text, err)
	}
	if !strings.Contains(string(a.Messages[0]), `,"meta":{"title":"org.debian.dev.`) {
		t.Errorf("with meta a message is %s", a.Messages[0])
	}
	for _, query := range []string{
		"?page=0", "?page=x", "?rows_per_page=101", "?rows_per_page=-1", "?order=up", "?size=huge", "?chrome=1", "?start=soon", "?delta=-1", "?delta=x",
		"?contains=x", "?contains=x&category=dak", "?meta=everything", "?callback=a(b)", "?q=since:never", "?user=" + strings.Repeat("&user=", 70),
	} {
		if code, a := h.raw(t, query); code != http.StatusBadRequest || a.Error == "" {
			t.Errorf("%.60s: %d, %q", query, code, a.Error)
		}
	}
	code, header, body := get(t, h.url+"/raw?rows_per_page=1&callback=say.it")
	if code != http.StatusOK || header.Get("Content-Type") != "application/javascript" || !strings.HasPrefix(body, `say.it({"raw_messages":[{`) || !strings.HasSuffix(body, "});") {
		t.Errorf("with a callback: %d, %v, %s", code, header, body)
	}
	if header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("other sites' pages may not ask")
	}
}

// TestPagesStay: messages that come while a client pages move none from page to page.
func TestPagesStay(t *testing.T) {
	h := start(t, nil)
	h.append(t, "p", 101, 300)
	query := fmt.Sprintf("?start=%d&end=%d&rows_per_page=30", now, now+4000)
	for _, order := range []string{"asc", "desc"} {
		pages, got := 1, map[string]int{}
		for page := 0; page <= pages; page++ { // the first one twice, as fedmsg does
			_, a := h.raw(t, fmt.Sprintf("%s&order=%s&page=%d", query, order, max(page, 1)))
			if page == 0 {
				pages = a.Pages
			} else {
				for _, m := range a.Messages {
					got[string(m)]++
				}
			}
			if len(a.Messages) == 0 {
				t.Errorf("page %d of %d is empty", page, pages)
			}
			late := int64(map[string]int{"asc": 0, "desc": 20}[order] + page + 1)
			h.append(t, "p", late, late) // an older one, repaired
			h.append(t, order, int64(400+page), int64(400+page))
		}
		if len(got) < 200 {
			t.Errorf("%s: %d messages came in %d pages", order, len(got), pages)
		}
		for m, n := range got {
			if n > 1 {
				t.Errorf("%s: it came %d times: %s", order, n, m)
			}
		}
	}
}

func TestID(t *testing.T) {
	h := start(t, nil)
	h.append(t, "p", 1, 3)
	m := message(t, "p", 2)
	for query, want := range map[string]string{
		"?id=" + url.QueryEscape(m.Envelope.MsgID):      "200 " + string(m.Wire),
		"/?id=" + m.Envelope.MsgID + "&is_raw=true":     "200 " + string(m.Wire),
		"?id=2026-00000000-0000-0000-0000-000000000000": `404 {"error":"not_found"}` + "\n",
		"?id=%ff": `404 {"error":"not_found"}` + "\n",
		"":        `400 {"error":"id is missing: /id?id=YEAR-UUID"}` + "\n",
	} {
		code, _, body := get(t, h.url+"/id"+query)
		if got := fmt.Sprint(code, " ", body); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// backlog is what fedmsg's consumers do at their start, with what Python has: ask
// for page 1, and then for pages 1 to "pages".
const backlog = `
import json, sys, urllib.parse, urllib.request
url, start, end = sys.argv[1:]
def page(n):
    q = urllib.parse.urlencode(dict(rows_per_page=100, page=n, start=start, end=end, order="asc"))
    return json.load(urllib.request.urlopen(url + "?" + q))
for n in range(1, page(1)["pages"] + 1):
    for m in page(n)["raw_messages"]:
        assert "source_name" not in m and "source_version" not in m
        print(json.dumps(m, sort_keys=True, separators=(",", ":")))
`

// TestBacklog: what Python gets is what was signed, once, in order.
func TestBacklog(t *testing.T) {
	bustest.NeedPython(t, "json")
	h := start(t, nil)
	h.append(t, "p", 1, 950)
	cmd := exec.Command(bustest.Python, "-c", backlog, h.url+"/raw", fmt.Sprint(now), fmt.Sprint(now+2000))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 950 {
		t.Fatalf("%d messages came", len(lines))
	}
	for i, line := range lines {
		if want := string(message(t, "p", int64(i+1)).Wire); line != want {
			t.Fatalf("message %d is %s, want %s", i+1, line, want)
		}
	}
}
