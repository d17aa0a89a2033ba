package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
)

func (c *command) connect() *cobra.Command {
	connect := &cobra.Command{Use: "connect", Short: "Connect the identity provider, or Atlassian"}
	connect.AddCommand(c.connectIdP(), c.connectAtlassian(), c.connectSite(), c.connectProvisioning())
	return connect
}

const secretHelp = "The secret comes from the variable %s where it is set, else from standard input; it is kept in the keyring."

func (c *command) connectIdP() *cobra.Command {
	var settings app.IdPSettings
	var secretFile string
	var preview bool
	cmd := &cobra.Command{
		Use: "idp", Short: "Connect the identity provider", Args: cobra.NoArgs,
		Long: "Connect the identity provider. " + fmt.Sprintf(secretHelp, app.IdPSecretVariable) + "\n\n" + providersHelp(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if preview {
				return c.previewFile(settings.Path)
			}
			return c.with(func(a *app.App) error { return c.connectProvider(cmd.Context(), a, settings, secretFile) })
		},
	}
	var names []string
	for _, provider := range app.Providers() {
		names = append(names, provider.Name)
	}
	cmd.Flags().StringVar(&settings.Provider, "provider", "", "the identity provider: "+strings.Join(names, ", "))
	cmd.Flags().StringVar(&settings.SignIn, "sign-in", "", "the `way` to sign in, where there are several; the first of them where empty")
	cmd.Flags().StringVar(&secretFile, "secret-file", "", "read the secret from this `file`: a private key, a service account")
	cmd.Flags().BoolVar(&preview, "preview", false, "with --provider file: show what the file holds, connect nothing")
	takenBy := map[string][]string{}
	eachField(func(field app.Field, of string) { takenBy[field.Name] = append(takenBy[field.Name], of) })
	eachField(func(field app.Field, _ string) {
		if cmd.Flags().Lookup(field.Name) == nil {
			usage := fmt.Sprintf("%s (%s): %s", field.Label, strings.Join(takenBy[field.Name], ", "), field.Hint)
			cmd.Flags().StringVar(field.Of(&settings), field.Name, "", strings.ReplaceAll(usage, "`", "'"))
		}
	})
	return required(cmd, "provider")
}

// eachField calls f for each field of each provider and way to sign in.
func eachField(f func(field app.Field, of string)) {
	for _, provider := range app.Providers() {
		for _, field := range provider.Fields {
			f(field, provider.Name)
		}
		for _, way := range provider.SignIns {
			for _, field := range way.Fields {
				f(field, provider.Name+" --sign-in "+way.Name)
			}
		}
	}
}

// providersHelp lists what each provider has to be told.
func providersHelp() string {
	var text strings.Builder
	for _, provider := range app.Providers() {
		fmt.Fprintf(&text, "%s (%s)\n", provider.Name, provider.Title)
		for _, way := range provider.SignIns {
			fmt.Fprintf(&text, "  --sign-in %s: %s", way.Name, way.Title)
			if way.Secret != "" {
				fmt.Fprintf(&text, "; secret: %s (%s)", way.Secret, way.SecretHint)
			}
			text.WriteString("\n    " + flagsOf(provider.FieldsOf(way)) + "\n")
		}
	}
	return text.String()
}

// flagsOf lists flags, the required ones without brackets.
func flagsOf(fields []app.Field) string {
	var flags []string
	for _, field := range fields {
		if field.Required {
			flags = append(flags, "--"+field.Name)
		} else {
			flags = append(flags, "[--"+field.Name+"]")
		}
	}
	return strings.Join(flags, " ")
}

func (c *command) connectProvider(ctx context.Context, a *app.App, settings app.IdPSettings, secretFile string) error {
	secret, err := c.idpSecret(ctx, a, settings, secretFile)
	if err != nil {
		return err
	}
	kept, err := a.ConnectIdP(ctx, settings, secret)
	if err != nil {
		return err
	}
	document := map[string]any{"provider": settings.Provider, "kept_in_keyring": kept}
	if settings.URL != "" {
		document["url"] = settings.URL
	}
	return c.connected(document, lang.L("Connected %s at %s.", app.ProviderTitle(settings.Provider), settings.Place()), kept, app.IdPSecretVariable)
}

// idpSecret asks for what the way to sign in takes: nothing, a secret, or that a
// person signs in.
func (c *command) idpSecret(ctx context.Context, a *app.App, settings app.IdPSettings, secretFile string) (secret string, err error) {
	provider, err := app.FindProvider(settings.Provider)
	if err != nil {
		return "", err
	}
	way, err := provider.Way(settings.SignIn)
	if err != nil {
		return "", err
	}
	switch {
	case secretFile != "":
		raw, err := os.ReadFile(secretFile)
		if err != nil {
			return "", problem.Wrap(err, problem.Usage, lang.L("The secret can't be read: %v.", err), lang.L("Check the path, and that you may read it."))
		}
		secret = strings.TrimSpace(string(raw))
	case way.Secret != "":
		if secret, err = c.secret(app.IdPSecretVariable, fmt.Sprintf("%s (%s)", way.Secret, way.SecretHint)); err != nil {
			return "", err
		}
	}
	if !way.Interactive {
		return secret, nil
	}
	return a.SignInIdP(ctx, settings, secret, func(prompt oauth.Prompt) {
		if prompt.Code != "" {
			fmt.Fprintln(c.Err, lang.L("Open %s and enter the code %s", safe(prompt.URL), safe(prompt.Code)))
			return
		}
		fmt.Fprintln(c.Err, lang.L("Open this address in a browser on this machine and sign in:")+"\n"+safe(prompt.URL))
	})
}

// previewLines is how many rows of a file are shown.
const previewLines = 10

// previewFile shows what a file holds.
func (c *command) previewFile(path string) error {
	content, err := app.PreviewFile(path)
	if err != nil {
		return err
	}
	if c.json {
		return c.print(app.NewPreviewDocument(content))
	}
	fmt.Fprintf(c.Out, "%s, %s.\n", lang.N(len(content.Rows), "%d membership", "%d memberships", len(content.Rows)),
		lang.N(len(content.Bad), "%d bad line", "%d bad lines", len(content.Bad)))
	for _, column := range slices.Sorted(maps.Keys(content.Columns)) {
		fmt.Fprintln(c.Out, "  "+lang.L("%s is read from the column %s", column, safe(content.Columns[column])))
	}
	for _, row := range content.Rows[:min(previewLines, len(content.Rows))] {
		fmt.Fprintf(c.Out, "  %s: %s %s\n", safe(row.Group), safe(row.Email), safe(row.Name))
	}
	for _, bad := range content.Bad {
		fmt.Fprintln(c.Out, "  "+lang.L("line %d can't be read: %s", bad.Line, safe(bad.Why)))
	}
	return nil
}

func (c *command) connectAtlassian() *cobra.Command {
	var settings app.AtlassianSettings
	var experience string
	cmd := &cobra.Command{
		Use: "atlassian", Short: "Connect the Atlassian organization", Args: cobra.NoArgs,
		Long: "Connect the Atlassian organization. " + fmt.Sprintf(secretHelp, app.AtlassianSecretVariable),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(func(a *app.App) error {
				secret, err := c.secret(app.AtlassianSecretVariable, lang.L("Atlassian organization API key"))
				if err != nil {
					return err
				}
				kept, err := a.ConnectAtlassian(cmd.Context(), settings, secret)
				if err == nil && experience != "" {
					err = a.SetExperience(experience)
				}
				if err != nil {
					return err
				}
				if settings.Owner == "" && !c.json {
					fmt.Fprintln(c.Err, lang.L("Without --owner, the e-mail address of the key's owner, nothing will be written."))
				}
				return c.connected(map[string]any{"org": settings.Org, "owner": settings.Owner, "kept_in_keyring": kept},
					lang.L("Connected the Atlassian organization %s.", settings.Org), kept, app.AtlassianSecretVariable)
			})
		},
	}
	cmd.Flags().StringVar(&settings.Org, "org", "", "the organization's id: the part after /o/ in the address of admin.atlassian.com")
	cmd.Flags().StringVar(&settings.Owner, "owner", "", "e-mail address of the owner of the API key; without it nothing is written")
	cmd.Flags().StringVar(&settings.URL, "url", "", "stands for https://api.atlassian.com")
	cmd.Flags().StringVar(&experience, "experience", "", "the user management experience: centralized, or original with sites connected by connect site")
	return required(cmd, "org")
}

func (c *command) connectSite() *cobra.Command {
	var settings app.SiteSettings
	var remove bool
	cmd := &cobra.Command{
		Use: "site", Short: "Connect one site of an organization with original user management", Args: cobra.NoArgs,
		Long: "Connect one site of an organization with original user management, where users and groups live on each site.\n" +
			"Connect each site that has groups. " + fmt.Sprintf(secretHelp, app.SiteSecretVariable),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(func(a *app.App) error {
				if remove {
					return a.DisconnectSite(cmd.Context(), settings.URL)
				}
				secret, err := c.secret(app.SiteSecretVariable, lang.L("API token of the site admin"))
				if err != nil {
					return err
				}
				kept, err := a.ConnectSite(cmd.Context(), settings, secret)
				if err != nil {
					return err
				}
				return c.connected(map[string]any{"site": settings.URL, "email": settings.Email, "kept_in_keyring": kept},
					lang.L("Connected the site %s.", settings.URL), kept, app.SiteSecretVariable)
			})
		},
	}
	cmd.Flags().StringVar(&settings.URL, "url", "", "the site's address, such as https://acme.atlassian.net")
	cmd.Flags().StringVar(&settings.Email, "email", "", "e-mail address of the site admin whose API token signs in")
	cmd.Flags().StringVar(&settings.Host, "host", "", "stands for the host of the address")
	cmd.Flags().BoolVar(&remove, "remove", false, "forget the site and its token")
	return required(cmd, "url")
}

func (c *command) connectProvisioning() *cobra.Command {
	var settings app.ProvisioningSettings
	var remove bool
	cmd := &cobra.Command{
		Use: "provisioning", Short: "Connect the provisioning directory, by which people are given accounts", Args: cobra.NoArgs,
		Long: "Connect the provisioning directory (SCIM). People of synced groups without an account are then created in it instead of\n" +
			"invited, changed names are updated, and who was deactivated in the identity provider is deactivated, once confirmed.\n" +
			fmt.Sprintf(secretHelp, app.ProvisioningSecretVariable),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(func(a *app.App) error {
				if remove {
					return a.DisconnectProvisioning(cmd.Context())
				}
				if settings.URL == "" {
					return missing(cmd, "url")
				}
				secret, err := c.secret(app.ProvisioningSecretVariable, lang.L("key of the provisioning directory"))
				if err != nil {
					return err
				}
				kept, err := a.ConnectProvisioning(cmd.Context(), settings, secret)
				if err != nil {
					return err
				}
				return c.connected(map[string]any{"provisioning": settings.URL, "kept_in_keyring": kept},
					lang.L("Connected the provisioning directory %s.", settings.URL), kept, app.ProvisioningSecretVariable)
			})
		},
	}
	cmd.Flags().StringVar(&settings.URL, "url", "", "the SCIM base URL: https://api.atlassian.com/scim/directory/ and the directory's id")
	cmd.Flags().BoolVar(&remove, "remove", false, "forget the directory and its key; people are invited from then on")
	return cmd
}

func missing(cmd *cobra.Command, flag string) error {
	return problem.New(problem.Usage, lang.L("--%s is missing.", flag), lang.L("Look at rollcall %s --help.", cmd.CommandPath()[len("rollcall "):]))
}

func required(cmd *cobra.Command, flags ...string) *cobra.Command {
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, name := range flags {
			if cmd.Flags().Lookup(name).Value.String() == "" {
				return missing(cmd, name)
			}
		}
		return nil
	}
	return cmd
}

func (c *command) connected(document map[string]any, sentence string, kept bool, variable string) error {
	if !kept {
		fmt.Fprintln(c.Err, lang.L("There is no keyring to keep the secret in: set %s for each command.", variable))
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
		var all []byte // a private key has many lines
		all, err = io.ReadAll(io.LimitReader(c.In, 1<<16))
		text = string(all)
	}
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", problem.New(problem.Usage, lang.L("It is missing: %s.", what), lang.L("Set %s, or give it on standard input.", variable))
	}
	return text, nil
}
