// grpc-go. `interop-grpc-go serve PORT [TLS-FOLDER]`: a server. `interop-grpc-go ask PORT ROUNDS [TLS-FOLDER]`: a client, which prints a
// line of JSON for each call: what it sent, what it got, and the status. The field x-call has the number of a call.
package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	service = "interop.v1.Everything"
	tooLate = 30 * time.Millisecond
	reason  = "100% wrong: ü, \"quoted\"\nand a second line"
)

// Messages are bytes as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (raw) Name() string { return "raw" }

func reversed(data []byte) []byte {
	out := make([]byte, len(data))
	for i, b := range data {
		out[len(data)-1-i] = b
	}
	return out
}

// Every method is served as both streams; a client that calls it otherwise sees no difference.
func serveOne(name string, stream grpc.ServerStream) error {
	var message []byte
	receive := func() error { return stream.RecvMsg(&message) }
	switch name {
	case "Unary", "Many":
		if err := receive(); err != nil {
			return err
		}
		answers := 1
		if name == "Many" {
			answers = 5
		}
		for n := range answers {
			answer := append(reversed(message), text(n, n*9000)...)
			if err := stream.SendMsg(&answer); err != nil {
				return err
			}
		}
		stream.SetTrailer(metadata.Pairs("x-tail", "t"))
		return nil
	case "Collect":
		var all []byte
		for {
			err := receive()
			if errors.Is(err, io.EOF) {
				return stream.SendMsg(&all)
			}
			if err != nil {
				return err
			}
			all = append(all, message...)
		}
	case "Chat":
		for {
			err := receive()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			answer := reversed(message)
			if err := stream.SendMsg(&answer); err != nil {
				return err
			}
		}
	case "Fail":
		return status.Error(codes.NotFound, reason)
	case "FailLate":
		for range 2 {
			part := []byte("before it failed")
			if err := stream.SendMsg(&part); err != nil {
				return err
			}
		}
		return status.Error(codes.ResourceExhausted, reason)
	default: // Slow
		<-stream.Context().Done()
		return stream.Context().Err()
	}
}

var methods = []string{"Unary", "Many", "Collect", "Chat", "Fail", "FailLate", "Slow"}

func keyLog() io.Writer {
	path := os.Getenv("SSLKEYLOGFILE")
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return file
}

func serve(port, folder string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	options := []grpc.ServerOption{grpc.ForceServerCodec(raw{})}
	if folder != "" {
		pair, err := tls.LoadX509KeyPair(folder+"/server.crt", folder+"/server.key")
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{pair}, KeyLogWriter: keyLog(),
		})))
	}
	server := grpc.NewServer(options...)
	description := grpc.ServiceDesc{ServiceName: service, HandlerType: (*any)(nil)}
	for _, name := range methods {
		description.Streams = append(description.Streams, grpc.StreamDesc{
			StreamName: name, ServerStreams: true, ClientStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error { return serveOne(name, stream) },
		})
	}
	server.RegisterService(&description, struct{}{})
	return server.Serve(listener)
}

type record struct {
	Call    string   `json:"call"`
	Method  string   `json:"method"`
	Gzip    bool     `json:"gzip"`
	Sent    []string `json:"sent"`
	Got     []string `json:"got"`
	Code    uint32   `json:"code"`
	Message string   `json:"message"`
}

func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// Text that gzip makes several times smaller, and not hundreds of times: the sniffer allows only some of that in a second.
func text(seed, bytes int) []byte {
	out := make([]byte, 0, bytes+10)
	for value := uint32(seed); len(out) < bytes; {
		value = value*1_664_525 + 1_013_904_223
		out = strconv.AppendUint(out, uint64(value>>16), 10)
		out = append(out, '|')
	}
	return out[:bytes]
}

// The messages that a call sends.
func questions(call int, name string) [][]byte {
	first := []byte(strings.Repeat(fmt.Sprintf("call %d, the same words; ", call), 1+call%40))
	if name == "Collect" || name == "Chat" {
		return [][]byte{first, {}, {7}, text(call, 45_000), first}
	}
	return [][]byte{first}
}

func callOne(connection *grpc.ClientConn, call int, name string, compressed bool) (done record) {
	done = record{Call: strconv.Itoa(call), Method: name, Gzip: compressed, Sent: []string{}, Got: []string{}}
	limit := time.Minute
	if name == "Slow" {
		limit = tooLate
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "x-call", done.Call)
	var options []grpc.CallOption
	if compressed {
		options = append(options, grpc.UseCompressor(gzip.Name))
	}
	ended := func(err error) record {
		told := status.Convert(err)
		if errors.Is(err, io.EOF) {
			told = nil
		}
		done.Code, done.Message = uint32(told.Code()), told.Message()
		return done
	}
	path := "/" + service + "/" + name
	if name == "Unary" {
		question, answer := questions(call, name)[0], []byte(nil)
		done.Sent = append(done.Sent, sum(question))
		err := connection.Invoke(ctx, path, &question, &answer, options...)
		if err == nil {
			done.Got = append(done.Got, sum(answer))
		}
		return ended(err)
	}
	both := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	stream, err := connection.NewStream(ctx, both, path, options...)
	if err != nil {
		return ended(err)
	}
	for _, question := range questions(call, name) {
		if err := stream.SendMsg(&question); err != nil {
			break
		}
		done.Sent = append(done.Sent, sum(question))
	}
	stream.CloseSend()
	for {
		var answer []byte
		if err := stream.RecvMsg(&answer); err != nil {
			return ended(err)
		}
		done.Got = append(done.Got, sum(answer))
	}
}

// Calls at the same time: fewer if the machine is too busy (bulk.mjs).
func atOnce() int {
	inFlight, err := strconv.Atoi(os.Getenv("BULK_IN_FLIGHT"))
	if err != nil {
		inFlight = 64
	}
	return inFlight / 4
}

func ask(port, rounds, folder string) error {
	security := insecure.NewCredentials()
	if folder != "" {
		security = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, KeyLogWriter: keyLog()})
	}
	connection, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(security),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
	if err != nil {
		return err
	}
	defer connection.Close()
	count, err := strconv.Atoi(rounds)
	if err != nil {
		return err
	}
	var printing sync.Mutex
	var running sync.WaitGroup
	places := make(chan struct{}, atOnce())
	call := 0
	for range count {
		for _, name := range append(methods, "Missing") {
			for _, compressed := range []bool{false, true} {
				call++
				number := call
				places <- struct{}{}
				running.Go(func() {
					line, _ := json.Marshal(callOne(connection, number, name, compressed))
					printing.Lock()
					fmt.Println(string(line))
					printing.Unlock()
					<-places
				})
			}
		}
	}
	running.Wait()
	return nil
}

func main() {
	words := append(os.Args[1:], "", "", "")
	err := errors.New("serve PORT [FOLDER] | ask PORT ROUNDS [FOLDER]")
	switch words[0] {
	case "serve":
		err = serve(words[1], words[2])
	case "ask":
		err = ask(words[1], words[2], words[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
