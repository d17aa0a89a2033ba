package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

func (c *command) answer() *cobra.Command {
	cmd := &cobra.Command{
		Use: "answer", Short: "Answer what a sync would do: accept, reject, or change the identity provider instead", Args: cobra.NoArgs,
		Long: "Answer what a sync would do: accept a group, reject it, or have the identity provider changed instead. Answers are\n" +
			"kept offline; nothing is written until they are carried out. Without a subcommand it lists what is to be done.",
		RunE: func(*cobra.Command, []string) error { return c.withReview(c.listAnswers) },
	}
	cmd.AddCommand(
		c.decide("accept GROUP…", "Accept that groups are synced as reviewed", (*app.App).Accept),
		c.decide("reject GROUP…", "Leave groups as they are in Atlassian", (*app.App).Reject),
		c.answerPerson("keep GROUP PERSON…", "Keep people in a group: add them to the IdP group", review.Keep),
		c.answerPerson("keep-out GROUP PERSON…", "Don't let people into a group: remove them from the IdP group", review.KeepOut),
		c.answerRename(), c.withdraw(), c.carryOut())
	return cmd
}

// withReview calls f with the review of the latest snapshot.
func (c *command) withReview(f func(*app.App, *review.Review) error) error {
	return c.with(func(a *app.App) error {
		r, err := a.Review(false)
		if err != nil {
			return err
		}
		return f(a, r)
	})
}

func (c *command) listAnswers(a *app.App, r *review.Review) error {
	todos, err := a.Todos(r)
	if err != nil {
		return err
	}
	if c.json {
		return c.print(app.NewTodosDocument(todos))
	}
	printTodos(c.Out, todos)
	return nil
}

func printTodos(out io.Writer, todos []app.Todo) {
	if len(todos) == 0 {
		fmt.Fprintln(out, lang.L("Nothing was answered that the identity provider has to be changed for."))
	}
	for _, todo := range todos {
		fmt.Fprintln(out, safe(todo.Line()))
	}
}

// decide makes a command that decides about whole groups.
func (c *command) decide(use, short string, how func(*app.App, *review.Review, []*review.Row, string) error) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return c.withReview(func(a *app.App, r *review.Review) error {
				selection, err := choose(r, args, false)
				if err != nil {
					return err
				}
				for _, row := range selection.Rows {
					if !app.Syncable(row) {
						return problem.New(problem.Refused, lang.L("There is nothing to decide about “%s”: it is %s.", row.Name, app.Word(row.State)),
							lang.L("Withdraw an earlier decision first: rollcall answer withdraw."))
					}
				}
				if err := how(a, r, selection.Rows, reason); err != nil {
					return err
				}
				return c.say(map[string]int{"decided": len(selection.Rows)}, lang.L("Decided about %s.", lang.Groups(len(selection.Rows))))
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; it is kept with the decision")
	return cmd
}

func (c *command) answerPerson(use, short string, kind review.AnswerKind) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			return c.withReview(func(a *app.App, r *review.Review) error {
				row, err := app.Find(r, args[0])
				if err != nil {
					return err
				}
				answers, err := findAnswers(r, row, kind, args[1:])
				if err != nil {
					return err
				}
				return c.answered(a, r, answers...)
			})
		},
	}
}

// findAnswers gives the answers of a kind about people, named by an address or an
// id.
func findAnswers(r *review.Review, row *review.Row, kind review.AnswerKind, people []string) ([]review.Answer, error) {
	all := app.AnswersTo(r, []*review.Row{row}, kind)
	var answers []review.Answer
	for _, who := range people {
		i := slices.IndexFunc(all, func(answer review.Answer) bool {
			return who == answer.Person || who == answer.Account || answer.Email != "" && directory.FoldAddress(answer.Email) == directory.FoldAddress(who)
		})
		if i < 0 {
			why := lang.L("A sync wouldn't remove “%s” from “%s”.", who, row.Name)
			if kind == review.KeepOut {
				why = lang.L("A sync wouldn't add “%s” to “%s”.", who, row.Name)
			}
			return nil, problem.New(problem.NotFound, why, lang.L("Name somebody by the address or id that rollcall review --json shows."))
		}
		answers = append(answers, all[i])
	}
	return answers, nil
}

func (c *command) answered(a *app.App, r *review.Review, answers ...review.Answer) error {
	if err := a.Answer(r, answers...); err != nil {
		return err
	}
	var texts []string
	for i := range answers {
		texts = append(texts, answers[i].String())
	}
	return c.say(map[string]any{"answered": texts}, lang.L("To be done in %s: %s.", app.ProviderTitle(r.Snapshot.IdP.Provider), safe(strings.Join(texts, "; "))))
}

func (c *command) answerRename() *cobra.Command {
	return &cobra.Command{
		Use: "rename GROUP [NAME]", Short: "Rename the IdP group, so that Atlassian's stays as it is", Args: cobra.RangeArgs(1, 2),
		Long: "Rename the IdP group, so that Atlassian's group of the same name stays as it is. Without a name a free one is taken.",
		RunE: func(_ *cobra.Command, args []string) error {
			return c.withReview(func(a *app.App, r *review.Review) error {
				row, err := app.Find(r, args[0])
				if err != nil {
					return err
				}
				name := r.FreeName(row)
				if len(args) > 1 {
					name = args[1]
				}
				return c.answered(a, r, app.RenameAnswer(r, row, name))
			})
		},
	}
}

func (c *command) withdraw() *cobra.Command {
	return &cobra.Command{
		Use: "withdraw GROUP…", Short: "Take back what was decided and answered about groups", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return c.withReview(func(a *app.App, r *review.Review) error {
				selection, err := choose(r, args, false)
				if err != nil {
					return err
				}
				var answers []review.Answer
				for _, row := range selection.Rows {
					answers = append(answers, r.Answers(row)...)
				}
				if err := a.Unanswer(answers...); err != nil {
					return err
				}
				decided := slices.DeleteFunc(selection.Rows, func(row *review.Row) bool {
					_, is := r.Decision(row)
					return !is
				})
				if err := a.Withdraw(r, decided); err != nil {
					return err
				}
				return c.say(map[string]int{"decisions": len(decided), "answers": len(answers)}, lang.L("Withdrawn: %s, %s.",
					lang.N(len(decided), "%d decision", "%d decisions", len(decided)), lang.N(len(answers), "%d answer", "%d answers", len(answers))))
			})
		},
	}
}

func (c *command) carryOut() *cobra.Command {
	var flags syncFlags
	cmd := &cobra.Command{
		Use: "carry-out [GROUP…]", Short: "Change the identity provider as answered",
		Long: "Change the identity provider as answered about some groups, else about all. What else a group feeds is said before.\n" +
			"Each group is read again just before; what changed since is left alone. rollcall undo takes it back.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withReview(func(a *app.App, r *review.Review) error {
				rows := app.Answered(r)
				if len(args) > 0 {
					selection, err := choose(r, args, false)
					if err != nil {
						return err
					}
					rows = selection.Rows
				}
				return c.carryOutRows(cmd.Context(), a, r, rows, flags)
			})
		},
	}
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "show what would be done and write nothing")
	cmd.Flags().BoolVar(&flags.yes, "yes", false, "answer the confirmation")
	cmd.Flags().StringVar(&flags.reason, "reason", "", "why; it is kept in the history")
	return cmd
}

func (c *command) carryOutRows(ctx context.Context, a *app.App, r *review.Review, rows []*review.Row, flags syncFlags) error {
	tell, end := c.progress()
	p, err := a.PlanAnswers(ctx, r, rows, tell)
	end()
	if err != nil {
		return err
	}
	if flags.dryRun {
		return c.dryRun(p, r)
	}
	if err := c.confirm(p, r, flags.yes); err != nil {
		return err
	}
	return c.performed(a, func(tell progress.Func) (*run.Report, error) { return a.Sync(ctx, p, flags.reason, tell) })
}

// printSources prints what a plan changes in the identity provider.
func printSources(out io.Writer, p *plan.Plan) {
	for i := range p.Sources {
		group := &p.Sources[i]
		for _, step := range group.Steps() {
			fmt.Fprintln(out, safe(step.String()))
		}
		for _, left := range group.LeftOut {
			fmt.Fprintln(out, lang.L("Left for you: %s: %s.", safe(left.What), safe(left.Why)))
		}
		fmt.Fprintln(out, safe(group.Others()))
	}
}
