// SPDX-License-Identifier: MIT

package main

import "sync"

// mpmc: what does an item cost from four producers to four consumers that share one channel?
func mpmc(n, capacity int) int {
	const side = 4
	items := make(chan int, capacity)
	var sums [side]int
	var producers, consumers sync.WaitGroup
	for i := range side {
		consumers.Go(func() {
			sum := 0
			for v := range items {
				sum += v
			}
			sums[i] = sum
		})
		producers.Go(func() {
			for v := n / side * i; v < n/side*(i+1); v++ {
				items <- v
			}
		})
	}
	producers.Wait()
	close(items)
	consumers.Wait()
	total := 0
	for _, sum := range sums {
		total += sum
	}
	return total
}
