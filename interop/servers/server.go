// Go's net/http. `server PORT`
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
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
		connection, _, _ := w.(http.Hijacker).Hijack()
		connection.(*net.TCPConn).SetLinger(0)
		connection.Close()
		return
	}
	w.Write(content)
}

func main() {
	http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(answer))
}
