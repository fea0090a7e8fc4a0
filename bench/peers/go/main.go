// SPDX-License-Identifier: MIT

// Command gobench holds the Go side of runnel's benchmarks:
//
//	gobench NAME [n [capacity]]
//	gobench list
//
// runs one of them and prints one line of JSON. The program of the same name in bench/ does the
// same work and must print the same check. GOMAXPROCS in the environment sets the workers.
// "gobench echo" is a server instead.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

// A benchmark does n operations and returns a value that shows that they were done.
type benchmark struct {
	run  func(n, capacity int) int
	n    int  // when the command line does not say
	cold bool // no warm-up: it looks at memory, or builds what it then measures
}

// What a benchmark has measured itself, as JSON; the last value of a name stays.
var reported = map[string]float64{}

func report(name string, value float64) {
	reported[name] = value
}

var benchmarks = map[string]benchmark{
	"yield":         {yield, 2_000_000, false},
	"spawn":         {spawn, 1_000_000, false},
	"pingpong":      {pingpong, 1_000_000, false},
	"unbuffered":    {unbuffered, 2_000_000, false},
	"buffered":      {buffered, 5_000_000, false},
	"select3":       {select3, 999_999, false},
	"skynet":        {skynet, 1_000_000, false},
	"mpmc":          {mpmc, 4_000_000, false},
	"selectdefault": {selectdefault, 10_000_000, false},
	"ring":          {ring, 4_000_000, true},
	"sieve":         {sieve, 2_500, false},
	"generic":       {generic, 500_000, false},
	"batched":       {generic, 500_000, false}, // the same work: what runnel's stages make of it
	"fused":         {generic, 500_000, false},
	"typed":         {typed, 1_000_000, false},
	"fanout":        {fanout, 1_500_000, false},
	"orchannel":     {orchannel, 1_000, false},
	"contexts":      {contexts, 200_000, false},
	"forkjoin":      {forkjoin, 635_621, false},
	"forked":        {forkjoin, 635_621, false}, // the same: Go has no other form
	"mutex":         {mutex, 10_000_000, false},
	"parked":        {parked, 1_000_000, true},
	"parked_small":  {parked, 1_000_000, true}, // the same: Go has one size of stacks
	"sleepers":      {sleepers, 1_000_000, true},
}

func main() {
	if len(os.Args) < 2 {
		fail("usage: gobench NAME [n [capacity]]")
	}
	name := os.Args[1]
	if name == "list" { // what there is
		fmt.Println("echo")
		for name := range benchmarks {
			fmt.Println(name)
		}
		return
	}
	if name == "echo" {
		serveEcho() // a server: bench/load.c measures it
	}
	b, ok := benchmarks[name]
	if !ok {
		fail("no such benchmark: " + name)
	}
	n := argument(2, b.n)
	capacity := argument(3, 0)

	if !b.cold {
		b.run(n/10, capacity) // warm up
	}
	runtime.GC() // start without the warm-up's garbage, as package testing does
	start := time.Now()
	check := b.run(n, capacity)
	elapsed := time.Since(start)

	fmt.Printf(`{"bench":"%s","n":%d,"capacity":%d,"workers":%d,"ns_per_op":%.3f,`,
		name, n, capacity, runtime.GOMAXPROCS(0), float64(elapsed.Nanoseconds())/float64(n))
	for name, value := range reported {
		fmt.Printf(`"%s":%.3f,`, name, value)
	}
	fmt.Printf(`"check":%d}`+"\n", check)
}

// argument returns os.Args[i] as a number, or fallback if there are not so many arguments.
func argument(i, fallback int) int {
	if i >= len(os.Args) {
		return fallback
	}
	v, err := strconv.Atoi(os.Args[i])
	if err != nil || v < 0 {
		fail("not a number: " + os.Args[i])
	}
	return v
}

func fail(line string) {
	fmt.Fprintln(os.Stderr, "gobench: "+line)
	os.Exit(2)
}
