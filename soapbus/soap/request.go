package soap

import (
	"encoding/xml"
	"fmt"
	"strconv"
)

// A request is a method's element with its arguments, which have no names: the
// server goes by their order.
type request struct {
	name xml.Name
	args []any // int, string, []int, []string
}

const (
	xsiSpace = "http://www.w3.org/2001/XMLSchema-instance"
	xsdSpace = "http://www.w3.org/2001/XMLSchema"
	encSpace = "http://schemas.xmlsoap.org/soap/encoding/"
)

// MarshalXML implements xml.Marshaler. The schemas of 2001 are declared because
// a server copies the generation that it is asked in.
func (r request) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	start := xml.StartElement{Name: r.name, Attr: []xml.Attr{
		attr("soap:encodingStyle", encSpace), attr("xmlns:soapenc", encSpace),
		attr("xmlns:xsd", xsdSpace), attr("xmlns:xsi", xsiSpace),
	}}
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for i, a := range r.args {
		if err := encode(e, "a"+strconv.Itoa(i+1), a); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

func encode(e *xml.Encoder, name string, arg any) error {
	switch v := arg.(type) {
	case int:
		return leaf(e, name, "xsd:int", strconv.Itoa(v))
	case string:
		return leaf(e, name, "xsd:string", v)
	case []int:
		return array(e, name, "xsd:int", v)
	case []string:
		return array(e, name, "xsd:string", v)
	default:
		return fmt.Errorf("an argument is a %T: int, string, []int and []string can be sent", arg)
	}
}

func leaf(e *xml.Encoder, name, kind, text string) error {
	start := element(name, attr("xsi:type", kind))
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	if err := e.EncodeToken(xml.CharData(text)); err != nil {
		return err
	}
	return e.EncodeToken(start.End())
}

func array[T int | string](e *xml.Encoder, name, kind string, items []T) error {
	start := element(name, attr("soapenc:arrayType", fmt.Sprintf("%s[%d]", kind, len(items))), attr("xsi:type", "soapenc:Array"))
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for _, it := range items {
		if err := encode(e, "item", it); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

func element(name string, attrs ...xml.Attr) xml.StartElement {
	return xml.StartElement{Name: xml.Name{Local: name}, Attr: attrs}
}

func attr(name, value string) xml.Attr {
	return xml.Attr{Name: xml.Name{Local: name}, Value: value}
}
