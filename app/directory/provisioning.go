package directory

// Provisioning is what was read of the provisioning directory: the SCIM
// directory by which people are given Atlassian accounts.
type Provisioning struct {
	// URL is its address, which ends in the directory's id.
	URL    string
	People []Provisioned
	// Left are people of the identity provider that its list of people leaves
	// out because they were deactivated. They were asked for one by one: an
	// absence alone says nothing.
	Left []Person
}

// Provisioned is somebody in the provisioning directory.
type Provisioned struct {
	// ID is the directory's own.
	ID string
	// External is the id that whoever provisioned the person gave them, mostly
	// that of the person in the identity provider.
	External string
	Name     string
	// Addresses are the user name and the e-mail addresses, the primary first.
	Addresses []string
	Active    bool
	// Account is the id of the Atlassian account, or empty where the directory
	// doesn't tell.
	Account string
}

// certainID is how long an id is at least that nothing else has by chance: those
// of Okta, Entra and Google are longer, and UUIDs are.
const certainID = 16

// CertainlyIs says whether the directory's external id is that of a person and
// of nobody else: the same, and too long to be the same by chance.
func (p *Provisioned) CertainlyIs(person string) bool {
	return p.MayBe(person) && len(person) >= certainID
}

// MayBe says whether the external id is that of a person, which for short ids
// may be chance.
func (p *Provisioned) MayBe(person string) bool { return person != "" && p.External == person }
