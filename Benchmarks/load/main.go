// Load puts mutual TLS 1.3 on a server, and says in JSON what the server's processes paid for it. Each mode is one kind
// of work, so that servers compare by their own CPU and memory and not by the speed of this program:
//
//	load backend   --listen ADDRESS               what servers forward to: plain HTTP/1.1
//	load handshake --address ADDRESS --server PID a connection, a full handshake, one request, close
//	load request   ...                            small requests on connections that are kept alive; --rate to pace them
//	load http2     ...                            the same as streams of HTTP/2
//	load bulk      ...                            large answers
//	load idle      ...                            connections that do nothing after one request
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	smallBody = 100
	bulkBody  = 16 << 20
	// All workers begin at once, and what the first operations wait for is that. Their latencies don't count.
	settling = 250 * time.Millisecond
	// A worker that met this many errors has shown what it can.
	enoughErrors = 100
	// Linux has it for all of its programs, whatever the kernel's own clock.
	ticksPerSecond = 100
)

type options struct {
	address     string
	folder      string
	server      int
	connections int
	streams     int
	count       int
	seconds     float64
	rate        float64
	hold        float64
}

type report struct {
	Operations   int64   `json:"operations"`
	Bytes        int64   `json:"bytes"`
	Errors       int64   `json:"errors"`
	FirstError   string  `json:"firstError,omitempty"`
	Certificates int     `json:"certificates"`
	Seconds      float64 `json:"seconds"`
	PerSecond    float64 `json:"perSecond"`
	CPUSeconds   float64 `json:"cpuSeconds"`
	RSSBefore    int64   `json:"rssBefore"`
	RSSAfter     int64   `json:"rssAfter"`
	P50          float64 `json:"p50Microseconds"`
	P99          float64 `json:"p99Microseconds"`
}

func main() {
	if len(os.Args) < 2 {
		stop(errors.New("usage: load backend|handshake|request|http2|bulk|idle ..."))
	}
	// Less of its own collection between the server's turns.
	debug.SetGCPercent(400)
	var o options
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	listen := flags.String("listen", "", "backend: the address to listen on")
	flags.StringVar(&o.address, "address", "", "the server's address")
	flags.StringVar(&o.folder, "folder", ".", "holds ca.crt, client.crt and client.key")
	flags.IntVar(&o.server, "server", 0, "the server's process; its descendants count too")
	flags.IntVar(&o.connections, "connections", 16, "at the same time")
	flags.IntVar(&o.streams, "streams", 16, "http2: at the same time on each connection")
	flags.IntVar(&o.count, "count", 1000, "idle: connections to hold")
	flags.Float64Var(&o.seconds, "seconds", 3, "how long to go on")
	flags.Float64Var(&o.rate, "rate", 0, "request: a second, over all connections; 0: as many as can be")
	flags.Float64Var(&o.hold, "hold", 2, "idle: seconds between the last connection and the look at memory")
	_ = flags.Parse(os.Args[2:])

	if os.Args[1] == "backend" {
		stop(serve(*listen))
	}
	client, err := newClient(o)
	if err != nil {
		stop(err)
	}
	var result report
	switch os.Args[1] {
	case "handshake":
		result = drive(o, o.connections, client.handshakes)
	case "request":
		result = drive(o, o.connections, client.requests("/"))
	case "bulk":
		result = drive(o, o.connections, client.requests("/bulk"))
	case "http2":
		result = drive(o, o.connections*o.streams, client.http2())
	case "idle":
		result = client.idle()
	default:
		stop(fmt.Errorf("no mode %q", os.Args[1]))
	}
	_ = json.NewEncoder(os.Stdout).Encode(result)
}

func stop(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(1)
}

// Driving

// A step is one operation; it returns the bytes of the body that it received.
type step func() (int64, error)

// An opening makes what the steps of one worker need, outside of what is measured.
type opening func(worker int, t *tally) (step, error)

// A tally belongs to one worker, so that none waits for another to count.
type tally struct {
	operations, bytes, errors int64
	firstError                error
	latencies                 []time.Duration
	certificates              map[[sha256.Size]byte]struct{}
}

func (t *tally) fail(err error) {
	t.errors++
	if t.firstError == nil {
		t.firstError = err
	}
}

func (t *tally) saw(certificate *x509.Certificate) {
	if t.certificates == nil {
		t.certificates = map[[sha256.Size]byte]struct{}{}
	}
	t.certificates[sha256.Sum256(certificate.Raw)] = struct{}{}
}

func drive(o options, workers int, open opening) report {
	tallies := make([]tally, workers)
	var opened, done sync.WaitGroup
	opened.Add(workers)
	begin := make(chan time.Time)
	for i := range workers {
		done.Go(func() {
			step, err := open(i, &tallies[i])
			opened.Done()
			began := <-begin
			if err != nil {
				tallies[i].fail(err)
				return
			}
			work(o, pace(o.rate, workers, i), step, &tallies[i], began)
		})
	}
	opened.Wait()
	before := usageOf(o.server)
	began := time.Now()
	for range workers {
		begin <- began
	}
	done.Wait()
	return summary(tallies, time.Since(began), before, usageOf(o.server))
}

func work(o options, pace schedule, step step, t *tally, began time.Time) {
	end := began.Add(time.Duration(o.seconds * float64(time.Second)))
	for t.errors < enoughErrors {
		from := time.Now()
		if pace.interval > 0 {
			// What begins late has waited since it was due.
			from = pace.next(began)
		}
		if from.After(end) {
			return
		}
		n, err := step()
		if err != nil {
			t.fail(err)
			if errors.Is(err, errDisconnected) {
				return
			}
			continue
		}
		if from.Sub(began) > settling {
			t.latencies = append(t.latencies, time.Since(from))
		}
		t.operations++
		t.bytes += n
	}
}

func summary(tallies []tally, elapsed time.Duration, before, after usage) report {
	var r report
	var latencies []time.Duration
	certificates := map[[sha256.Size]byte]struct{}{}
	for _, t := range tallies {
		r.Operations += t.operations
		r.Bytes += t.bytes
		r.Errors += t.errors
		if r.FirstError == "" && t.firstError != nil {
			r.FirstError = t.firstError.Error()
		}
		latencies = append(latencies, t.latencies...)
		for digest := range t.certificates {
			certificates[digest] = struct{}{}
		}
	}
	slices.Sort(latencies)
	quantile := func(part float64) float64 {
		if len(latencies) == 0 {
			return 0
		}
		return float64(latencies[int(part*float64(len(latencies)-1))]) / float64(time.Microsecond)
	}
	r.Certificates = len(certificates)
	r.Seconds = elapsed.Seconds()
	r.PerSecond = float64(r.Operations) / r.Seconds
	r.CPUSeconds = after.cpu - before.cpu
	r.RSSBefore, r.RSSAfter = before.rss, after.rss
	r.P50, r.P99 = quantile(0.5), quantile(0.99)
	return r
}

// Pacing

// A schedule gives each worker its own moments, spread evenly over those of the others.
type schedule struct {
	interval, offset time.Duration
	index            int64
	timer            *os.File
	descriptor       uintptr
}

func pace(rate float64, workers, worker int) schedule {
	if rate == 0 {
		return schedule{}
	}
	interval := time.Duration(float64(workers) / rate * float64(time.Second))
	// Go's own timers wake to the millisecond when a process has nothing else to do, which is longer than what is measured.
	descriptor, _, problem := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, 1, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if problem != 0 {
		stop(problem)
	}
	return schedule{
		interval: interval, offset: interval * time.Duration(worker) / time.Duration(workers),
		timer: os.NewFile(descriptor, "timer"), descriptor: descriptor,
	}
}

// next returns the moment of the next operation, when it has come.
func (s *schedule) next(began time.Time) time.Time {
	due := began.Add(s.offset + s.interval*time.Duration(s.index))
	s.index++
	left := time.Until(due)
	if left <= 0 {
		return due
	}
	once := struct{ interval, value syscall.Timespec }{value: syscall.NsecToTimespec(int64(left))}
	_, _, problem := syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, s.descriptor, 0, uintptr(unsafe.Pointer(&once)), 0, 0, 0)
	if problem != 0 {
		stop(problem)
	}
	var expirations [8]byte
	if _, err := s.timer.Read(expirations[:]); err != nil {
		stop(err)
	}
	return due
}

// The client

var errDisconnected = errors.New("the connection is of no more use")

type client struct {
	options options
	tls     *tls.Config
}

func newClient(o options) (*client, error) {
	authority, err := os.ReadFile(filepath.Join(o.folder, "ca.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	own, err := tls.LoadX509KeyPair(filepath.Join(o.folder, "client.crt"), filepath.Join(o.folder, "client.key"))
	if err != nil {
		return nil, err
	}
	return &client{options: o, tls: &tls.Config{
		RootCAs:          roots,
		ServerName:       "localhost",
		Certificates:     []tls.Certificate{own},
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.X25519},
		// Each handshake is a full one.
		SessionTicketsDisabled: true,
	}}, nil
}

// alike refuses what would make two servers' figures differ by what was negotiated.
func alike(state tls.ConnectionState) error {
	if state.Version != tls.VersionTLS13 || state.CipherSuite != tls.TLS_AES_128_GCM_SHA256 ||
		state.CurveID != tls.X25519 || state.DidResume {
		return fmt.Errorf("negotiated %s, %s, %s, resumed %t; %w", tls.VersionName(state.Version),
			tls.CipherSuiteName(state.CipherSuite), state.CurveID, state.DidResume, errDisconnected)
	}
	return nil
}

type connection struct {
	tls    *tls.Conn
	buffer []byte
}

// connect returns a connection whose handshake is complete on this side; a TLS 1.3 server's refusal comes later.
func (c *client) connect(bufferSize int) (*connection, error) {
	plain, err := net.DialTimeout("tcp", c.options.address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	// Nothing may wait for ever for a server that forgot it.
	_ = plain.SetDeadline(time.Now().Add(time.Duration((c.options.seconds + c.options.hold + 60) * float64(time.Second))))
	secured := tls.Client(plain, c.tls)
	if err := secured.Handshake(); err != nil {
		plain.Close()
		return nil, err
	}
	if err := alike(secured.ConnectionState()); err != nil {
		secured.Close()
		return nil, err
	}
	return &connection{tls: secured, buffer: make([]byte, bufferSize)}, nil
}

// get asks for a path and reads the answer to its end.
func (c *connection) get(request []byte) (int64, error) {
	if _, err := c.tls.Write(request); err != nil {
		return 0, err
	}
	filled, head := 0, -1
	for head < 0 {
		if filled == len(c.buffer) {
			return 0, errors.New("an answer's head is too long")
		}
		n, err := c.tls.Read(c.buffer[filled:])
		filled += n
		head = bytes.Index(c.buffer[:filled], []byte("\r\n\r\n"))
		if head < 0 && err != nil {
			return 0, err
		}
	}
	length, err := bodyLength(c.buffer[:head])
	if err != nil {
		return 0, err
	}
	for left := length - int64(filled-head-4); left > 0; {
		n, err := c.tls.Read(c.buffer)
		left -= int64(n)
		if left > 0 && err != nil {
			return 0, err
		}
	}
	return length, nil
}

func bodyLength(head []byte) (int64, error) {
	lines := bytes.Split(head, []byte("\r\n"))
	if !bytes.HasPrefix(lines[0], []byte("HTTP/1.1 200")) {
		return 0, fmt.Errorf("answered %q", lines[0])
	}
	for _, line := range lines[1:] {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("content-length")) {
			return strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		}
	}
	return 0, errors.New("an answer without its length")
}

func requestFor(path string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

// Modes

func (c *client) handshakes(_ int, t *tally) (step, error) {
	request := requestFor("/")
	return func() (int64, error) {
		connection, err := c.connect(1 << 10)
		if err != nil {
			return 0, err
		}
		defer connection.tls.Close()
		t.saw(connection.tls.ConnectionState().PeerCertificates[0])
		return connection.get(request)
	}, nil
}

func (c *client) requests(path string) opening {
	request := requestFor(path)
	size := 4 << 10
	if path == "/bulk" {
		size = 256 << 10
	}
	return func(int, *tally) (step, error) {
		connection, err := c.connect(size)
		if err != nil {
			return nil, err
		}
		// The way to the backend is open, and its buffers are taken, when measuring begins.
		if _, err := connection.get(requestFor("/")); err != nil {
			return nil, err
		}
		return func() (int64, error) {
			n, err := connection.get(request)
			if err != nil {
				return 0, fmt.Errorf("%w; %w", err, errDisconnected)
			}
			return n, nil
		}, nil
	}
}

func (c *client) http2() opening {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	url := "https://" + c.options.address + "/"
	get := func(client *http.Client) (int64, error) {
		answer, err := client.Get(url)
		if err != nil {
			return 0, err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2 {
			return 0, fmt.Errorf("answered %s, %s", answer.Proto, answer.Status)
		}
		if err := alike(*answer.TLS); err != nil {
			return 0, err
		}
		return io.Copy(io.Discard, answer.Body)
	}
	// A transport has one connection, which its first answer shows to be there before streams share it.
	clients := make([]*http.Client, c.options.connections)
	for i := range clients {
		clients[i] = &http.Client{
			Timeout: 30 * time.Second,
			Transport: &http.Transport{
				TLSClientConfig: c.tls.Clone(), Protocols: protocols, MaxConnsPerHost: 1, DisableCompression: true,
			},
		}
		if _, err := get(clients[i]); err != nil {
			stop(err)
		}
	}
	return func(worker int, _ *tally) (step, error) {
		client := clients[worker/c.options.streams]
		return func() (int64, error) { return get(client) }, nil
	}
}

// idle holds connections, looks at the server's memory, and asks on each of them once more.
func (c *client) idle() report {
	o := c.options
	held := make([]*connection, o.count)
	each := func(t []tally, act func(index int) error) {
		var done sync.WaitGroup
		for worker := range o.connections {
			done.Go(func() {
				for i := worker; i < o.count && t[worker].errors < enoughErrors; i += o.connections {
					if err := act(i); err != nil {
						t[worker].fail(err)
					}
				}
			})
		}
		done.Wait()
	}
	tallies := make([]tally, o.connections)
	before := usageOf(o.server)
	began := time.Now()
	each(tallies, func(i int) error {
		connection, err := c.connect(512)
		if err != nil {
			return err
		}
		held[i] = connection
		_, err = connection.get(requestFor("/"))
		return err
	})
	elapsed := time.Since(began)
	time.Sleep(time.Duration(o.hold * float64(time.Second)))
	after := usageOf(o.server)
	each(tallies, func(i int) error {
		if held[i] == nil {
			return nil
		}
		_, err := held[i].get(requestFor("/"))
		if err == nil {
			tallies[i%o.connections].operations++
		}
		return err
	})
	return summary(tallies, elapsed, before, after)
}

// The server's processes

type usage struct {
	cpu float64
	rss int64
}

// usageOf adds up a process, its descendants, and those of them that have ended and were waited for (proc_pid_stat(5)).
func usageOf(process int) usage {
	if process == 0 {
		return usage{}
	}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	children := map[int][]int{}
	fields := map[int][]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		// The name before it may hold anything, parentheses too. So the state, the third field, has index 0.
		rest := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
		parent, _ := strconv.Atoi(rest[1])
		children[parent] = append(children[parent], pid)
		fields[pid] = rest
	}
	if fields[process] == nil {
		stop(fmt.Errorf("process %d is gone", process))
	}
	var sum usage
	for family := []int{process}; len(family) > 0; family = family[1:] {
		family = append(family, children[family[0]]...)
		of := fields[family[0]]
		for _, time := range of[11:15] {
			ticks, _ := strconv.ParseFloat(time, 64)
			sum.cpu += ticks / ticksPerSecond
		}
		pages, _ := strconv.ParseInt(of[21], 10, 64)
		sum.rss += pages * int64(os.Getpagesize())
	}
	return sum
}

// The backend

func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	small := answer(smallBody)
	bulk := answer(bulkBody)
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go converse(connection, small, bulk)
	}
}

func answer(length int) []byte {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", length)
	return append([]byte(head), bytes.Repeat([]byte("x"), length)...)
}

// converse answers each request, none of which has a body.
func converse(connection net.Conn, small, bulk []byte) {
	defer connection.Close()
	buffer := make([]byte, 2<<10)
	filled := 0
	for {
		n, err := connection.Read(buffer[filled:])
		if err != nil {
			return
		}
		filled += n
		for {
			end := bytes.Index(buffer[:filled], []byte("\r\n\r\n"))
			if end < 0 {
				break
			}
			body := small
			if bytes.HasPrefix(buffer, []byte("GET /bulk ")) {
				body = bulk
			}
			if _, err := connection.Write(body); err != nil {
				return
			}
			filled = copy(buffer, buffer[end+4:filled])
		}
	}
}
