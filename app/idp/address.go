package idp

import (
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
)

// SetAddresses gives a person the first usable address as the primary one, and
// the others that the provider vouches for as aliases, each once.
func SetAddresses(person *directory.Person, addresses ...string) {
	seen := map[string]bool{"": true}
	for _, address := range addresses {
		folded := directory.FoldAddress(address)
		switch {
		case seen[folded]:
		case person.Email == "" && strings.Contains(address, "@"):
			person.Email = address
		default:
			person.Aliases = append(person.Aliases, address)
		}
		seen[folded] = true
	}
}
