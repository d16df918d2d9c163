package rule

// A Ready is a rule that people can take as it is, by its name.
type Ready struct {
	Name, Does, Filter string
	Own                bool // leaves out what the person did
}

// ReadyMade are all of them.
func ReadyMade() []Ready {
	return []Ready{
		{"maintained", "all about the packages that I maintain", "package:@mine", true},
		{"tracker", "what the package tracker mails by default about the packages that I maintain", "package:@mine keyword:default keyword:bts keyword:bts-control keyword:upload-source keyword:archive keyword:summary keyword:contact keyword:security", false},
		{"reported", "what becomes of the bugs that I reported", "bug:@mine", true},
		{"rc", "release-critical bugs in the packages that I maintain", "package:@mine severity:serious severity:grave severity:critical", true},
		{"failed", "builds of the packages that I maintain that failed", "package:@mine topic:wannabuild.build.fail topic:wannabuild.build.attempt", false},
		{"leaving", "packages that I maintain and that are to leave, or left, testing", "package:@mine topic:release.package.warn topic:britney.package.remove", false},
		{"security", "security advisories for the packages that I maintain", "package:@mine topic:security", false},
		{"named", "all that names me", "person:me", true},
	}
}

func readyMade(name string) (Ready, bool) {
	for _, r := range ReadyMade() {
		if r.Name == name {
			return r, true
		}
	}
	return Ready{}, false
}
