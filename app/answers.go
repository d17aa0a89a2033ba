package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// Answer keeps answers: what shall change in the identity provider. Nothing is
// written there until they are carried out. A group whose members the provider
// decides itself is refused with the reason, and so is a name that is taken.
func (a *App) Answer(r *review.Review, answers ...review.Answer) error {
	by, at := By(), time.Now()
	for i := range answers {
		answers[i].By, answers[i].At = by, at
		if err := refused(r, &answers[i]); err != nil {
			return err
		}
	}
	return a.Store.SaveAnswers(answers...)
}

// refused says why an answer can be carried out by nobody. Whom the provider
// doesn't know, or has disabled, a person can bring back there.
func refused(r *review.Review, answer *review.Answer) error {
	provider := ProviderTitle(r.Snapshot.IdP.Provider)
	if answer.Kind == review.Rename {
		if strings.TrimSpace(answer.To) == "" || r.NameTaken(answer.To) {
			return problem.New(problem.Refused, lang.L("“%s” can't be renamed to “%s”: the name is empty, or a group has it already.", answer.Name, answer.To),
				lang.L("Choose a name that no group has in %s or in Atlassian.", provider))
		}
		return nil
	}
	if group, known := r.SourceGroup(answer.Group); known && group.ReadOnly != "" && !readOnly(r) {
		return problem.New(problem.Refused, lang.L("The members of “%s” can't be changed: %s.", group.Name, group.ReadOnly),
			lang.L("Change what fills the group in %s, or rename it, or reject its sync.", provider))
	}
	return nil
}

// readOnly says that a person has to carry all answers out.
func readOnly(r *review.Review) bool {
	provider, err := FindProvider(r.Snapshot.IdP.Provider)
	return err != nil || provider.ReadOnly
}

// AnswersTo gives the answers to all member changes of rows of a kind: keep whoever
// would be removed, or keep out whoever would be added.
func AnswersTo(r *review.Review, rows []*review.Row, kind review.AnswerKind) []review.Answer {
	var answers []review.Answer
	for _, row := range rows {
		for _, change := range r.Changes(row) {
			if answer := r.NewAnswer(row, &change); answer.Kind == kind {
				answers = append(answers, answer)
			}
		}
	}
	return answers
}

// RenameAnswer answers that the row's IdP group shall have another name.
func RenameAnswer(r *review.Review, row *review.Row, name string) review.Answer {
	return review.Answer{Kind: review.Rename, Group: r.SourceID(row), Name: row.Name, To: strings.TrimSpace(name)}
}

// Unanswer takes answers back.
func (a *App) Unanswer(answers ...review.Answer) error {
	by, at := By(), time.Now()
	for i := range answers {
		answers[i].By, answers[i].At = by, at
	}
	return a.Store.DeleteAnswers(answers...)
}

// checkOff notes of answers that the latest snapshot shows them carried out.
func (a *App) checkOff() error {
	answers, err := a.Store.Answers()
	if err != nil || len(answers) == 0 {
		return err
	}
	r, err := a.Review(false)
	if err != nil {
		return err
	}
	var done []review.Answer
	for _, key := range r.CarriedOut() {
		answer := answers[key]
		answer.Done = r.Snapshot.TakenAt
		done = append(done, answer)
	}
	if len(done) == 0 {
		return nil
	}
	return a.Store.SaveAnswers(done...)
}

// Todo is one answer as something to do.
type Todo struct {
	review.Answer
	// ByHand says how to do it in the provider's console, in its words.
	ByHand string
	// Obstacle says why Rollcall can't do it as things are, or is empty.
	Obstacle string
}

// Line tells it in a line: whether it is done, what, how, and what stands in the
// way.
func (t *Todo) Line() string {
	if !t.Done.IsZero() {
		return "[x] " + t.String()
	}
	line := fmt.Sprintf("[ ] %s. %s", t.String(), t.ByHand)
	if t.Obstacle != "" {
		line += lang.L(" Rollcall can't do it: %s.", t.Obstacle)
	}
	return line
}

// Todos lists what was answered: what is to be done first, then what is done.
func (a *App) Todos(r *review.Review) ([]Todo, error) {
	answers, err := a.Store.Answers()
	if err != nil {
		return nil, err
	}
	var list []Todo
	for _, answer := range answers {
		todo := Todo{Answer: answer, ByHand: byHand(r, &answer)}
		if answer.Done.IsZero() {
			todo.Obstacle = r.Obstacle(&answer)
		}
		list = append(list, todo)
	}
	slices.SortFunc(list, func(a, b Todo) int {
		if a.Done.IsZero() != b.Done.IsZero() {
			if a.Done.IsZero() {
				return -1
			}
			return 1
		}
		return strings.Compare(directory.FoldName(a.Name)+a.Key(), directory.FoldName(b.Name)+b.Key())
	})
	return list, nil
}

func byHand(r *review.Review, answer *review.Answer) string {
	provider, err := FindProvider(r.Snapshot.IdP.Provider)
	if err != nil {
		return answer.String()
	}
	words := map[review.AnswerKind]string{review.Keep: provider.ByHand.Keep, review.KeepOut: provider.ByHand.KeepOut, review.Rename: provider.ByHand.Rename}[answer.Kind]
	person := answer.Who
	if answer.Email != "" && answer.Email != answer.Who {
		person = fmt.Sprintf("%s (%s)", answer.Who, answer.Email)
	}
	// One pass: a name may hold what stands for another.
	text := strings.NewReplacer("{group}", "“"+answer.Name+"”", "{person}", person, "{name}", "“"+answer.To+"”").Replace(words)
	if answer.Kind == review.Keep && r.PersonOf(answer) == "" {
		text = lang.L("First create the person there, with this address. %s", text)
	}
	return text
}

// Writable says whether Rollcall can carry answers out in the provider of a
// review, as far as its kind tells; its credentials may not permit it.
func Writable(r *review.Review) bool { return !readOnly(r) }

// PlanAnswers plans to carry out what was answered about groups. Before, it asks
// the identity provider what else hangs on each of them.
func (a *App) PlanAnswers(ctx context.Context, r *review.Review, rows []*review.Row, tell progress.Func) (*plan.Plan, error) {
	if readOnly(r) {
		return nil, problem.New(problem.Refused, lang.L("%s can't be changed from here.", ProviderTitle(r.Snapshot.IdP.Provider)),
			lang.L("Do what is on the list by hand, then fetch again."))
	}
	uses, err := a.usesOf(ctx, r, rows, tell)
	if err != nil {
		return nil, err
	}
	p := plan.Answers(r, rows, uses)
	if len(p.Sources) == 0 {
		return nil, problem.New(problem.NotFound, lang.L("Nothing was answered that is left to do."), lang.L("Answer first: keep a person, keep one out, or rename a group."))
	}
	return p, nil
}

// Answered lists the rows with answers that aren't carried out.
func Answered(r *review.Review) []*review.Row {
	var rows []*review.Row
	for i := range r.Rows {
		if len(r.Answers(&r.Rows[i])) > 0 {
			rows = append(rows, &r.Rows[i])
		}
	}
	return rows
}

// usesOf asks what else hangs on the rows' IdP groups, by their ids.
func (a *App) usesOf(ctx context.Context, r *review.Review, rows []*review.Row, tell progress.Func) (map[string]directory.Uses, error) {
	sides, err := a.sides(ctx)
	if err != nil {
		return nil, err
	}
	defer sides.close()
	examiner, ok := sides.idp.(idp.Examiner)
	if !ok {
		return nil, nil
	}
	answers := make([]directory.Uses, len(rows))
	var done atomic.Int64
	err = remote.Each(ctx, len(rows), func(ctx context.Context, i int) (err error) {
		answers[i], err = examiner.Uses(ctx, r.Snapshot.IdP.Groups[rows[i].Source])
		tell.Tell(lang.L("Asking what else the groups feed"), int(done.Add(1)), len(rows))
		return err
	})
	uses := make(map[string]directory.Uses, len(rows))
	for i, row := range rows {
		uses[r.SourceID(row)] = answers[i]
	}
	return uses, err
}

// amendSource puts the IdP groups that a run changed and read back into the
// snapshot.
func amendSource(snapshot *directory.Snapshot, report *run.Report) {
	source := &snapshot.IdP
	group := map[string]directory.SourceNo{}
	for i := range source.Groups {
		group[source.Groups[i].ID] = directory.SourceNo(i)
	}
	people := map[string]directory.PersonNo{}
	for i := range source.People {
		people[source.People[i].ID] = directory.PersonNo(i)
	}
	source.Groups, source.People = slices.Clone(source.Groups), slices.Clone(source.People)
	replaced := map[directory.SourceNo][]directory.PersonNo{}
	for _, result := range report.Groups {
		no, known := group[result.Source]
		if result.SourceAfter == nil || !known {
			continue
		}
		source.Groups[no].Name = result.SourceAfter.Group.Name
		replaced[no] = []directory.PersonNo{}
		for _, person := range result.SourceAfter.Members {
			who, known := people[person.ID]
			if !known {
				who = directory.PersonNo(len(source.People))
				people[person.ID] = who
				source.People = append(source.People, person)
			}
			replaced[no] = append(replaced[no], who)
		}
	}
	if len(replaced) > 0 {
		source.Members = source.Members.With(replaced)
	}
}

// WhatChanged tells what differs from what the decision about a row's group rested
// on, in sentences; none where that wasn't kept.
func (a *App) WhatChanged(r *review.Review, row *review.Row) ([]string, error) {
	before, err := a.Store.Basis(r.SourceID(row))
	if err != nil || before == nil {
		return nil, err
	}
	return review.WhatChanged(before, r.Basis(row)), nil
}
