package dak

import "busbar/common/event"

// An Upload is what every event about an upload tells.
type Upload struct {
	Package       string       `json:"package" doc:"the source package"`
	Version       string       `json:"version" doc:"the upload's version; of a binary rebuild it ends in +bN"`
	SourceVersion string       `json:"source_version,omitempty" doc:"the source's version where it differs from version"`
	Suite         []string     `json:"suite" doc:"the suites that it was accepted into, each once; for a policy queue the suites that it is meant for"`
	Architecture  []string     `json:"architecture" doc:"source, all, amd64, …: what the upload holds"`
	Sourceful     bool         `json:"sourceful" doc:"the upload holds the source"`
	Binaries      []string     `json:"binaries" doc:"binary packages; empty in source-only uploads; at most 2000"`
	Urgency       string       `json:"urgency,omitempty" doc:"lower case: low, medium, high, …"`
	Maintainer    event.Person `json:"maintainer" doc:"the package's maintainer"`
	ChangedBy     event.Person `json:"changed_by" doc:"who made this version, or the build daemon"`
	Person        event.Person `json:"person" doc:"who did it: changed_by, else the maintainer"`
	Distribution  string       `json:"distribution" doc:"what the uploader asked for"`
	Date          string       `json:"date,omitempty" doc:"of the .changes file, RFC 3339 in UTC"`
	ChangesText   string       `json:"changes_text" doc:"the changelog entries, without indent, at most 64 KiB"`
	Truncated     bool         `json:"truncated" doc:"changes_text or a list was cut"`
	ChangesFile   string       `json:"changes_file,omitempty" doc:"name of the .changes file, where the mail tells it"`
	Files         []File       `json:"files" doc:"the files of the upload, at most 2000"`
	NMU           bool         `json:"nmu" doc:"the changelog calls it a non-maintainer upload"`
	SignerKey     string       `json:"signer_key,omitempty" doc:"fingerprint or key id that the signature names, upper-case hexadecimal; claimed, not verified"`
	Program       string       `json:"program,omitempty" doc:"the archive program that sent the mail: process-upload, process-policy, …"`
	URL           string       `json:"url" doc:"the package's page"`
}

// A File is one file of an upload.
type File struct {
	Name     string `json:"name" doc:"file name"`
	Size     int64  `json:"size" doc:"bytes"`
	MD5      string `json:"md5,omitempty" doc:"hexadecimal"`
	SHA1     string `json:"sha1,omitempty" doc:"hexadecimal"`
	SHA256   string `json:"sha256,omitempty" doc:"hexadecimal"`
	Section  string `json:"section,omitempty" doc:"such as misc or non-free/net"`
	Priority string `json:"priority,omitempty" doc:"such as optional"`
}

// SourceAccepted is the body of dak.source.accept.
type SourceAccepted struct {
	Upload
	Closes []int `json:"closes" doc:"bugs that the changelog closes"`
}

// BinaryAccepted is the body of dak.binary.accept.
type BinaryAccepted struct {
	Upload
	BinNMU        bool `json:"binnmu" doc:"a rebuild of the same source"`
	BinNMUVersion int  `json:"binnmu_version,omitempty" doc:"N of +bN"`
}

// Queued is the body of dak.upload.queue.
type Queued struct {
	Upload
	Closes []int  `json:"closes" doc:"bugs that the changelog closes"`
	Queue  string `json:"queue" doc:"the policy queue, such as embargoed; empty if the mail does not name it"`
	Target string `json:"target" doc:"the first suite that the upload is meant for"`
}

// OldUpload is the body of the old topic debmessenger.package.upload: the
// fields of the .changes file under their own names. Values are text; sizes
// are text as well; Files and Checksums-* are lists of objects; Description
// and Changes keep their line breaks and indent.
type OldUpload map[string]any
