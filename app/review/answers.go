package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
)

// AnswerKind is what shall change in the identity provider.
type AnswerKind string

// The kinds of answers.
const (
	Keep    AnswerKind = "keep"     // add the person to the IdP group
	KeepOut AnswerKind = "keep-out" // remove the person from the IdP group
	Rename  AnswerKind = "rename"   // the IdP group, so that it is another than Atlassian's
)

// Answer is what somebody wants changed in the identity provider instead of
// accepting what a sync would do. It is open until a snapshot shows it carried
// out; until then its group isn't synced.
type Answer struct {
	Kind AnswerKind
	// Group is the id of the IdP group, Name its name when it was answered.
	Group, Name string
	// Person is the person's id in the IdP, Account that of the account; one may
	// be empty, both are for Rename.
	Person, Account string
	// Who and Email are the person's, for showing.
	Who, Email string
	// To is the name that the group shall have.
	To string
	By string
	At time.Time
	// Done says when a snapshot showed it carried out; zero while it is open.
	Done time.Time
	// Withdrawn says that it no longer holds; only the history has such ones.
	Withdrawn bool `json:",omitempty"`
}

// Key tells answers apart: there is one about each person in a group, and one
// about the group itself.
func (a *Answer) Key() string { return a.Group + "\x00" + cmp.Or(a.Account, a.Person) }

// String says what is to be done, in a few words.
func (a *Answer) String() string {
	switch a.Kind {
	case Keep:
		return lang.L("add %s to “%s”", a.whom(), a.Name)
	case KeepOut:
		return lang.L("remove %s from “%s”", a.whom(), a.Name)
	}
	return lang.L("rename “%s” to “%s”", a.Name, a.To)
}

func (a *Answer) whom() string {
	if a.Email == "" {
		return a.Who
	}
	return fmt.Sprintf("%s (%s)", a.Who, a.Email)
}

// NewAnswer makes the answer to a member change of a row: whoever would be removed
// is kept, whoever would be added is kept out.
func (r *Review) NewAnswer(row *Row, change *Change) Answer {
	answer := Answer{
		Kind: KeepOut, Group: r.SourceID(row), Name: row.Name,
		Who: r.Name(change.Person, change.Account), Email: r.Email(change.Person, change.Account),
	}
	if change.Kind == Removed {
		answer.Kind = Keep
	}
	if change.Person != directory.NoPerson {
		answer.Person = r.Snapshot.IdP.People[change.Person].ID
	}
	if change.Account != directory.NoAccount {
		answer.Account = r.Snapshot.Atlassian.Accounts[change.Account].ID
	}
	return answer
}

// AnswerTo gives what was answered to a member change, and isn't carried out.
func (r *Review) AnswerTo(row *Row, change *Change) (Answer, bool) {
	if len(r.answers) == 0 {
		return Answer{}, false
	}
	asked := r.NewAnswer(row, change)
	answer, ok := r.answerOf[asked.Key()]
	if !ok && asked.Account != "" { // it was given before the person had the account
		asked.Account = ""
		answer, ok = r.answerOf[asked.Key()]
	}
	return answer, ok && answer.Kind == asked.Kind
}

// Answers lists what was answered about the row's group and isn't carried out,
// the first answer first.
func (r *Review) Answers(row *Row) []Answer { return r.answers[r.SourceID(row)] }

// takeAnswers keeps those that the snapshot doesn't show carried out.
func (r *Review) takeAnswers(all map[string]Answer) {
	if len(all) == 0 {
		return
	}
	r.answers, r.answerOf = map[string][]Answer{}, map[string]Answer{}
	find := r.find()
	for key, answer := range all {
		if answer.Done.IsZero() && find.open(&answer) {
			r.answers[answer.Group] = append(r.answers[answer.Group], answer)
			r.answerOf[key] = answer
		}
	}
	for _, list := range r.answers {
		slices.SortFunc(list, func(a, b Answer) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key(), b.Key())) })
	}
}

// CarriedOut gives the keys of those answers, of all that were kept, that the
// snapshot shows carried out.
func (r *Review) CarriedOut() []string {
	find := r.find()
	var keys []string
	for key, answer := range r.input.Answers {
		if answer.Done.IsZero() && find.carriedOut(&answer) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// foundInIdP finds groups and people of the identity provider by their ids.
type foundInIdP struct {
	r       *Review
	group   map[string]directory.SourceNo
	person  map[string]directory.PersonNo
	account map[string]directory.AccountNo
}

// find is made when it is first needed.
func (r *Review) find() *foundInIdP {
	r.finds.Do(func() { r.found = newFoundInIdP(r) })
	return r.found
}

func newFoundInIdP(r *Review) *foundInIdP {
	f := &foundInIdP{r: r, group: map[string]directory.SourceNo{}, person: map[string]directory.PersonNo{}, account: map[string]directory.AccountNo{}}
	for i := range r.Snapshot.IdP.Groups {
		f.group[r.Snapshot.IdP.Groups[i].ID] = directory.SourceNo(i)
	}
	for i := range r.Snapshot.IdP.People {
		f.person[r.Snapshot.IdP.People[i].ID] = directory.PersonNo(i)
	}
	for i := range r.Snapshot.Atlassian.Accounts {
		f.account[r.Snapshot.Atlassian.Accounts[i].ID] = directory.AccountNo(i)
	}
	return f
}

// who is the person whom an answer is about, as the snapshot has them; an account
// that nobody belonged to may belong to somebody since.
func (f *foundInIdP) who(answer *Answer) directory.PersonNo {
	if no, known := f.person[answer.Person]; known {
		return no
	}
	if no, known := f.account[answer.Account]; known {
		return f.r.Matches.PersonOf[no]
	}
	return directory.NoPerson
}

// open says whether an answer is left to be carried out: of a group that isn't in
// scope any more nothing is.
func (f *foundInIdP) open(answer *Answer) bool {
	_, known := f.group[answer.Group]
	return known && !f.carriedOut(answer)
}

// carriedOut says whether the snapshot shows what was answered. It shows nothing of
// a group that isn't in scope.
func (f *foundInIdP) carriedOut(answer *Answer) bool {
	idp := &f.r.Snapshot.IdP
	group, known := f.group[answer.Group]
	if !known {
		return false
	}
	if answer.Kind == Rename {
		return directory.FoldName(idp.Groups[group].Name) != directory.FoldName(answer.Name)
	}
	who := f.who(answer)
	in := who != directory.NoPerson && !idp.People[who].Disabled && idp.Members.Has(group, who)
	return in == (answer.Kind == Keep)
}

// SourceGroup gives a group of the identity provider by its id.
func (r *Review) SourceGroup(id string) (*directory.SourceGroup, bool) {
	no, known := r.find().group[id]
	if !known {
		return nil, false
	}
	return &r.Snapshot.IdP.Groups[no], true
}

// Obstacle says why an answer can't be carried out in the identity provider as it
// is, or "". The sentence has no name in it.
func (r *Review) Obstacle(answer *Answer) string {
	find := r.find()
	who := find.who(answer)
	group, known := find.group[answer.Group]
	switch {
	case !known:
		return lang.L("the group isn't in scope any more")
	case answer.Kind == Rename && r.NameTaken(answer.To):
		return lang.L("another group has the new name already")
	case answer.Kind == Rename:
		return ""
	case r.Snapshot.IdP.Groups[group].ReadOnly != "":
		return r.Snapshot.IdP.Groups[group].ReadOnly
	case who == directory.NoPerson:
		return lang.L("the identity provider knows nobody of this address")
	case answer.Kind == Keep && r.Snapshot.IdP.People[who].Disabled:
		return lang.L("the person is %s in the identity provider", strings.ToLower(cmp.Or(r.Snapshot.IdP.People[who].Status, "disabled")))
	}
	return ""
}

// NameTaken says whether a group of either side has a name.
func (r *Review) NameTaken(name string) bool {
	folded := directory.FoldName(name)
	return r.sharing[folded] > 0 || slices.ContainsFunc(r.Snapshot.Atlassian.Groups, func(group directory.Group) bool { return directory.FoldName(group.Name) == folded })
}

// FreeName proposes a name for the row's IdP group that no group of either side
// has.
func (r *Review) FreeName(row *Row) string {
	base := strings.TrimSpace(row.Name) + "-idp"
	name := base
	for n := 2; r.NameTaken(name); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name
}

// PersonOf gives the id, in the identity provider, of the person whom an answer is
// about, or "".
func (r *Review) PersonOf(answer *Answer) string {
	if who := r.find().who(answer); who != directory.NoPerson {
		return r.Snapshot.IdP.People[who].ID
	}
	return ""
}
