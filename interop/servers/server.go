// Go's net/http. `server PORT [http|h2c|https|h2]`; h2c is both versions on one port. With SSLKEYLOGFILE it logs the secrets of TLS.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

const pieceBytes = 4000

func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

func answer(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	id, kind := parts[1], parts[2]
	number, _ := strconv.Atoi(parts[3])
	upload, err := io.ReadAll(r.Body)
	if err != nil {
		return // The client went away.
	}
	header := w.Header()
	header.Set("x-got", id)
	header.Set("x-got-length", strconv.Itoa(len(upload)))
	header.Set("x-got-sha256", sum(upload))
	if kind == "status" {
		w.WriteHeader(number)
		return
	}
	content := upload
	if kind != "echo" {
		content = bytes.Repeat([]byte(id+"\n"), number/(len(id)+1)+1)[:number]
	}
	header.Set("x-length", strconv.Itoa(len(content)))
	header.Set("x-sha256", sum(content))
	header.Set("content-type", "application/octet-stream")
	if strings.HasPrefix(kind, "gzip") {
		header.Set("content-encoding", "gzip")
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		writer.Write(content)
		writer.Close()
		content = packed.Bytes()
	}
	if kind == "chunked" || kind == "gzip-chunked" {
		for at := 0; at < len(content); at += pieceBytes {
			w.Write(content[at:min(at+pieceBytes, len(content))])
			w.(http.Flusher).Flush()
		}
		return
	}
	header.Set("content-length", strconv.Itoa(len(content)))
	if kind == "reset" {
		w.Write(content[:len(content)/2])
		w.(http.Flusher).Flush()
		if r.ProtoMajor == 2 {
			panic(http.ErrAbortHandler) // It resets the stream.
		}
		connection, _, _ := w.(http.Hijacker).Hijack()
		connection.(*net.TCPConn).SetLinger(0)
		connection.Close()
		return
	}
	w.Write(content)
}

func keyLog() io.Writer {
	path := os.Getenv("SSLKEYLOGFILE")
	if path == "" {
		return nil
	}
	file, _ := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return file
}

func main() {
	over := "http"
	if len(os.Args) > 2 {
		over = os.Args[2]
	}
	var protocols http.Protocols
	protocols.SetHTTP1(over != "h2")
	protocols.SetHTTP2(over == "h2")
	protocols.SetUnencryptedHTTP2(over == "h2c")
	server := &http.Server{
		Addr: "127.0.0.1:" + os.Args[1], Handler: http.HandlerFunc(answer),
		Protocols: &protocols, TLSConfig: &tls.Config{KeyLogWriter: keyLog()},
	}
	if over == "https" || over == "h2" {
		server.ListenAndServeTLS("server.crt", "server.key")
	} else {
		server.ListenAndServe()
	}
}
