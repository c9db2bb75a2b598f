// Go's net/http, for the rows of bulk.mjs. `interop-net-http serve PORT h2c|h2`: a server; without TLS it takes HTTP/2 by prior
// knowledge and by Upgrade. `interop-net-http ask PORT COUNT h2c|h2`: a client with 100 streams at once on one connection. With
// SSLKEYLOGFILE the secrets of TLS are logged.
package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

const streams = 100

// As bulk/content.mjs has it.
func messageOf(n int) []byte {
	unit := fmt.Sprintf("%d ä€ ", n)
	size := n * 31 % 400
	switch {
	case n%97 == 0:
		size = 0
	case n%1009 == 0:
		size = 70_000
	}
	data := []byte(strings.Repeat(unit, (size+len(unit)-1)/len(unit)))
	if n%5 == 0 {
		slices.Reverse(data)
	}
	return data
}

func answerOf(n int) []byte { return messageOf(7*n + 3) }

func answer(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.URL.Path[1:])
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return // The client went away.
	}
	header, data := w.Header(), answerOf(n)
	header.Set("content-type", "application/octet-stream")
	header.Set("content-length", strconv.Itoa(len(data)))
	header.Set("x-number", strconv.Itoa(n))
	header.Set("x-got", strconv.Itoa(len(sent)))
	w.Write(data)
}

func secrets() *tls.Config {
	settings := &tls.Config{InsecureSkipVerify: true}
	if path := os.Getenv("SSLKEYLOGFILE"); path != "" {
		settings.KeyLogWriter, _ = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	}
	return settings
}

func serve(port, over string) error {
	server := &http.Server{Addr: "127.0.0.1:" + port, Handler: http.HandlerFunc(answer), TLSConfig: secrets()}
	if over == "h2" {
		return server.ListenAndServeTLS("server.crt", "server.key")
	}
	// net/http itself knows no Upgrade.
	server.Handler = h2c.NewHandler(server.Handler, &http2.Server{})
	return server.ListenAndServe()
}

func isRight(client *http.Client, base string, n int) bool {
	sent := messageOf(n)
	response, err := client.Post(base+strconv.Itoa(n), "application/octet-stream", bytes.NewReader(sent))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return err == nil && response.ProtoMajor == 2 && response.Header.Get("x-number") == strconv.Itoa(n) &&
		response.Header.Get("x-got") == strconv.Itoa(len(sent)) && bytes.Equal(data, answerOf(n))
}

func ask(port string, count int, over string) {
	scheme := map[string]string{"h2c": "http", "h2": "https"}[over]
	protocols := new(http.Protocols)
	protocols.SetHTTP2(over == "h2")
	protocols.SetUnencryptedHTTP2(over == "h2c")
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1, Protocols: protocols, TLSClientConfig: secrets()}}
	var next, right atomic.Int64
	var running sync.WaitGroup
	for range streams {
		running.Go(func() {
			for n := next.Add(1) - 1; n < int64(count); n = next.Add(1) - 1 {
				if isRight(client, scheme+"://127.0.0.1:"+port+"/", int(n)) {
					right.Add(1)
				}
			}
		})
	}
	running.Wait()
	fmt.Printf("{\"right\":%d}\n", right.Load())
}

func main() {
	switch words := os.Args[1:]; {
	case len(words) == 3 && words[0] == "serve":
		fmt.Fprintln(os.Stderr, serve(words[1], words[2]))
		os.Exit(1)
	case len(words) == 4 && words[0] == "ask":
		count, _ := strconv.Atoi(words[2])
		ask(words[1], count, words[3])
	default:
		fmt.Fprintln(os.Stderr, "serve PORT h2c|h2 | ask PORT COUNT h2c|h2")
		os.Exit(2)
	}
}
