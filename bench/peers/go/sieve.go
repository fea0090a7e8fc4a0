// SPDX-License-Identifier: MIT

package main

// sieve: what do n primes cost from the concurrent prime sieve: a growing chain of filters, one for
// each prime, linked by unbuffered channels?
//
// The program is the one Go ships as an example; as there, nobody stops the chain at the end.
func sieve(n, _ int) int {
	in := make(chan int)
	go generate(in)
	sum := 0
	for i := 0; i < n; i++ {
		prime := <-in
		sum += prime
		out := make(chan int)
		go filter(in, out, prime)
		in = out
	}
	return sum
}

func generate(out chan<- int) {
	for i := 2; ; i++ {
		out <- i
	}
}

func filter(in <-chan int, out chan<- int, prime int) {
	for {
		if v := <-in; v%prime != 0 {
			out <- v
		}
	}
}
