// SPDX-License-Identifier: MIT

package main

import (
	"reflect"
	"runtime"
)

// orchannel: what does it cost to make an or-channel of width done channels, and to learn from it
// that one of them was closed?
//
// One operation makes the done channels, joins them, yields, so that the or-channel's goroutine
// waits for them all, closes one (each time another) and waits for the or-channel. The sum of the
// numbers of the closed ones is the check; an or-channel that closes before adds nothing.
func orchannel(n, width int) int {
	sum := 0
	done, ends := make([]chan struct{}, width), make([]<-chan struct{}, width)
	for i := 0; i < n; i++ {
		for k := range done {
			done[k] = make(chan struct{})
			ends[k] = done[k]
		}
		any := or(ends...)
		runtime.Gosched()
		early := false
		select {
		case <-any:
			early = true
		default:
		}
		closing := i * 7 % width
		close(done[closing])
		<-any
		if !early {
			sum += closing
		}
	}
	return sum
}

// or joins the channels in one goroutine with one select. The book's tree of goroutines takes two to
// four times as long, a goroutine for each channel and a sync.Once even longer.
func or(channels ...<-chan struct{}) <-chan struct{} {
	out := make(chan struct{})
	go func() {
		cases := make([]reflect.SelectCase, len(channels))
		for i, c := range channels {
			cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)}
		}
		reflect.Select(cases)
		close(out)
	}()
	return out
}
