// SPDX-License-Identifier: MIT

package main

// skynet: what does a tree of a million goroutines cost, ten children to a node, when each node
// makes a channel, sums what its children send and sends the sum up?
//
// The benchmark, unbuffered channels included, is github.com/atemerev/skynet's.
func skynet(n, _ int) int {
	root := make(chan int)
	go node(root, 0, n)
	return <-root
}

func node(up chan<- int, first, size int) {
	if size == 1 {
		up <- first
		return
	}
	children := make(chan int)
	part := size / 10
	for i := 0; i < 10; i++ {
		go node(children, first+i*part, part)
	}
	sum := 0
	for i := 0; i < 10; i++ {
		sum += <-children
	}
	up <- sum
}
