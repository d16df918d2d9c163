package soap

import (
	"errors"
	"strings"
	"testing"
)

// envelope puts elements into an envelope's Body.
func envelope(body string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" ` +
		`xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:apachens="http://xml.apache.org/xml-soap" ` +
		`xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<soap:Body>` + body + `</soap:Body></soap:Envelope>`
}

func response(value string) string {
	return envelope(`<teaResponse xmlns="Tea">` + value + `</teaResponse>`)
}

func decodeText(t *testing.T, text, contentType string) (*Node, error) {
	t.Helper()
	return Decode(strings.NewReader(text), contentType, Limits{})
}

// TestText: what stands in an element is its value, whatever type it claims.
func TestText(t *testing.T) {
	for _, c := range []struct{ element, want string }{
		{`<a xsi:type="xsd:float">1.0</a>`, "1.0"},
		{`<a xsi:type="xsd:boolean">true</a>`, "true"},
		{`<a xsi:type="xsd:int">007</a>`, "007"},
		{`<a>  blanks  </a>`, "  blanks  "},
		{`<a>a<![CDATA[<&#1;&>]]><!-- not this -->b</a>`, "a<&#1;&>b"},
		{`<a xsi:type="xsd:base64Binary">w6k=</a>`, "é"},
		{`<a xsi:type="soapenc:base64">w6
			k</a>`, "é"},
		{`<a xsi:type="xsd:base64Binary">6f/p</a>`, "éÿé"},
		{`<a xsi:type="xsd:string">w6k=</a>`, "w6k="},
		{`<a type="base64">w6k=</a>`, "w6k="},
		{"<a>\xE9&#1;&#x1F;&#xD800;&#99999999;&#233;\x00\x1b&amp;&#xd;</a>", "é" + strings.Repeat("\uFFFD", 4) + "é\uFFFD\uFFFD&\r"},
		{"<a b=\"\xff&#1;\">x</a>", "x"},
		{`<a xsi:nil="true"/>`, ""},
	} {
		n, err := decodeText(t, response(c.element), "")
		if err != nil {
			t.Errorf("%q: %v", c.element, err)
			continue
		}
		if got, err := n.Children[0].Value(); got != c.want || err != nil {
			t.Errorf("%q is %q, %v; want %q", c.element, got, err, c.want)
		}
	}
	n, _ := decodeText(t, response(`<a xsi:type="xsd:base64Binary">no base64!</a>`), "")
	if v, err := n.Children[0].Value(); !errors.Is(err, ErrShape) {
		t.Errorf("bad base64 is %q, %v", v, err)
	}
}

func TestCharsets(t *testing.T) {
	plain := response("<a>th\xe9</a>")
	for _, c := range []struct{ text, contentType, want string }{
		{strings.Replace(plain, "UTF-8", "ISO-8859-1", 1), "", "thé"},
		{strings.Replace(plain, ` encoding="UTF-8"`, "", 1), `text/xml; charset="iso-8859-1"`, "thé"},
		{plain, "text/xml; charset=iso-8859-1", "thé"}, // no UTF-8 as it says, and read all the same
		{response("<a>thé \xed\xa0\xbc\xed\xbd\xb5 th\xe9</a>"), "", "thé 🍵 thé"},
		{strings.Replace(response("<a>\xde\xc1\xca</a>"), "UTF-8", "KOI8_R", 1), "", "чай"},
		{strings.Replace(response("<a>\x1b$B$*Cc\x1b(B</a>"), "UTF-8", "iso-2022-jp", 1), "", "お茶"},
		{strings.Replace(response("<a>thé, thé</a>"), "UTF-8", "iso-8859-1", 1), "", "thé, thé"},
		{"\xEF\xBB\xBF" + response("<a>thé</a>"), "", "thé"},
	} {
		n, err := decodeText(t, c.text, c.contentType)
		if err != nil || n.Children[0].Text != c.want {
			t.Errorf("%.60q, %s: %v, want %q", c.text, c.contentType, err, c.want)
		}
	}
	if _, err := decodeText(t, strings.Replace(plain, "UTF-8", "tea-1", 1), ""); !errors.Is(err, ErrNotSOAP) {
		t.Errorf("an unknown charset: %v", err)
	}
}

func TestHashes(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{`<x xsi:type="apachens:Map"><item><key>a b</key><value>1</value></item><item><anything xsi:type="xsd:base64Binary">w6k=</anything><v>2</v></item></x>`, "a b=1 é=2"},
		{`<x><a>1</a><b-c>2</b-c><_x0041_>3</_x0041_></x>`, "a=1 b-c=2 _x0041_=3"},
		{`<x/>`, ""},
		{`<x xsi:nil="1"/>`, ""},
		{"<x>\n</x>", ""},
		{`<x>text</x>`, "error"},
		{`<x xsi:type="soapenc:Array"><item/></x>`, "error"},
		{`<x xsi:type="apachens:Map"><item><key/></item></x>`, "error"},
		{`<x xsi:type="apachens:Map"><item><key><a/></key><value/></item></x>`, "error"},
	} {
		n, err := decodeText(t, response(c.value), "")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		pairs, err := n.Children[0].Hash()
		for _, p := range pairs {
			got = append(got, p.Key+"="+p.Value.Text)
		}
		if c.want == "error" && !errors.Is(err, ErrShape) || c.want != "error" && (err != nil || strings.Join(got, " ") != c.want) {
			t.Errorf("%s: %q, %v", c.value, got, err)
		}
	}
}

func TestArrays(t *testing.T) {
	for value, want := range map[string]int{
		`<x xsi:type="soapenc:Array"><item>1</item><item>2</item></x>`: 2, `<x xsi:type="soapenc:Array"/>`: 0, `<x/>`: 0,
		`<x>text</x>`: -1, `<x xsi:type="apachens:Map"><item/></x>`: -1,
	} {
		n, err := decodeText(t, response(value), "")
		if err != nil {
			t.Fatal(err)
		}
		items, err := n.Children[0].Items()
		if want < 0 && !errors.Is(err, ErrShape) || want >= 0 && (err != nil || len(items) != want) {
			t.Errorf("%s: %d, %v", value, len(items), err)
		}
	}
}

func TestReferences(t *testing.T) {
	for _, c := range []struct {
		body, want string
		err        error
	}{
		{`<r><a href="#x"/><b href="#x"/></r><m id="x" xsi:type="xsd:base64Binary">w6k=</m>`, "é é", nil},
		{`<r><a href="#y"/><b id="y">1</b></r>`, "1 1", nil},
		{`<r><a href="#y"/></r><m id="x">1</m><m id="y" href="#x"/>`, "1", nil},
		{`<r xmlns:e="http://www.w3.org/2003/05/soap-encoding"><a e:ref="x"/></r><m e:id="x" xmlns:e="http://www.w3.org/2003/05/soap-encoding">1</m>`, "1", nil},
		{`<r><a href="#x"/></r><m id="x"><b href="#x"/></m>`, "", ErrRefused},
		{`<r><a href="#x"/></r><m id="x"><b href="#y"/></m><m id="y"><b href="#x"/></m>`, "", ErrRefused},
		{`<r><a href="#x"/></r><m id="x" href="#x"/>`, "", ErrRefused},
		{`<r><a href="#nowhere"/></r>`, "", ErrRefused},
		{`<r id="x"><a id="x"/></r>`, "", ErrRefused},
	} {
		n, err := decodeText(t, envelope(c.body), "")
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.body, err, c.err)
		}
		if err != nil {
			continue
		}
		var got []string
		for _, child := range n.Children {
			v, _ := child.Value()
			got = append(got, v)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.body, got, c.want)
		}
	}
}

func TestWhatIsNotSOAP(t *testing.T) {
	for _, c := range []struct {
		text string
		want error
	}{
		{"", ErrCut}, {" \n", ErrCut}, {"<a", ErrCut}, {response("<a>")[:350], ErrCut},
		{"tea", ErrNotSOAP}, {"<html><body>tea<br></html>", ErrNotSOAP}, {"<!DOCTYPE html><html>", ErrNotSOAP},
		{"<tea/>", ErrNotSOAP}, {`{"tea": 1}`, ErrNotSOAP}, {envelope(""), ErrNotSOAP}, {response("<a></b>"), ErrNotSOAP},
		{response("<a>&nbsp;</a>"), ErrNotSOAP}, {`<?xml version="1.1"?><a/>`, ErrNotSOAP}, {"\x1f\x8b\x08\x00", ErrNotSOAP},
		{"<!DOCTYPE a []>" + response(""), ErrRefused}, {response("<!ENTITY a 'b'>"), ErrRefused},
		{response("<a " + strings.Repeat(`b="" `, maxTag/5) + "/>"), ErrTooLarge},
		{response(`<a b=">` + strings.Repeat(`" c=">`, maxTag/6) + `"/>`), ErrTooLarge},
	} {
		_, err := decodeText(t, c.text, "")
		if !errors.Is(err, c.want) {
			t.Errorf("%.60q: %v, want %v", c.text, err, c.want)
		}
		if err != nil && (strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 300) {
			t.Errorf("%.60q: the error is no line: %q", c.text, err)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{"<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no tea\n at /srv/x.pm line 1\n</faultstring></soap:Fault>", "the server answers with a fault: Server: no tea"},
		{`<soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code><soap:Reason><soap:Text>no tea</soap:Text></soap:Reason></soap:Fault>`, "the server answers with a fault: Receiver: no tea"},
		{`<soap:Fault><faultcode>` + strings.Repeat("é", 100) + `</faultcode><faultstring xsi:type="xsd:base64Binary">w6k=</faultstring></soap:Fault>`, "the server answers with a fault: " + strings.Repeat("é", 20) + ": é"},
		{`<soap:Fault/>`, "the server answers with a fault: : "},
	} {
		_, err := decodeText(t, envelope(c.body), "")
		if _, ok := errors.AsType[*Fault](err); !ok || err.Error() != c.want {
			t.Errorf("%.80s: %v, want %s", c.body, err, c.want)
		}
	}
}
