// SPDX-License-Identifier: MIT

package main

import "time"

// ring: what does a hop cost when one token goes round a ring of size goroutines, each of which
// waits for it on an unbuffered channel of its own?
//
// The token says how many hops are left, and who holds it at 0 says its own number. One round makes
// sure that all goroutines wait; only the hops after it are timed, not the making of the ring.
func ring(n, size int) int {
	first, last := make(chan int), make(chan int)
	in := first
	for i := 0; i < size; i++ {
		out := first
		if i+1 < size {
			out = make(chan int)
		}
		go member(i, in, out, last)
		in = out
	}
	first <- size
	<-last
	start := time.Now()
	first <- n
	holder := <-last
	report("hop_ns", float64(time.Since(start).Nanoseconds())/float64(n))
	return holder
}

func member(number int, in <-chan int, out, last chan<- int) {
	for left := range in {
		if left > 0 {
			out <- left - 1
		} else {
			last <- number
		}
	}
}
