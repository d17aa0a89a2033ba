package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/problem"
)

func (c *command) connect() *cobra.Command {
	connect := &cobra.Command{Use: "connect", Short: "Connect the identity provider, or Atlassian"}
	connect.AddCommand(c.connectIdP(), c.connectAtlassian())
	return connect
}

const secretHelp = "The secret comes from the variable %s where it is set, else from standard input; it is kept in the keyring."

func (c *command) connectIdP() *cobra.Command {
	var settings app.IdPSettings
	cmd := &cobra.Command{
		Use: "idp", Short: "Connect the identity provider", Args: cobra.NoArgs,
		Long: "Connect the identity provider. " + fmt.Sprintf(secretHelp, app.IdPSecretVariable),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(func(a *app.App) error {
				secret, err := c.secret(app.IdPSecretVariable, "API token of the identity provider")
				if err != nil {
					return err
				}
				kept, err := a.ConnectIdP(cmd.Context(), settings, secret)
				if err != nil {
					return err
				}
				return c.connected(map[string]any{"provider": settings.Provider, "url": settings.URL, "kept_in_keyring": kept},
					fmt.Sprintf("Connected %s at %s.", settings.Provider, settings.URL), kept, app.IdPSecretVariable)
			})
		},
	}
	cmd.Flags().StringVar(&settings.Provider, "provider", "", "the identity provider: okta")
	cmd.Flags().StringVar(&settings.URL, "url", "", "its address, such as https://acme.okta.com")
	cmd.Flags().StringVar(&settings.App, "app", "", "limit the scope to the groups assigned to this application")
	return required(cmd, "provider", "url")
}

func (c *command) connectAtlassian() *cobra.Command {
	var settings app.AtlassianSettings
	cmd := &cobra.Command{
		Use: "atlassian", Short: "Connect the Atlassian organization", Args: cobra.NoArgs,
		Long: "Connect the Atlassian organization. " + fmt.Sprintf(secretHelp, app.AtlassianSecretVariable),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(func(a *app.App) error {
				secret, err := c.secret(app.AtlassianSecretVariable, "Atlassian organization API key")
				if err != nil {
					return err
				}
				kept, err := a.ConnectAtlassian(cmd.Context(), settings, secret)
				if err != nil {
					return err
				}
				if settings.Owner == "" && !c.json {
					fmt.Fprintln(c.Err, "Without --owner, the e-mail address of the key's owner, nothing will be written.")
				}
				return c.connected(map[string]any{"org": settings.Org, "owner": settings.Owner, "kept_in_keyring": kept},
					fmt.Sprintf("Connected the Atlassian organization %s.", settings.Org), kept, app.AtlassianSecretVariable)
			})
		},
	}
	cmd.Flags().StringVar(&settings.Org, "org", "", "the organization's id: the part after /o/ in the address of admin.atlassian.com")
	cmd.Flags().StringVar(&settings.Owner, "owner", "", "e-mail address of the owner of the API key; without it nothing is written")
	cmd.Flags().StringVar(&settings.URL, "url", "", "stands for https://api.atlassian.com")
	return required(cmd, "org")
}

func required(cmd *cobra.Command, flags ...string) *cobra.Command {
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, name := range flags {
			if cmd.Flags().Lookup(name).Value.String() == "" {
				return problem.New(problem.Usage, fmt.Sprintf("--%s is missing.", name), fmt.Sprintf("Look at rollcall %s --help.", cmd.CommandPath()[len("rollcall "):]))
			}
		}
		return nil
	}
	return cmd
}

func (c *command) connected(document map[string]any, sentence string, kept bool, variable string) error {
	if !kept {
		fmt.Fprintf(c.Err, "There is no keyring to keep the secret in: set %s for each command.\n", variable)
	}
	if c.json {
		return c.print(map[string]any{"connected": document})
	}
	_, err := fmt.Fprintln(c.Out, sentence)
	return err
}

// secret reads a credential from the environment, else from a person without
// showing it, else from standard input.
func (c *command) secret(variable, what string) (string, error) {
	if secret := os.Getenv(variable); secret != "" {
		return secret, nil
	}
	var text string
	var err error
	if c.terminal() {
		fmt.Fprintf(c.Err, "%s: ", what)
		var typed []byte
		typed, err = term.ReadPassword(int(c.In.(*os.File).Fd()))
		fmt.Fprintln(c.Err)
		text = string(typed)
	} else {
		text, err = bufio.NewReader(io.LimitReader(c.In, 1<<16)).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", problem.New(problem.Usage, fmt.Sprintf("The %s is missing.", what), fmt.Sprintf("Set %s, or give it on standard input.", variable))
	}
	return text, nil
}
