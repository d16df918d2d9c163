package scm

import (
	"testing"

	"busbar/common/event"
)

func TestAuthor(t *testing.T) {
	for s, want := range map[string]event.Person{
		"Nora <nora@example.org>":                     {Name: "Nora", Email: "nora@example.org"},
		"Nora Ortega  < nora@example.org > ":          {Name: "Nora Ortega", Email: "nora@example.org"},
		"nora@example.org":                            {Email: "nora@example.org"},
		"<nora@example.org>":                          {Email: "nora@example.org"},
		"Nora nora@example.org":                       {Name: "Nora", Email: "nora@example.org"},
		"nora@example.org Nora Ortega":                {Name: "Nora Ortega", Email: "nora@example.org"},
		"nora@example.org (Nora Ortega)":              {Name: "Nora Ortega", Email: "nora@example.org"},
		"Nora Ortega (nora@example.org)":              {Name: "Nora Ortega", Email: "nora@example.org"},
		"Nora, nora@example.org":                      {Name: "Nora", Email: "nora@example.org"},
		`"Ortega, Nora" <nora@example.org>`:           {Name: "Ortega, Nora", Email: "nora@example.org"},
		`"Nora \"Tea\" Ortega" <nora@example.org>`:    {Name: `Nora "Tea" Ortega`, Email: "nora@example.org"},
		`"Nora" and "Bo" <nora@example.org>`:          {Name: `"Nora" and "Bo"`, Email: "nora@example.org"},
		`Nora "Tea" <nora@example.org>`:               {Name: `Nora "Tea"`, Email: "nora@example.org"},
		"Nora <<nora@example.org>>":                   {Name: "Nora", Email: "nora@example.org"},
		"Nora <<nora@example.org>":                    {Name: "Nora", Email: "nora@example.org"},
		"Nora <nora@example.org":                      {Name: "Nora", Email: "nora@example.org"},
		"Nora <nora@example.org> <bo@example.org>":    {Name: "Nora", Email: "nora@example.org"},
		"Nora <nora@example.org>, Bo <b@example.org>": {Name: "Nora", Email: "nora@example.org"},
		"Nora <nora at example dot org>":              {Name: "Nora", Email: "nora at example dot org"},
		"nora":                                        {Name: "nora"},
		"Nora @ home":                                 {Name: "Nora @ home"},
		"I <3 git":                                    {Name: "I <3 git"},
		"Nora <>":                                     {Name: "Nora"},
		"":                                            {},
		"(no author)":                                 {Name: "(no author)"},
	} {
		if got := Author(s); got != want {
			t.Errorf("%q is %+v, want %+v", s, got, want)
		}
	}
}
