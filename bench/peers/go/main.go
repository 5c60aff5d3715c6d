// Go's net/http as a user would set it up: one Transport whose pool is as large as the load, bodies read to
// their end so that connections are kept. Prints one line of JSON, as bench_peers --run does.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type reply struct {
	Token       string `json:"token"`
	RedirectURL string `json:"redirect_url"`
}

type options struct {
	baseURL, caFile, apiKey string
	connections             int
	mints, warmUp           int64
	rate                    float64
	http2                   bool
}

type minter struct {
	options
	client *http.Client
	dials  int64
	kept   []reply
}

func newMinter(o options) (*minter, error) {
	pem, err := os.ReadFile(o.caFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", o.caFile)
	}
	m := &minter{options: o, kept: make([]reply, o.connections)}
	dialer := &net.Dialer{}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		MaxIdleConns:        o.connections,
		MaxIdleConnsPerHost: o.connections,
		MaxConnsPerHost:     o.connections,
		DisableCompression:  true,
	}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		atomic.AddInt64(&m.dials, 1)
		return dialer.DialContext(ctx, network, address)
	}
	if o.http2 { // streams of one connection
		transport.ForceAttemptHTTP2 = true
		transport.MaxConnsPerHost = 1
	}
	m.client = &http.Client{Transport: transport}
	return m, nil
}

func (m *minter) mint(account string, into *reply) error {
	request, err := http.NewRequest("POST", m.baseURL+"/v1/tokens/ephemeral", nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "ephemint-bench/1")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("API-Key", m.apiKey)
	request.Header.Set("On-Behalf-Of", account)
	response, err := m.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return err
	}
	if into.Token == "" || into.RedirectURL == "" {
		return fmt.Errorf("a reply without token or redirect_url")
	}
	return nil
}

type outcome struct {
	latencies    []float64 // microseconds
	failures     int64
	firstFailure string
	wall         time.Duration
}

// run makes that many mints; each is due when it is taken, or, with a rate, on its schedule: latency counts
// from then.
func (m *minter) run(mints int64, rate float64) outcome {
	var taken int64 = -1
	var lock sync.Mutex
	var all outcome
	var wait sync.WaitGroup
	begin := time.Now()
	for i := 0; i < m.connections; i++ {
		wait.Add(1)
		go func(into *reply) {
			defer wait.Done()
			own := make([]float64, 0, mints/int64(m.connections)+16)
			for {
				number := atomic.AddInt64(&taken, 1)
				if number >= mints {
					break
				}
				due := time.Now()
				if rate > 0 {
					due = begin.Add(time.Duration(float64(number) / rate * float64(time.Second)))
					time.Sleep(time.Until(due))
				}
				if err := m.mint(fmt.Sprintf("se-%d", 100000+number%1000), into); err != nil {
					lock.Lock()
					all.failures++
					if all.failures == 1 {
						all.firstFailure = err.Error()
					}
					lock.Unlock()
				} else {
					own = append(own, float64(time.Since(due))/float64(time.Microsecond))
				}
			}
			lock.Lock()
			all.latencies = append(all.latencies, own...)
			lock.Unlock()
		}(&m.kept[i])
	}
	wait.Wait()
	all.wall = time.Since(begin)
	sort.Float64s(all.latencies)
	return all
}

func usage() (user, system float64) {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0, 0
	}
	return float64(used.Utime.Nano()) / 1e3, float64(used.Stime.Nano()) / 1e3
}

func at(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(share*float64(len(sorted)-1)+0.5)]
}

func main() {
	var o options
	flag.StringVar(&o.baseURL, "base-url", "", "where the API is")
	flag.StringVar(&o.caFile, "ca-file", "", "the authority to trust")
	flag.StringVar(&o.apiKey, "api-key", "", "a stand-in key")
	flag.IntVar(&o.connections, "connections", 16, "connections at once")
	flag.Int64Var(&o.mints, "mints", 1000, "mints to measure")
	flag.Int64Var(&o.warmUp, "warm-up", 0, "mints before these")
	flag.Float64Var(&o.rate, "rate", 0, "mints a second; 0: as fast as it goes")
	flag.BoolVar(&o.http2, "http2", false, "streams of one HTTP/2 connection, instead of connections")
	flag.Parse()

	m, err := newMinter(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	warm := m.run(o.warmUp, 0)
	userBefore, systemBefore := usage()
	done := m.run(o.mints, o.rate)
	user, system := usage()
	var line bytes.Buffer
	json.NewEncoder(&line).Encode(map[string]any{
		"warm_up_mints": int64(len(warm.latencies)),
		"mints":         int64(len(done.latencies)),
		"failures":      warm.failures + done.failures,
		"first_failure": warm.firstFailure + done.firstFailure,
		"connections":   atomic.LoadInt64(&m.dials),
		"wall_us":       float64(done.wall) / float64(time.Microsecond),
		"user_us":       user - userBefore,
		"system_us":     system - systemBefore,
		"p50_us":        at(done.latencies, 0.5),
		"p90_us":        at(done.latencies, 0.9),
		"p99_us":        at(done.latencies, 0.99),
		"p99_9_us":      at(done.latencies, 0.999),
		"max_us":        at(done.latencies, 1),
	})
	os.Stdout.Write(line.Bytes())
}
