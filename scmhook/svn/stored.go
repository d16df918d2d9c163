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
	if strings.Contains(c.Message, `?\`) {
		message, err := r.Property(ctx, c.ID, "svn:log")
		if err != nil {
			return err
		}
		c.Message = charset.Text(message)
	}
	if strings.Contains(c.Author.Name+c.Author.Email, `?\`) {
		author, err := r.Property(ctx, c.ID, "svn:author")
		if err != nil {
			return err
		}
		c.Author = scm.Author(charset.Text(author))
		c.Committer = c.Author
	}
	return nil
}
