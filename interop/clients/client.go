// Go's net/http. `client PLAN`; with SSLKEYLOGFILE it logs the secrets of TLS.
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

type exchange struct {
	ID, Method, Target, Body, Abort string
	Chunked, Expect                 bool
}

type plan struct {
	Over, Origin string
	Groups       []struct {
		Concurrent bool
		Exchanges  []exchange
	}
}

// The versions of HTTP that are spoken, so that it is not left to chance.
func protocols(over string) *http.Protocols {
	var all http.Protocols
	all.SetHTTP1(over == "http" || over == "https")
	all.SetHTTP2(over == "h2")
	all.SetUnencryptedHTTP2(over == "h2c")
	return &all
}

func keyLog() io.Writer {
	path := os.Getenv("SSLKEYLOGFILE")
	if path == "" {
		return nil
	}
	file, _ := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return file
}

// A reader that does not tell its length, so that it is sent in chunks.
type unmeasured struct{ io.Reader }

func record(fields map[string]any) {
	line, _ := json.Marshal(fields)
	fmt.Println(string(line))
}

func ended(e exchange, err error) {
	if e.Abort != "" {
		record(map[string]any{"id": e.ID, "aborted": true})
	} else {
		record(map[string]any{"id": e.ID, "error": err.Error()})
	}
}

func run(client *http.Client, base string, e exchange) {
	var body io.Reader
	if e.Body != "" {
		data, _ := os.ReadFile(e.Body)
		body = bytes.NewReader(data)
		if e.Chunked {
			body = unmeasured{body}
		}
	}
	request, _ := http.NewRequest(e.Method, base+e.Target, body)
	if e.Expect {
		request.Header.Set("Expect", "100-continue")
	}
	response, err := client.Do(request)
	if err != nil {
		ended(e, err)
		return
	}
	defer response.Body.Close()
	if e.Abort == "download" {
		io.CopyN(io.Discard, response.Body, 1000)
		ended(e, nil)
		return
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		ended(e, err)
		return
	}
	record(map[string]any{
		"id": e.ID, "status": response.StatusCode, "got": response.Header.Get("x-got"),
		"length": len(content), "sha256": fmt.Sprintf("%x", sha256.Sum256(content)),
	})
}

func main() {
	text, _ := os.ReadFile(os.Args[1])
	var all plan
	json.Unmarshal(text, &all)
	settings := &tls.Config{InsecureSkipVerify: true, KeyLogWriter: keyLog()}
	for _, group := range all.Groups {
		transport := &http.Transport{
			MaxConnsPerHost: 1, ExpectContinueTimeout: 300 * time.Millisecond,
			Protocols: protocols(all.Over), TLSClientConfig: settings,
		}
		client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
		var running sync.WaitGroup
		for _, e := range group.Exchanges {
			if group.Concurrent {
				running.Go(func() { run(client, all.Origin, e) })
			} else {
				run(client, all.Origin, e)
			}
		}
		running.Wait()
		transport.CloseIdleConnections()
	}
}
