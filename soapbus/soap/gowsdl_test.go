package soap

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"

	gowsdl "github.com/hooklift/gowsdl/soap"
)

// The defects of gowsdl, by the numbers that the project's notes give them, and
// what holds us clear of each:
//
//	G1  generated code drops arguments: none is generated; TestRequest
//	G2  types follow values: TestText, TestHashes, TestArrays
//	G3  a second element in the Body is refused: TestGowsdlsDecoder
//	G4  faults with HTTP 500 stay unread: TestGowsdlsDecoder, TestRefusals
//	G5  no limit of size or depth: TestHostileReplies
//	G6  time-outs, redirects: TestEndlessSlowReply, TestRedirects
//	G7  no Content-Type, other charsets, bad bytes: TestGowsdlsDecoder, TestText, TestCharsets
//	G8  entities are not expanded: refused before it could matter; TestHostileReplies
//	G9  a transport of its own for each call, no proxy: ours is used; TestRequest.
//	    `Connection: close` stays: pauses are longer than servers keep connections.
//	    No XML declaration: UTF-8 needs none; TestAgainstSOAPLite
//	G10 SOAPAction: TestRequest, TestAgainstSOAPLite

// TestGowsdlsDecoder shows why the reply is decoded below gowsdl: by itself it
// fails where we do not. Once it no longer does, this layer can be thinner.
func TestGowsdlsDecoder(t *testing.T) {
	fault := envelope("<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no tea</faultstring></soap:Fault>")
	for _, c := range []struct {
		name, body, kind, gowsdl string
		status                   int
	}{
		{"G3", envelope(`<teaResponse><a href="#x"/></teaResponse><m id="x">Assam</m>`), "text/xml", "multiple elements", 200},
		{"G4", fault, "text/xml", "HTTP Status 500", 500},
		{"G7", response("<a>Assam</a>"), "", "no media type", 200},
		{"G7", strings.Replace(response("<a>Assam</a>"), "UTF-8", "ISO-8859-1", 1), "text/xml", "CharsetReader", 200},
		{"G7", response("<a>Assam</a><b>\xff</b>"), "text/xml", "invalid UTF-8", 200},
		{"G7", response("<a>Assam</a><b>&#1;</b>"), "text/xml", "illegal character", 200},
		{"SOAP 1.2", strings.Replace(response("<a>Assam</a>"), "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope", 1), "text/xml", "expected element", 200},
	} {
		url := server(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			if c.kind != "" {
				w.Header().Set("Content-Type", c.kind)
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		})
		var bare struct {
			XML string `xml:",innerxml"`
		}
		err := gowsdl.NewClient(url).CallContext(t.Context(), "", request{xml.Name{Space: "Tea", Local: "tea"}, nil}, &bare)
		if err == nil || !strings.Contains(err.Error(), c.gowsdl) {
			t.Errorf("%s: gowsdl alone says %v, want %q", c.name, err, c.gowsdl)
		}
		n, err := client(t, Options{URL: url}).Call(t.Context(), "Tea", "tea")
		if c.status == 500 && (err == nil || !strings.Contains(err.Error(), "Server: no tea")) ||
			c.status == 200 && (err != nil || n.Children[0].Text != "Assam") {
			t.Errorf("%s: %+v, %v", c.name, n, err)
		}
	}
}
