package review_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/review"
)

func TestNamesThatOnlyLookTheSameAreTold(t *testing.T) {
	s := &directory.Snapshot{}
	for _, name := range []string{"admins", "\u0430dmins", "legal", "LEGAL-2", "f\u0456nance", "Zoë"} {
		s.IdP.Groups = append(s.IdP.Groups, directory.SourceGroup{ID: name, Name: name})
	}
	for _, name := range []string{"finance", "Admins", "zoë"} {
		s.Atlassian.Groups = append(s.Atlassian.Groups, directory.Group{ID: name, Name: name})
	}
	r := review.Compare(review.Input{Snapshot: s})
	found := map[string]string{}
	for i := range r.Rows {
		if other, ok := r.LookAlike(&r.Rows[i]); ok {
			found[r.Rows[i].Name] = other
		}
	}
	require.Equal(t, map[string]string{"admins": "\u0430dmins", "\u0430dmins": "admins", "f\u0456nance": "finance"}, found)
}
