package ldap

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
)

// somebody is a person's entry.
type somebody struct {
	directory.Person
	dn, uid string
	// primary is the id of the Active Directory group that holds the person
	// without naming them.
	primary string
}

// group is a group's entry.
type group struct {
	directory.SourceGroup
	dn      string
	classes []string
	members []string // DNs
	// next is the number from which on the server has yet to give members; zero
	// where it gave them all.
	next int
	uids []string // of posixGroup
	rid  string   // Active Directory's id of the group within the domain
}

// crowd is everybody, as listed at one time. It doesn't change once made.
type crowd struct {
	at     time.Time
	people map[string]*somebody // by the key of their DN
	byUID  map[string]*somebody
	// holds are the people of each primary group.
	holds map[string][]*somebody
}

// crowdAge is how old a list of everybody may be that is used for reading one
// group: who is in it is asked now, who they are was within a minute.
const crowdAge = time.Minute

// tree is what was read of a directory: people and groups by their DN.
type tree struct {
	ldap  *LDAP
	conn  *ldap.Conn
	kind  *kind
	crowd *crowd
	// strangers are people that a group names and the list of everybody lacks.
	strangers map[string]*somebody
	groups    map[string]*group
	// odd says of DNs that are neither what they are: why they can't be read,
	// or "" for what is no person.
	odd map[string]string
}

// tree begins to read, from a list of everybody that isn't older than age.
func (l *LDAP) tree(ctx context.Context, age time.Duration) (*tree, error) {
	conn, kind, err := l.connection(ctx)
	if err != nil {
		return nil, err
	}
	l.crowds.Lock()
	defer l.crowds.Unlock()
	if l.crowd == nil || time.Since(l.crowd.at) > age {
		if l.crowd, err = l.readPeople(ctx, conn, kind); err != nil {
			return nil, err
		}
	}
	return &tree{
		ldap: l, conn: conn, kind: kind, crowd: l.crowd, strangers: map[string]*somebody{}, groups: map[string]*group{}, odd: map[string]string{},
	}, nil
}

// person gives who has a DN, by its key, or nil.
func (t *tree) person(at string) *somebody {
	if person := t.crowd.people[at]; person != nil {
		return person
	}
	return t.strangers[at]
}

// key gives the form in which DNs are compared.
func key(dn string) string {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	return strings.ToLower(parsed.String())
}

func (l *LDAP) source() string {
	return fmt.Sprintf("ldap %s %s %s %s", l.config.URL, l.config.Base, l.config.PeopleBase, l.config.GroupsBase)
}

// Read reads all people, and all groups with their members, those of groups
// within included.
func (l *LDAP) Read(ctx context.Context, _ *directory.IdentityProvider, tell progress.Func) (directory.IdentityProvider, directory.Reading, error) {
	before := l.Count()
	c := idp.NewCollector("ldap", "LDAP", l.source())
	if err := l.read(ctx, c, tell); err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	side := c.Result("")
	way := lang.L("People and groups in pages of %d; members come with the groups.", l.config.PageSize)
	return side, directory.Reading{Way: way, Requests: l.Count().Since(before).Requests}, nil
}

func (l *LDAP) read(ctx context.Context, c *idp.Collector, tell progress.Func) error {
	tell.Tell(lang.L("Listing people in LDAP"), 0, 0)
	t, err := l.tree(ctx, 0)
	if err != nil {
		return err
	}
	for _, person := range t.crowd.people {
		if err := c.AddPerson(person.Person); err != nil {
			return err
		}
	}
	tell.Tell(lang.L("Listing groups in LDAP"), 0, 0)
	err = l.pages(ctx, t.conn, lang.Mark("read groups"), l.config.base(l.config.GroupsBase), t.kind.groups, t.kind.groupAttributes(), func(entry *ldap.Entry) error {
		group := t.addGroup(entry)
		return c.AddGroup(group.SourceGroup)
	})
	if err != nil {
		return err
	}
	inScope := slices.Sorted(maps.Keys(t.groups))
	for i, dn := range inScope {
		tell.Tell(lang.L("Reading members in LDAP"), i, len(inScope))
		group := t.groups[dn]
		members, unreadable, err := t.members(ctx, dn)
		if err != nil {
			return err
		}
		group.Unreadable = unreadable
		c.SetGroup(group.SourceGroup)
		if err := c.SetMembers(group.ID, members); err != nil {
			return err
		}
	}
	return nil
}

func (k *kind) personAttributes() []string {
	attributes := append([]string{k.id, k.mail, k.name, "cn", "uid", "objectClass"}, k.aliases...)
	if k.active {
		attributes = append(attributes, "userAccountControl", "primaryGroupID")
	}
	return attributes
}

func (k *kind) groupAttributes() []string {
	attributes := []string{k.id, k.groupName, "objectClass", k.member, "uniqueMember", "memberUid"}
	if k.active {
		attributes = append(attributes, "objectSid")
	}
	return attributes
}

// readPeople reads everybody, and who of them is disabled.
func (l *LDAP) readPeople(ctx context.Context, conn *ldap.Conn, kind *kind) (*crowd, error) {
	c := &crowd{at: time.Now(), people: map[string]*somebody{}, byUID: map[string]*somebody{}, holds: map[string][]*somebody{}}
	base := l.config.base(l.config.PeopleBase)
	err := l.pages(ctx, conn, lang.Mark("read people"), base, kind.people, kind.personAttributes(), func(entry *ldap.Entry) error {
		person := kind.somebody(entry)
		c.people[key(entry.DN)] = person
		if person.uid != "" {
			c.byUID[person.uid] = person
		}
		if person.primary != "" {
			c.holds[person.primary] = append(c.holds[person.primary], person)
		}
		return nil
	})
	if err != nil || kind.disabled == "" {
		return c, err
	}
	return c, l.pages(ctx, conn, lang.Mark("read disabled people"), base, kind.disabled, []string{kind.id}, func(entry *ldap.Entry) error {
		if person := c.people[key(entry.DN)]; person != nil {
			person.Status, person.Disabled = "disabled", true
		}
		return nil
	})
}

func (k *kind) somebody(entry *ldap.Entry) *somebody {
	return &somebody{Person: k.person(entry), dn: entry.DN, uid: entry.GetAttributeValue("uid"), primary: entry.GetAttributeValue("primaryGroupID")}
}

// addGroup takes in a group's entry. Members that come in ranges are followed
// when they are needed.
func (t *tree) addGroup(entry *ldap.Entry) *group {
	g := &group{
		SourceGroup: directory.SourceGroup{ID: t.kind.idOf(entry), Name: entry.GetAttributeValue(t.kind.groupName)},
		dn:          entry.DN, classes: entry.GetAttributeValues("objectClass"), uids: entry.GetAttributeValues("memberUid"), rid: relativeID(entry.GetRawAttributeValue("objectSid")),
	}
	for _, attribute := range entry.Attributes {
		name, _, _ := strings.Cut(attribute.Name, ";")
		switch {
		case strings.EqualFold(name, "member"):
			g.members = append(g.members, attribute.Values...)
		case strings.EqualFold(name, "uniqueMember"):
			for _, value := range attribute.Values {
				dn, _, _ := strings.Cut(value, "#") // a unique identifier may follow
				g.members = append(g.members, dn)
			}
		}
		if from, more := nextRange(attribute.Name); more {
			g.next = from
		}
	}
	t.groups[key(entry.DN)] = g
	return g
}

// nextRange reads the option of an attribute that came in part:
// member;range=0-1499. The last part ends in an asterisk.
func nextRange(attribute string) (from int, more bool) {
	name, option, _ := strings.Cut(strings.ToLower(attribute), ";range=")
	_, last, ok := strings.Cut(option, "-")
	if name != "member" || !ok || last == "*" {
		return 0, false
	}
	n, err := strconv.Atoi(last)
	if err != nil || n < 0 {
		return 0, false
	}
	return n + 1, true
}

// complete follows the ranges of a group's members to their end.
func (t *tree) complete(ctx context.Context, g *group) error {
	for g.next > 0 {
		asked := g.next
		entry, err := t.ldap.one(ctx, t.conn, lang.Mark("read members"), g.dn, []string{t.part(asked)})
		if err != nil {
			return err
		}
		found := false
		g.next = 0
		if entry != nil {
			for _, attribute := range entry.Attributes {
				if name, _, _ := strings.Cut(strings.ToLower(attribute.Name), ";"); name != "member" || len(attribute.Values) == 0 {
					continue
				}
				found = true
				g.members = append(g.members, attribute.Values...)
				if from, more := nextRange(attribute.Name); more {
					if from <= asked {
						return remote.Incomplete(lang.L("the members of “%s” in LDAP", g.Name), lang.L("the server gave the same part again"))
					}
					g.next = from
				}
			}
		}
		if !found {
			return remote.Incomplete(lang.L("the members of “%s” in LDAP", g.Name), lang.L("the server gave a part of them only"))
		}
	}
	return nil
}

// part asks for the members from a number on, as many as are given at once.
func (t *tree) part(from int) string {
	return fmt.Sprintf("member;range=%d-%d", from, from+t.ldap.config.RangeSize-1)
}

// relativeID gives the last part of a security identifier, as primaryGroupID
// names a group, or "".
func relativeID(sid []byte) string {
	if len(sid) < 12 {
		return ""
	}
	return strconv.FormatUint(uint64(binary.LittleEndian.Uint32(sid[len(sid)-4:])), 10)
}

// members gives everybody in a group and in the groups within it; unreadable
// says why not all of them can be known.
func (t *tree) members(ctx context.Context, dn string) (members []directory.Person, unreadable string, err error) {
	all := idp.Flatten(dn, func(dn string) (people, groups []string) {
		if err != nil {
			return nil, nil
		}
		var why string
		people, groups, why, err = t.direct(ctx, t.groups[dn])
		if why != "" {
			unreadable = why
		}
		return people, groups
	})
	seen := map[string]bool{}
	for _, dn := range all {
		person := t.person(dn)
		if !seen[person.ID] {
			seen[person.ID] = true
			members = append(members, person.Person)
		}
	}
	return members, unreadable, err
}

// direct gives the keys of the people and the groups directly in a group.
func (t *tree) direct(ctx context.Context, g *group) (people, groups []string, unreadable string, err error) {
	if err := t.complete(ctx, g); err != nil {
		return nil, nil, "", err
	}
	for _, dn := range g.members {
		at := key(dn)
		if t.placeholder(g, at) {
			continue
		}
		if err := t.learn(ctx, at, dn); err != nil {
			return nil, nil, "", err
		}
		switch {
		case t.person(at) != nil:
			people = append(people, at)
		case t.groups[at] != nil:
			groups = append(groups, at)
		case t.odd[at] != "":
			unreadable = t.odd[at]
		}
	}
	for _, uid := range g.uids {
		if person := t.crowd.byUID[uid]; person != nil {
			people = append(people, key(person.dn))
		} else {
			unreadable = lang.L("its member %s isn't among the people that were read", uid)
		}
	}
	if g.rid != "" {
		for _, person := range t.crowd.holds[g.rid] {
			people = append(people, key(person.dn))
		}
	}
	return people, groups, unreadable, nil
}

func (t *tree) placeholder(g *group, at string) bool {
	return at == "" || at == key(g.dn) || at == key(t.ldap.config.BindDN) || at == key(t.ldap.config.Placeholder)
}

// learn reads an entry that a group names and that no list had: somebody outside
// the base or the filter, a group outside them, or nothing of either kind.
func (t *tree) learn(ctx context.Context, at, dn string) error {
	if _, odd := t.odd[at]; odd || t.person(at) != nil || t.groups[at] != nil {
		return nil
	}
	attributes := append(t.kind.personAttributes(), t.kind.groupAttributes()...)
	entry, err := t.ldap.one(ctx, t.conn, lang.Mark("read a member"), dn, attributes)
	switch {
	case problem.Is(err, problem.Forbidden), problem.Is(err, problem.Incomplete):
		t.odd[at] = lang.L("its member %s can't be read", dn)
		return nil
	case err != nil:
		return err
	case entry == nil:
		t.odd[at] = lang.L("its member %s doesn't exist or can't be seen: remove it from the group, name it as the placeholder, or let it be read", dn)
		return nil
	}
	is := func(classes ...string) bool {
		return slices.ContainsFunc(entry.GetAttributeValues("objectClass"), func(class string) bool {
			return slices.ContainsFunc(classes, func(one string) bool { return strings.EqualFold(one, class) })
		})
	}
	switch {
	case is("groupOfNames", "groupOfUniqueNames", "posixGroup", "group"):
		t.addGroup(entry)
	case is("foreignSecurityPrincipal"):
		t.odd[at] = lang.L("its member %s is somebody of another domain", dn)
	case is("computer"):
		t.odd[at] = ""
	case is("person", "inetOrgPerson", "user", "posixAccount"):
		t.strangers[at] = t.kind.somebody(entry)
	default:
		t.odd[at] = ""
	}
	return nil
}

// find reads a group's entry by its id.
func (t *tree) find(ctx context.Context, id string) (*group, error) {
	entry, err := t.byID(ctx, id, t.kind.groupAttributes())
	if err != nil {
		return nil, err
	}
	return t.addGroup(entry), nil
}

func (t *tree) byID(ctx context.Context, id string, attributes []string) (found *ldap.Entry, err error) {
	config := &t.ldap.config
	for _, base := range slices.Compact([]string{config.base(config.GroupsBase), config.base(config.PeopleBase)}) {
		filter := fmt.Sprintf("(%s=%s)", t.kind.id, t.kind.filterValue(id))
		request := ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, nil)
		err := t.ldap.search(ctx, t.conn, lang.Mark("look for an entry"), request, func(entry *ldap.Entry) error {
			found = entry
			return nil
		})
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, problem.New(problem.NotFound, lang.L("The entry no longer exists in LDAP."), lang.L("Fetch again to see what there is now."))
}

// filterValue escapes an id for a filter: bytes where it is a GUID.
func (k *kind) filterValue(id string) string {
	if _, err := hex.DecodeString(id); !k.active || err != nil {
		return ldap.EscapeFilter(id)
	}
	var escaped strings.Builder
	for i := 0; i < len(id); i += 2 {
		escaped.WriteString(`\` + id[i:i+2])
	}
	return escaped.String()
}

// Now reads one group with its members, and the groups within it.
func (l *LDAP) Now(ctx context.Context, id string) (idp.GroupNow, error) {
	t, err := l.tree(ctx, crowdAge)
	if err != nil {
		return idp.GroupNow{}, err
	}
	g, err := t.find(ctx, id)
	if err != nil {
		return idp.GroupNow{}, err
	}
	now := idp.GroupNow{Group: g.SourceGroup}
	now.Members, now.Group.Unreadable, err = t.members(ctx, key(g.dn))
	return now, err
}

// accountDisabled reads bit 2 of userAccountControl.
func accountDisabled(control string) bool {
	const disabled = 0x2
	n, err := strconv.ParseInt(control, 10, 64)
	return err == nil && n&disabled != 0
}

// Person reads one person. The directory is searched for everybody: what tells
// the disabled is a filter of its own, and the list is shared for a minute.
func (l *LDAP) Person(ctx context.Context, id string) (directory.Person, error) {
	t, err := l.tree(ctx, crowdAge)
	if err != nil {
		return directory.Person{}, err
	}
	for _, person := range t.crowd.people {
		if person.ID == id {
			return person.Person, nil
		}
	}
	return directory.Person{}, problem.New(problem.NotFound, lang.L("The LDAP directory no longer holds the person."), lang.L("Fetch again to see what there is now."))
}
