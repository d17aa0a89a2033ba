package ldap

import (
	"context"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// AddMember makes a person a direct member.
func (l *LDAP) AddMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	return l.changeMember(ctx, group, person, func(request *ldap.ModifyRequest, attribute, value string) {
		request.Add(attribute, []string{value})
	}, ldap.LDAPResultAttributeOrValueExists, ldap.LDAPResultEntryAlreadyExists)
}

// RemoveMember ends a direct membership. The last member of a group that may not
// be empty is replaced by the placeholder, where one is configured.
func (l *LDAP) RemoveMember(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	remove := func(request *ldap.ModifyRequest, attribute, value string) { request.Delete(attribute, []string{value}) }
	// Active Directory is unwilling where the person isn't a direct member;
	// whether they are one still is read afterwards.
	err := l.changeMember(ctx, group, person, remove, ldap.LDAPResultNoSuchAttribute, ldap.LDAPResultUnwillingToPerform)
	if ldap.IsErrorWithCode(err, ldap.LDAPResultObjectClassViolation) {
		if l.config.Placeholder == "" {
			return idp.Refuse(group, lang.L("the directory doesn't permit it to be empty, and no placeholder is configured"))
		}
		err = l.changeMember(ctx, group, person, func(request *ldap.ModifyRequest, attribute, value string) {
			request.Add(attribute, []string{l.config.Placeholder})
			remove(request, attribute, value)
		})
	}
	if err != nil {
		return err
	}
	return l.requireGone(ctx, group, person)
}

// requireGone refuses where a person stays in a group through another within it.
func (l *LDAP) requireGone(ctx context.Context, group directory.SourceGroup, person directory.Person) error {
	now, err := l.Now(ctx, group.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(now.Members, func(member directory.Person) bool { return member.ID == person.ID }) {
		return idp.Refuse(group, lang.L("%s stays in it through a group within it, or because it is their primary group", person.Name))
	}
	return nil
}

// changeMember modifies a group's entry by the attribute that its class has;
// done are results that say that it is so already.
func (l *LDAP) changeMember(ctx context.Context, group directory.SourceGroup, person directory.Person, change func(request *ldap.ModifyRequest, attribute, value string), done ...uint16) error {
	if group.ReadOnly != "" {
		return idp.Refuse(group, group.ReadOnly)
	}
	t, err := l.tree(ctx, crowdAge)
	if err != nil {
		return err
	}
	entry, err := t.find(ctx, group.ID)
	if err != nil {
		return err
	}
	found, err := t.byID(ctx, person.ID, t.kind.personAttributes())
	if err != nil {
		return err
	}
	attribute, value := "member", found.DN
	switch {
	case entry.is("groupOfUniqueNames"):
		attribute = "uniqueMember"
	case entry.is("posixGroup"):
		attribute, value = "memberUid", found.GetAttributeValue("uid")
	}
	if value == "" {
		return idp.Refuse(group, lang.L("%s has no uid by which the group could name them", person.Name))
	}
	request := ldap.NewModifyRequest(entry.dn, nil)
	change(request, attribute, value)
	l.count.Add(1)
	if err := t.conn.Modify(request); err != nil && !ldap.IsErrorAnyOf(err, done...) {
		return l.explain(ctx, lang.Mark("change the members of a group"), err)
	}
	return nil
}

func (g *group) is(class string) bool {
	return slices.ContainsFunc(g.classes, func(one string) bool { return strings.EqualFold(one, class) })
}

// RenameGroup gives a group another name: by another DN where the name stands in
// it, else by the attribute. Active Directory leaves sAMAccountName as it was.
func (l *LDAP) RenameGroup(ctx context.Context, group directory.SourceGroup, name string) error {
	t, err := l.tree(ctx, crowdAge)
	if err != nil {
		return err
	}
	entry, err := t.find(ctx, group.ID)
	if err != nil {
		return err
	}
	dn, err := ldap.ParseDN(entry.dn)
	if err != nil || len(dn.RDNs) == 0 {
		return problem.Wrap(err, problem.BadAnswer, lang.L("The DN of “%s” can't be read.", group.Name), lang.L("Rename it in the directory, then fetch again."))
	}
	named := false
	for _, part := range dn.RDNs[0].Attributes {
		if strings.EqualFold(part.Type, t.kind.groupName) {
			part.Value, named = name, true
		}
	}
	l.count.Add(1)
	if named {
		err = t.conn.ModifyDN(ldap.NewModifyDNRequest(entry.dn, dn.RDNs[0].String(), true, ""))
	} else {
		request := ldap.NewModifyRequest(entry.dn, nil)
		request.Replace(t.kind.groupName, []string{name})
		err = t.conn.Modify(request)
	}
	if err != nil {
		return l.explain(ctx, lang.Mark("rename a group"), err)
	}
	return nil
}
