package soap

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"
)

var (
	inDeclaration = regexp.MustCompile(`^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"'>]*)["']`)
	inContentType = regexp.MustCompile(`(?i);\s*charset\s*=\s*"?([^";\s]+)`)
)

// utf8Reader reads bytes of whatever charset they are declared to be in, first
// by the XML declaration, then by the Content-Type, as UTF-8.
func utf8Reader(in *bufio.Reader, contentType string) (io.Reader, error) {
	if bom, _ := in.Peek(3); string(bom) == "\xEF\xBB\xBF" {
		_, err := in.Discard(3)
		return in, err
	}
	head, _ := in.Peek(200) // an error comes again with the next read
	declared := inDeclaration.FindSubmatch(head)
	if declared == nil {
		declared = inContentType.FindSubmatch([]byte(contentType))
	}
	if declared == nil {
		return in, nil
	}
	switch name := strings.ToLower(strings.TrimSpace(string(declared[1]))); name {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return in, nil
	default:
		charset, err := htmlindex.Get(name)
		if err != nil {
			return nil, fmt.Errorf("%w that can be read: its charset %q is not known", ErrNotSOAP, line(name, 40))
		}
		return transform.NewReader(in, charset.NewDecoder()), nil
	}
}
