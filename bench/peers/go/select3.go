// SPDX-License-Identifier: MIT

package main

// select3: what does an item cost when one consumer selects over three unbuffered channels, each
// with a producer of its own?
func select3(n, _ int) int {
	a, b, c := make(chan int), make(chan int), make(chan int)
	third := n / 3
	go feed(a, 0, third)
	go feed(b, third, 2*third)
	go feed(c, 2*third, n)
	sum := 0
	for i := 0; i < n; i++ {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += v
		case v := <-c:
			sum += v
		}
	}
	return sum
}

func feed(out chan<- int, from, to int) {
	for i := from; i < to; i++ {
		out <- i
	}
}
