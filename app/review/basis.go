package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
)

// Basis tells what Facts is the fingerprint of, so that it can be said later what
// has changed: a line each of a kind, an id and a title, apart by tabs, sorted.
func (r *Review) Basis(row *Row) []string {
	b := &basis{r: r}
	if row.Source != NoSource {
		b.add("source", r.SourceID(row), row.Name)
	}
	for _, target := range row.Targets() {
		b.target(target)
	}
	slices.Sort(b.lines)
	return slices.Compact(b.lines)
}

// basis gathers the lines.
type basis struct {
	r     *Review
	lines []string
}

func (b *basis) add(kind, id, title string) {
	clean := strings.NewReplacer("\t", " ", "\n", " ")
	b.lines = append(b.lines, kind+"\t"+clean.Replace(id)+"\t"+clean.Replace(title))
}

func (b *basis) target(row *Row) {
	var m members
	b.r.compare(row, &m)
	where := on(row.Site)
	for _, no := range row.Groups {
		group := &b.r.Snapshot.Atlassian.Groups[no]
		b.add("group", group.ID, group.Name+where)
		for _, grant := range group.Grants {
			b.grant(group, grant)
		}
	}
	for kind, accounts := range map[string][]directory.AccountNo{"add": m.added, "remove": m.removed, "protect": m.protected} {
		for _, no := range accounts {
			b.add(kind, b.r.Snapshot.Atlassian.Accounts[no].ID+where, b.r.who(b.r.Matches.PersonOf[no], no)+where)
		}
	}
	for kind, people := range map[string][]directory.PersonNo{"provision": m.provision, "unmatched": m.unmatched} {
		for _, no := range people {
			b.add(kind, b.r.Snapshot.IdP.People[no].ID+where, b.r.who(no, directory.NoAccount)+where)
		}
	}
}

func (b *basis) grant(group *directory.Group, grant directory.Grant) {
	product := &b.r.Snapshot.Atlassian.Products[grant.Product]
	title := fmt.Sprintf("%s %s%s", product.Name, strings.TrimPrefix(grant.Role, directory.RolePrefix), on(product.Site))
	if grant.Default {
		title += ", by default"
	}
	b.add("grant", fmt.Sprintf("%s %s %s %t", group.ID, product.ID, grant.Role, grant.Default), title)
}

func on(site string) string {
	if site == "" {
		return ""
	}
	return " on " + site
}

// who names somebody with the address.
func (r *Review) who(person directory.PersonNo, account directory.AccountNo) string {
	name, email := r.Name(person, account), r.Email(person, account)
	if email == "" || email == name {
		return name
	}
	return fmt.Sprintf("%s (%s)", name, email)
}

// turns say what it means that a line of a kind is there now, or no longer.
var turns = []struct{ kind, now, noLonger string }{
	{"source", lang.Mark("It is another IdP group now"), lang.Mark("It was the IdP group")},
	{"group", lang.Mark("It overwrites now also"), lang.Mark("It no longer overwrites")},
	{"grant", lang.Mark("The group gives now also"), lang.Mark("The group no longer gives")},
	{"remove", lang.Mark("Would now be removed"), lang.Mark("Would no longer be removed")},
	{"add", lang.Mark("Would now be added"), lang.Mark("Would no longer be added")},
	{"provision", lang.Mark("Would now be brought in"), lang.Mark("Would no longer be brought in")},
	{"unmatched", lang.Mark("Can't be matched now"), lang.Mark("No longer among those who can't be matched")},
	{"protect", lang.Mark("Kept from removal now"), lang.Mark("No longer kept from removal")},
}

// WhatChanged tells what differs between what a decision rested on and what is now,
// in a sentence for each kind of change. A title that changed alone is none.
func WhatChanged(before, now []string) []string {
	gone, come := byKind(before, now), byKind(now, before)
	var sentences []string
	for _, turn := range turns {
		for _, side := range []struct {
			words  string
			titles []string
		}{{turn.now, come[turn.kind]}, {turn.noLonger, gone[turn.kind]}} {
			if len(side.titles) > 0 {
				sentences = append(sentences, fmt.Sprintf("%s: %s.", lang.L(side.words), some(side.titles)))
			}
		}
	}
	return sentences
}

// byKind gives the titles of the lines that another list lacks, by their kind.
func byKind(lines, other []string) map[string][]string {
	has := make(map[string]bool, len(other))
	key := func(line string) (kind, key, title string) {
		parts := strings.SplitN(line, "\t", 3)
		if len(parts) < 3 {
			return "", line, ""
		}
		return parts[0], parts[0] + "\t" + parts[1], parts[2]
	}
	for _, line := range other {
		_, k, _ := key(line)
		has[k] = true
	}
	titles := map[string][]string{}
	for _, line := range lines {
		if kind, k, title := key(line); !has[k] {
			titles[kind] = append(titles[kind], title)
		}
	}
	return titles
}

// named bounds how many are named in a sentence.
const named = 12

// some names the first of a list, and how many more there are.
func some(titles []string) string {
	slices.Sort(titles)
	if len(titles) <= named {
		return strings.Join(titles, ", ")
	}
	return lang.L("%s and %d more", strings.Join(titles[:named], ", "), len(titles)-named)
}
