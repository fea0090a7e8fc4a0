// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What the goroutines share is global, so that they capture nothing: no closure each to allocate.
var (
	gate               chan struct{}
	woken              atomic.Int64 // how many saw the channel close
	parkWaiting, awake sync.WaitGroup
)

// parked: n goroutines all wait on one channel: how many bytes of memory does each take, and how
// long does it take to wake them all by closing the channel, until the last has ended?
func parked(n, _ int) int {
	gate = make(chan struct{})
	before := residentBytes()
	parkWaiting.Add(n)
	awake.Add(n)
	for i := 0; i < n; i++ {
		go stand()
	}
	parkWaiting.Wait()
	report("task_bytes", float64(residentBytes()-before)/float64(n))
	start := time.Now()
	close(gate)
	awake.Wait()
	report("wake_ns", float64(time.Since(start).Nanoseconds())/float64(n))
	return int(woken.Load())
}

func stand() {
	parkWaiting.Done()
	if _, ok := <-gate; !ok {
		woken.Add(1)
	}
	awake.Done()
}

// residentBytes returns the memory of this process that is in RAM, without garbage and what the
// collector keeps for later.
func residentBytes() int {
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		fail(err.Error())
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		fail(err.Error())
	}
	return pages * os.Getpagesize()
}
