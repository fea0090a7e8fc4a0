// SPDX-License-Identifier: MIT

package main

// forkjoin: what does fib cost when each call that is not a leaf starts a goroutine for one half,
// calls the other itself and waits for the goroutine?
//
// n is the number of calls; the program takes the largest fib that needs no more.
func forkjoin(n, _ int) int {
	k := 1
	for a, b := 1, 1; a+b+1 <= n; k++ {
		a, b = b, a+b+1
	}
	return fib(k)
}

func fib(k int) int {
	if k < 2 {
		return k
	}
	half := make(chan int, 1)
	go func() { half <- fib(k - 1) }()
	b := fib(k - 2)
	return <-half + b
}
