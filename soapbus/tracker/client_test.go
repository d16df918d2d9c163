package tracker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"busbar/soapbus/soap"
)

// A desk answers with fixtures, in turn, and keeps what it was asked.
type desk struct {
	mu      sync.Mutex
	answers []string
	asked   []string
	agent   string
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	_, args, _ := strings.Cut(string(body), "XMLSchema-instance\">")
	args, _, _ = strings.Cut(args, "</soap:Body>")
	for _, tag := range []string{` xsi:type="xsd:int"`, ` xsi:type="xsd:string"`} {
		args = strings.ReplaceAll(args, tag, "")
	}
	d.asked = append(d.asked, r.Header.Get("SOAPAction")+" "+args)
	d.agent = r.Header.Get("User-Agent")
	answer := d.answers[0]
	d.answers = d.answers[1:]
	head, xml, _ := strings.Cut(answer, "\r\n\r\n")
	if strings.HasPrefix(head, "HTTP/1.1 500") {
		w.WriteHeader(500)
	}
	io.WriteString(w, xml)
}

func tracker(t *testing.T, answers ...string) (*Client, *desk) {
	t.Helper()
	d := &desk{}
	for _, a := range answers {
		if !strings.HasPrefix(a, "HTTP/") {
			a = string(read(t, filepath.Join(fixtures, a+".http")))
		}
		d.answers = append(d.answers, a)
	}
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	c, err := New(Options{URL: s.URL, Contact: "https://example.org/tea"})
	if err != nil {
		t.Fatal(err)
	}
	return c, d
}

func (d *desk) want(t *testing.T, asked ...string) {
	t.Helper()
	if !slices.Equal(d.asked, asked) {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(d.asked, "\n"), strings.Join(asked, "\n"))
	}
}

func TestQuestions(t *testing.T) {
	c, d := tracker(t, "newest", "bugs", "bugs-none", "bugs", "usertag-struct", "usertag-none", "binary-to-source-names", "binary-to-source", "log")
	ctx := t.Context()
	if bugs, err := c.Newest(ctx, 3); err != nil || !slices.Equal(bugs, []int{810050, 810051, 810052}) {
		t.Errorf("newest: %v, %v", bugs, err)
	}
	q := Query{{"package", "teapot"}, {"severity", "normal"}, {"severity", "minor"}, {"archive", "both"}}
	if bugs, err := c.Bugs(ctx, q); err != nil || !slices.Equal(bugs, []int{810001, 810002, 810003}) {
		t.Errorf("bugs: %v, %v", bugs, err)
	}
	if bugs, err := c.Bugs(ctx, Query{{"maint", "n@example.org"}}); err != nil || len(bugs) != 0 {
		t.Errorf("no bugs: %v, %v", bugs, err)
	}
	if bugs, err := c.EveryBug(ctx, "1"); err != nil || len(bugs) != 3 {
		t.Errorf("every bug: %v, %v", bugs, err)
	}
	if tags, err := c.Usertags(ctx, "tea@example.org"); err != nil || !slices.Equal(tags["transition"], []int{810001, 810002}) || len(tags) != 3 {
		t.Errorf("usertags: %v, %v", tags, err)
	}
	if tags, err := c.Usertags(ctx, "nobody@example.org"); err != nil || tags == nil || len(tags) != 0 {
		t.Errorf("no usertags: %v, %v", tags, err)
	}
	if source, err := c.Source(ctx, "libspout2"); err != nil || !slices.Equal(source, []string{"teapot"}) {
		t.Errorf("source: %v, %v", source, err)
	}
	if source, err := c.Source(ctx, "libspout2"); err != nil || !slices.Equal(source, []string{"spout", "teapot"}) {
		t.Errorf("source, told in pairs: %v, %v", source, err)
	}
	log, err := c.Log(ctx, 810002)
	if err != nil || len(log) != 3 || log[0].Number != 5 || log[2].Number != 9 || !bytes.Contains(log[0].Header, []byte("d\xe9borde")) {
		t.Errorf("log: %+v, %v", log, err)
	}
	source := `"Debbugs/SOAP/V2#binary_to_source" <a1>binary</a1><a2>libspout2</a2><a3>source_only</a3><a4>1</a4></binary_to_source>`
	d.want(t,
		`"Debbugs/SOAP#newest_bugs" <a1>3</a1></newest_bugs>`,
		`"Debbugs/SOAP#get_bugs" <a1>package</a1><a2>teapot</a2><a3>severity</a3><a4>normal</a4><a5>severity</a5><a6>minor</a6><a7>archive</a7><a8>both</a8></get_bugs>`,
		`"Debbugs/SOAP#get_bugs" <a1>maint</a1><a2>n@example.org</a2></get_bugs>`,
		`"Debbugs/SOAP#get_bugs" <a1>archive</a1><a2>1</a2></get_bugs>`,
		`"Debbugs/SOAP#get_usertag" <a1>tea@example.org</a1></get_usertag>`,
		`"Debbugs/SOAP#get_usertag" <a1>nobody@example.org</a1></get_usertag>`,
		source, source,
		`"Debbugs/SOAP#get_bug_log" <a1>810002</a1></get_bug_log>`,
	)
	if d.agent != "soapbus (Busbar; https://example.org/tea)" {
		t.Errorf("User-Agent: %s", d.agent)
	}
}

// TestQuestionsNotAsked: what would mean all, or nothing.
func TestQuestionsNotAsked(t *testing.T) {
	c, d := tracker(t)
	ctx := t.Context()
	for _, q := range []Query{nil, {}, {{"archive", "both"}}, {{"usertag", "x"}}, {{"package", ""}}} {
		if _, err := c.Bugs(ctx, q); err == nil {
			t.Errorf("%v was asked", q)
		}
	}
	_, every := c.EveryBug(ctx, "all")
	_, newest := c.Newest(ctx, 0)
	_, tags := c.Usertags(ctx, "")
	_, source := c.Source(ctx, "")
	_, log := c.Log(ctx, 0)
	_, status := c.Status(ctx, []int{1, -1})
	for i, err := range []error{every, newest, tags, source, log, status} {
		if err == nil {
			t.Errorf("question %d was asked", i)
		}
	}
	if found, err := c.Status(ctx, nil); err != nil || len(found) != 0 {
		t.Errorf("the status of nothing: %v, %v", found, err)
	}
	d.want(t)
}

func TestStatus(t *testing.T) {
	c, d := tracker(t, "status", "status-broken", "status", "fault-server", "page-200", "bugs", "status-none")
	ctx := t.Context()
	found, err := c.Status(ctx, []int{810003, 810002, 899999, 810002})
	if err != nil || len(found) != 2 || found[810003].Summary != "whistles" {
		t.Errorf("%v, %v", found, err)
	}
	found, err = c.Status(ctx, []int{810043, 810044, 810045, 810046, 810047})
	if b, ok := errors.AsType[*BrokenError](err); !ok || len(b.Bugs) != 4 || len(found) != 1 || found[810044].Bug != 810044 {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := c.Status(ctx, []int{810003}); !errors.Is(err, soap.ErrShape) {
		t.Errorf("a bug that was not asked for: %v", err)
	}
	if _, err := c.Status(ctx, []int{1}); err == nil || strings.Contains(err.Error(), "called at") {
		t.Errorf("a fault: %v", err)
	}
	if _, err := c.Status(ctx, []int{1}); !errors.Is(err, soap.ErrNotSOAP) {
		t.Errorf("a page: %v", err)
	}
	if _, err := c.Status(ctx, []int{1}); !errors.Is(err, soap.ErrShape) {
		t.Errorf("another answer: %v", err)
	}
	if found, err := c.Status(ctx, []int{1}); err != nil || len(found) != 0 {
		t.Errorf("nothing: %v, %v", found, err)
	}
	if want := `"Debbugs/SOAP#get_status" <a1>810002</a1><a2>810003</a2><a3>899999</a3></get_status>`; d.asked[0] != want {
		t.Errorf("asked %s, want %s", d.asked[0], want)
	}
	s := c.Stats()
	if s.Requests != 7 || s.Faults != 1 || s.Failures != 3 || s.Bytes < 10000 || s.LastSuccess.IsZero() {
		t.Errorf("counted %+v", s)
	}
}

// TestStatusInBatches: 500 bugs a request; what came before an error is kept.
func TestStatusInBatches(t *testing.T) {
	first, second := answer(many(1, 500)), answer(many(501, 1000))
	c, d := tracker(t, first, second, "fault-server")
	bugs := make([]int, 1200)
	for i := range bugs {
		bugs[i] = len(bugs) - i
	}
	found, err := c.Status(t.Context(), bugs)
	if _, ok := errors.AsType[*soap.Fault](err); !ok || len(found) != 1000 || found[1000].Bug != 1000 {
		t.Errorf("%d bugs, %v", len(found), err)
	}
	for i, want := range []int{500, 500, 200} {
		if got := strings.Count(d.asked[i], "<a"); got != want {
			t.Errorf("request %d asks for %d bugs", i, got)
		}
	}
}

// many is the XML of an answer about bugs from first to last.
func many(first, last int) []byte {
	var b bytes.Buffer
	b.WriteString(`<soap:Envelope xmlns:apachens="http://xml.apache.org/xml-soap" xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" ` +
		`xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<soap:Body><get_statusResponse xmlns="Debbugs/SOAP"><s-gensym3 xsi:type="apachens:Map">`)
	for bug := first; bug <= last; bug++ {
		fmt.Fprintf(&b, `<item><key xsi:type="xsd:int">%d</key><value>`, bug)
		for _, f := range []string{"id", "bug_num"} {
			fmt.Fprintf(&b, `<%s xsi:type="xsd:int">%d</%[1]s>`, f, bug)
		}
		for _, f := range []string{"date", "log_modified", "last_modified"} {
			fmt.Fprintf(&b, `<%s xsi:type="xsd:int">%d</%[1]s>`, f, 1783930000+bug)
		}
		for f, v := range map[string]string{"package": "teapot", "source": "teapot", "severity": "normal", "pending": "pending", "location": "db-h",
			"subject": "teapot: dribbles when it is tilted too fast", "originator": "Nora Ortega &lt;nora@example.org&gt;", "msgid": fmt.Sprintf("&lt;tea.%d@example.org&gt;", bug),
			"tags": "patch upstream", "keywords": "patch upstream", "mergedwith": "11 12"} {
			fmt.Fprintf(&b, `<%s xsi:type="xsd:string">%s</%[1]s>`, f, v)
		}
		for _, f := range []string{"owner", "done", "forwarded", "blocks", "blockedby", "affects", "summary", "outlook", "unarchived"} {
			fmt.Fprintf(&b, `<%s xsi:type="xsd:string" />`, f)
		}
		for _, f := range []string{"fixed_versions", "found_date", "fixed_date"} {
			fmt.Fprintf(&b, `<%s soapenc:arrayType="xsd:anyType[0]" xsi:type="soapenc:Array" />`, f)
		}
		b.WriteString(`<archived xsi:type="xsd:int">0</archived><found_versions soapenc:arrayType="xsd:string[1]" xsi:type="soapenc:Array"><item xsi:type="xsd:string">teapot/1.2-1</item></found_versions>` +
			`<found xsi:type="apachens:Map"><item><key xsi:type="xsd:string">teapot/1.2-1</key><value xsi:type="xsd:string" /></item></found><fixed /></value></item>`)
	}
	b.WriteString(`</s-gensym3></get_statusResponse></soap:Body></soap:Envelope>`)
	return b.Bytes()
}

func answer(xml []byte) string { return "HTTP/1.1 200 OK\r\n\r\n" + string(xml) }

// BenchmarkStatus reads an answer about as many bugs as are asked for at once.
func BenchmarkStatus(b *testing.B) {
	raw := many(700000, 700000+MaxStatus-1)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if r, err := ReadReply(raw); err != nil || len(r.Statuses) != MaxStatus {
			b.Fatal(err)
		}
	}
}
