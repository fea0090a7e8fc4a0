// SPDX-License-Identifier: MIT

package main

// pingpong: what does a request and its reply cost over two unbuffered channels?
func pingpong(n, _ int) int {
	ping, pong := make(chan int), make(chan int)
	go echo(ping, pong)
	sum := 0
	for i := 0; i < n; i++ {
		ping <- i
		sum += <-pong
	}
	close(ping)
	return sum
}

func echo(ping <-chan int, pong chan<- int) {
	for v := range ping {
		pong <- v
	}
}
