package run

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/review"
)

// Provisioning is what a run asks of the provisioning directory.
type Provisioning interface {
	Person(ctx context.Context, id string) (directory.Provisioned, error)
	Named(ctx context.Context, name string) (person directory.Provisioned, ok bool, err error)
	Create(ctx context.Context, person directory.Person) (directory.Provisioned, error)
	Rename(ctx context.Context, id, name string) (directory.Provisioned, error)
	Deactivate(ctx context.Context, id string) (directory.Provisioned, error)
	Activate(ctx context.Context, id string) (directory.Provisioned, error)
	Count() remote.Count
}

// PersonResult is what a run did to one person in the provisioning directory.
type PersonResult struct {
	Kind   review.PersonChangeKind `json:"kind"`
	ID     string                  `json:"id"`
	Name   string                  `json:"name"`
	Email  string                  `json:"email,omitempty"`
	Result Result                  `json:"result"`
	// Error says why the result isn't Synced, with what to do.
	Error string `json:"error,omitempty"`
	// Account is that of somebody created.
	Account string `json:"account,omitempty"`
	// After is the person as the directory has them then; nil where it didn't
	// say.
	After *directory.Provisioned `json:"-"`
}

// errNoAccount leaves somebody out of their groups for whom no account could be
// made.
var errNoAccount = errors.New("no account could be created")

// people performs the changes of some kinds, several side by side.
func (p *performance) people(ctx context.Context, phase Kind, stage string, kinds ...review.PersonChangeKind) {
	var changes []*plan.Person
	for i := range p.plan.People {
		person := &p.plan.People[i]
		for _, kind := range kinds {
			if _, done := p.persons[personKey(person.Kind, person.ID)]; person.Kind == kind && !person.Blocked() && !done {
				changes = append(changes, person)
			}
		}
	}
	if len(changes) == 0 {
		return
	}
	p.stage.Store(&stage)
	p.pace.begin(phase, time.Now())
	p.advance(phase, 0)
	// The function never fails: a person's failure is their result.
	_ = remote.Each(ctx, len(changes), func(ctx context.Context, i int) error {
		result := p.person(ctx, changes[i])
		err := p.Journal.PersonDone(p.report.ID, result)
		p.advance(phase, 1)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.persons[personKey(result.Kind, result.ID)] = result
		p.fail(err)
		return nil
	})
}

// person performs the change to one person.
func (p *performance) person(ctx context.Context, change *plan.Person) PersonResult {
	result := newPersonResult(change)
	after, err := p.changePerson(ctx, change)
	var why changed
	switch {
	case errors.As(err, &why):
		result.Result, result.Error = Changed, lang.L("%s The person was left alone: fetch and review again.", string(why))
	case err != nil:
		result.Result, result.Error = Failed, problem.Of(err).Error()
	default:
		result.After = &after
		if change.Kind == review.CreatePerson {
			result.Account = after.Account
		}
	}
	return result
}

func personKey(kind review.PersonChangeKind, id string) string { return string(kind) + " " + id }

func newPersonResult(change *plan.Person) PersonResult {
	return PersonResult{Kind: change.Kind, ID: change.ID, Name: change.Name, Email: change.Email, Result: Synced}
}

// changePerson reads both sides again, and then writes what still holds.
func (p *performance) changePerson(ctx context.Context, change *plan.Person) (directory.Provisioned, error) {
	var person directory.Person
	if p.plan.Undoes == "" { // the source of an undo is the past
		var err error
		if person, err = p.sourcePerson(ctx, change); err != nil {
			return directory.Provisioned{}, err
		}
	}
	if change.Kind == review.CreatePerson {
		return p.createPerson(ctx, &person)
	}
	record, err := p.Provisioning.Person(ctx, change.Record)
	if err != nil {
		return record, err
	}
	if p.tried(change) && (change.Kind == review.UpdatePerson && record.Name == strings.TrimSpace(change.Name) || change.Kind == review.DeactivatePerson && !record.Active || change.Kind == review.ActivatePerson && record.Active) {
		return record, nil // before the run was interrupted
	}
	if record.Account != change.Account || record.Active == (change.Kind == review.ActivatePerson) || record.Name != change.Was {
		return record, changed(lang.L("What the provisioning directory says of the person has changed since it was reviewed."))
	}
	switch change.Kind {
	case review.UpdatePerson:
		return p.renamePerson(ctx, change)
	case review.ActivatePerson:
		return p.switchPerson(ctx, change, ActivatePerson, true, p.Provisioning.Activate)
	default:
		return p.switchPerson(ctx, change, DeactivatePerson, false, p.Provisioning.Deactivate)
	}
}

// sourcePerson compares a person, as the IdP has them now, with what was
// reviewed.
func (p *performance) sourcePerson(ctx context.Context, change *plan.Person) (directory.Person, error) {
	person, err := p.personNow(ctx, change)
	if problem.Is(err, problem.NotFound) {
		return person, changed(lang.L("The identity provider no longer knows the person."))
	}
	if err == nil && plan.PersonFact(&person) != change.Fact {
		err = changed(lang.L("What the identity provider says of the person has changed since it was reviewed."))
	}
	return person, err
}

// manyPeople is how many are asked about one by one; of more, a list of everybody
// costs fewer requests.
const manyPeople = 200

// personNow reads a person, of many from a list at most a minute old. Who is to lose
// something is always asked about alone.
func (p *performance) personNow(ctx context.Context, change *plan.Person) (directory.Person, error) {
	roll, lists := p.IdP.(idp.Roll)
	if lists && len(p.plan.People) > manyPeople && change.Kind != review.DeactivatePerson {
		everybody, err := roll.Everybody(ctx)
		if person, listed := everybody[change.ID]; listed || err != nil {
			return person, err
		}
	}
	return p.IdP.Person(ctx, change.ID)
}

// tried says whether a change was sent before the run was interrupted.
func (p *performance) tried(change *plan.Person) bool {
	return slices.ContainsFunc(p.pastOf(change.ID), func(o Operation) bool { return !o.Refused })
}

// createPerson makes the account, and waits until the directory tells its id.
// Somebody whom the directory has by then, as after a run that broke off, is
// taken as created where it is the same person.
func (p *performance) createPerson(ctx context.Context, person *directory.Person) (directory.Provisioned, error) {
	var record directory.Provisioned
	err := p.write(ctx, &Operation{Kind: CreatePerson, Person: person.ID, Account: person.Email}, func(ctx context.Context) (err error) {
		record, err = p.Provisioning.Create(ctx, *person)
		return err
	})
	switch remote.Status(err) {
	case http.StatusConflict:
		if record, err = p.createdBefore(ctx, person); err != nil {
			return record, err
		}
	case http.StatusBadRequest:
		_, domain, _ := strings.Cut(person.Email, "@")
		return record, problem.Wrap(err, problem.Rejected, lang.L("The provisioning directory doesn't take %s.", person.Email),
			lang.L("Verify the domain %s at admin.atlassian.com under Security › Domains, or invite the person there by hand, then fetch again.", domain))
	}
	if err != nil {
		return record, err
	}
	err = p.await(ctx, func(ctx context.Context) (err error) {
		if record.Account == "" {
			if record, err = p.Provisioning.Person(ctx, record.ID); err == nil && record.Account == "" {
				err = problem.New(problem.Incomplete, lang.L("The provisioning directory took the person, but doesn't tell the account yet."), lang.L("Fetch again in a minute and sync then."))
			}
		}
		if err != nil {
			return notYet(err)
		}
		return nil
	})
	if err == nil {
		p.created.Store(person.ID, record.Account)
	}
	return record, err
}

func (p *performance) createdBefore(ctx context.Context, person *directory.Person) (directory.Provisioned, error) {
	record, found, err := p.Provisioning.Named(ctx, person.Email)
	if err != nil {
		return record, err
	}
	if !found || !record.Active || record.External != person.ID {
		return record, changed(lang.L("The provisioning directory has somebody of this address already."))
	}
	return record, nil
}

func (p *performance) renamePerson(ctx context.Context, change *plan.Person) (record directory.Provisioned, err error) {
	err = p.write(ctx, &Operation{Kind: UpdatePerson, Person: change.ID, Account: change.Account}, func(ctx context.Context) (err error) {
		record, err = p.Provisioning.Rename(ctx, change.Record, change.Name)
		return err
	})
	if err != nil {
		return record, err
	}
	return p.awaitPerson(ctx, record, func(record *directory.Provisioned) bool { return record.Name == strings.TrimSpace(change.Name) })
}

// switchPerson lets somebody use their account, or ends that.
func (p *performance) switchPerson(ctx context.Context, change *plan.Person, kind Kind, active bool, send func(context.Context, string) (directory.Provisioned, error)) (record directory.Provisioned, err error) {
	err = p.write(ctx, &Operation{Kind: kind, Person: change.ID, Account: change.Account}, func(ctx context.Context) (err error) {
		record, err = send(ctx, change.Record)
		return err
	})
	if err != nil {
		return record, err
	}
	return p.awaitPerson(ctx, record, func(record *directory.Provisioned) bool { return record.Active == active })
}

// awaitPerson reads somebody back until the directory shows what was written.
func (p *performance) awaitPerson(ctx context.Context, written directory.Provisioned, shows func(*directory.Provisioned) bool) (directory.Provisioned, error) {
	record := written
	err := p.await(ctx, func(ctx context.Context) (err error) {
		if record, err = p.Provisioning.Person(ctx, written.ID); err == nil && !shows(&record) {
			err = problem.New(problem.Incomplete, lang.L("The provisioning directory took the change, but doesn't show it."), lang.L("Fetch again in a minute and review."))
		}
		if err != nil {
			return notYet(err)
		}
		return nil
	})
	return record, err
}

// accountOf gives the account of a member to be added, which may have been
// created by this run.
func (p *performance) accountOf(member *plan.Member) (string, error) {
	if member.Account != "" {
		return member.Account, nil
	}
	if account, created := p.created.Load(member.Person); created {
		return account.(string), nil
	}
	return "", errNoAccount
}

// personResults tells what became of every person of the plan.
func (p *performance) personResults() []PersonResult {
	var results []PersonResult
	for i := range p.plan.People {
		change := &p.plan.People[i]
		result, performed := p.persons[personKey(change.Kind, change.ID)]
		if !performed {
			result = ForeseePerson(p.plan, change)
			if result.Result == Synced {
				result.Result, result.Error = Skipped, lang.L("The run was stopped before this person.")
			}
		}
		results = append(results, result)
	}
	return results
}

// ForeseePerson says what performing a plan makes of a person, should all go
// well.
func ForeseePerson(p *plan.Plan, change *plan.Person) PersonResult {
	result := newPersonResult(change)
	switch {
	case change.Blocked():
		result.Result, result.Error = Blocked, change.Findings[0].Problem().Error()
	case len(p.Findings) > 0:
		result.Result, result.Error = Blocked, p.Findings[0].Problem().Error()
	}
	return result
}
