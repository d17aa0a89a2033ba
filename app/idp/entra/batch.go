package entra

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/remote"
)

// batchSize is how many requests a batch may hold.
const batchSize = 20

// batchTries is how often a part of a batch is sent that meets faults of the
// server.
const batchTries = 4

type batchRequest struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	URL    string `json:"url"`
}

type batchResponse struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// batch sends up to batchSize GET requests in one (POST /$batch) and gives their
// answers in order. Parts that are told to slow down, or that meet a fault of
// the server, are sent again; one that is refused fails the batch.
func batch[Answer any](ctx context.Context, e *Entra, what string, paths []string) ([]Answer, error) {
	answers := make([]Answer, len(paths))
	pending := make([]int, len(paths))
	for i := range paths {
		pending[i] = i
	}
	for failures := 0; len(pending) > 0; {
		responses, err := e.sendBatch(ctx, what, paths, pending)
		if err != nil {
			return nil, err
		}
		var again []int
		for _, i := range pending {
			response, answered := responses[i]
			switch {
			case answered && response.Status < 300:
				if err := json.Unmarshal(response.Body, &answers[i]); err != nil {
					return nil, remote.Incomplete(lang.L("%s in Entra", lang.L(what)), lang.L("a part of a batch can't be read"))
				}
				continue
			case answered && response.Status == http.StatusTooManyRequests:
				e.client.SlowDown(what, response.header())
			case answered && response.Status < 500, failures >= batchTries:
				return nil, e.client.Refusal(what, response.Status, response.Body)
			default:
				failures++
			}
			again = append(again, i)
		}
		pending = again
	}
	return answers, nil
}

func (r batchResponse) header() http.Header {
	header := http.Header{}
	for name, value := range r.Headers {
		header.Set(name, value)
	}
	return header
}

func (e *Entra) sendBatch(ctx context.Context, what string, paths []string, pending []int) (map[int]batchResponse, error) {
	var body struct {
		Requests []batchRequest `json:"requests"`
	}
	for _, i := range pending {
		body.Requests = append(body.Requests, batchRequest{ID: strconv.Itoa(i), Method: http.MethodGet, URL: paths[i]})
	}
	var answer struct {
		Responses []batchResponse `json:"responses"`
	}
	_, err := e.client.Do(ctx, remote.Call{
		Method: http.MethodPost, Path: version + "/$batch", Body: body, Endpoint: what, Cost: len(pending) * membersCost, Repeatable: true, Into: &answer,
	})
	if err != nil {
		return nil, err
	}
	responses := make(map[int]batchResponse, len(answer.Responses))
	for _, response := range answer.Responses {
		i, err := strconv.Atoi(response.ID)
		if _, twice := responses[i]; err != nil || twice || i < 0 || i >= len(paths) {
			return nil, remote.Incomplete(lang.L("%s in Entra", lang.L(what)), lang.L("a batch has an answer that nobody asked for: %q", response.ID))
		}
		responses[i] = response
	}
	return responses, nil
}
