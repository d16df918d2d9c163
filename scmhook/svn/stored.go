package svn

import (
	"context"
	"strings"

	"busbar/adapters/scm"
	"busbar/common/charset"
)

// asStored reads author and log again, by the bytes that the repository has. Old
// ones have some that are no UTF-8: svnlook info then writes each as ?\E9, and
// takes the accents off all other letters.
func (r *Repo) asStored(ctx context.Context, c *scm.Commit) error {
	for name, text := range map[string]*string{"svn:log": &c.Message, "svn:author": &c.Author.Name} {
		if !strings.Contains(*text, `?\`) {
			continue
		}
		stored, err := r.Property(ctx, c.ID, name)
		if err != nil {
			return err
		}
		*text = charset.Text(stored)
	}
	c.Committer = c.Author
	return nil
}
