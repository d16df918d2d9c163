package soap

import (
	"bufio"
	"fmt"
	"io"
	"regexp"

	"busbar/common/charset"
)

var (
	inDeclaration = regexp.MustCompile(`^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]*)["']`)
	inContentType = regexp.MustCompile(`(?i);\s*charset\s*=\s*"?([^";\s]+)`)
)

// utf8Reader reads bytes of whatever charset they are declared to be in, first
// by the XML declaration, then by the Content-Type, as UTF-8. Bytes that are not
// in it are read as [charset.Decode] reads them.
func utf8Reader(in *bufio.Reader, contentType string) (io.Reader, error) {
	if bom, _ := in.Peek(3); string(bom) == "\xEF\xBB\xBF" {
		_, err := in.Discard(3)
		return charset.NewReader("utf-8", in), err
	}
	head, _ := in.Peek(200) // an error comes again with the next read
	declared := inDeclaration.FindSubmatch(head)
	if declared == nil {
		declared = inContentType.FindSubmatch([]byte(contentType))
	}
	label := ""
	if declared != nil {
		label = string(declared[1])
	}
	if _, known := charset.Lookup(label); !known && charset.Declared(label) {
		return nil, fmt.Errorf("%w that can be read: its charset %q is not known", ErrNotSOAP, line(label, 40))
	}
	return charset.NewReader(label, in), nil
}
