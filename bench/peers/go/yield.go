// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"sync"
)

// yield: what does one Gosched cost when there is another goroutine, of other code, to run?
func yield(n, _ int) int {
	var wg sync.WaitGroup
	var a, b int
	wg.Add(2)
	go func() {
		a = up(n / 2)
		wg.Done()
	}()
	go func() {
		b = down(n / 2)
		wg.Done()
	}()
	wg.Wait()
	return a + b
}

func up(n int) int {
	sum := 0
	for i := 0; i < n; i++ {
		sum += i
		runtime.Gosched()
	}
	return sum
}

func down(n int) int {
	sum := 0
	for i := n; i > 0; i-- {
		sum ^= i * i
		runtime.Gosched()
	}
	return sum
}
