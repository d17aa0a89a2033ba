package review

import (
	"github.com/mtibben/confusables"

	"github.com/rollcall-app/rollcall/app/directory"
)

// skeleton is a name as it looks (Unicode UTS #39): names that look the same have
// the same.
func skeleton(name string) string {
	return directory.FoldName(confusables.Skeleton(directory.FoldName(name)))
}

// LookAlike gives the name of another group, of either side, that looks like the
// row's and isn't: “аdmins” with a Cyrillic а looks like “admins”. ok is false
// where there is none.
func (r *Review) LookAlike(row *Row) (name string, ok bool) {
	r.looks.Do(func() {
		r.looking = map[string][]string{}
		see := func(name string) {
			look := skeleton(name)
			r.looking[look] = append(r.looking[look], name)
		}
		for i := range r.Snapshot.IdP.Groups {
			see(r.Snapshot.IdP.Groups[i].Name)
		}
		for i := range r.Snapshot.Atlassian.Groups {
			see(r.Snapshot.Atlassian.Groups[i].Name)
		}
	})
	for _, other := range r.looking[skeleton(row.Name)] {
		if directory.FoldName(other) != directory.FoldName(row.Name) {
			return other, true
		}
	}
	return "", false
}
