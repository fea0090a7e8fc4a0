// SPDX-License-Identifier: MIT

package main

// unbuffered: what does an item cost from one producer to one consumer without a buffer?
func unbuffered(n, _ int) int {
	return transfer(n, 0)
}

// transfer sends n items over a channel of the given capacity and returns their sum.
func transfer(n, capacity int) int {
	items := make(chan int, capacity)
	go produce(items, n)
	sum := 0
	for v := range items {
		sum += v
	}
	return sum
}

func produce(items chan<- int, n int) {
	for i := 0; i < n; i++ {
		items <- i
	}
	close(items)
}
