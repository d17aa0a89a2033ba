// Package release asks whether a newer Rollcall has been released. Nothing asks
// by itself: a person does.
package release

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"golang.org/x/mod/semver"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// Home is where Rollcall is developed and released.
const Home = "https://github.com/rollcall-app/rollcall"

// GitHub is where GitHub's API is.
const GitHub = "https://api.github.com"

// Release is a version that can be downloaded.
type Release struct {
	// Version is without a leading v.
	Version string
	// Page tells what is new, and has the downloads.
	Page string
}

// Newer gives the latest release where it is newer than the version in use, else
// nil. api stands for GitHub. It follows
// https://docs.github.com/en/rest/releases/releases#get-the-latest-release.
func Newer(ctx context.Context, api, version string, log *slog.Logger) (*Release, error) {
	client, err := remote.New(remote.Config{Name: "GitHub", BaseURL: api, MediaType: "application/vnd.github+json", Authorize: nobody, Log: log})
	if err != nil {
		return nil, err
	}
	var latest struct {
		Tag string `json:"tag_name"`
		URL string `json:"html_url"`
	}
	_, err = client.Do(ctx, remote.Call{Method: http.MethodGet, Path: "/repos/rollcall-app/rollcall/releases/latest", Endpoint: "latest release", Into: &latest})
	if problem.Is(err, problem.NotFound) {
		return nil, nil // nothing has been released yet
	}
	if err != nil {
		return nil, err
	}
	if !semver.IsValid(latest.Tag) {
		return nil, problem.New(problem.BadAnswer, lang.L("GitHub names no version of Rollcall that can be compared."), lang.L("Look yourself: %s", Home+"/releases"))
	}
	if semver.Compare(latest.Tag, "v"+version) <= 0 {
		return nil, nil
	}
	return &Release{Version: latest.Tag[1:], Page: fmt.Sprintf("%s/releases/tag/%s", Home, latest.Tag)}, nil
}

// nobody is who asks: releases are public.
func nobody(*http.Request) error { return nil }

// Document is the address of one of Rollcall's documents, as of a version.
func Document(version, name string) string {
	return fmt.Sprintf("%s/blob/v%s/docs/%s.md", Home, version, name)
}
