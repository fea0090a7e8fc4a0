// SPDX-License-Identifier: MIT

package main

import "sync"

// mpmc: what does an item cost from four producers to four consumers that share one channel?
func mpmc(n, capacity int) int {
	const side = 4
	items := make(chan int, capacity)
	var sums [side]int
	var producers, consumers sync.WaitGroup
	consumers.Add(side)
	producers.Add(side)
	for i := 0; i < side; i++ {
		go func(result *int) {
			sum := 0
			for v := range items {
				sum += v
			}
			*result = sum
			consumers.Done()
		}(&sums[i])
		go func(from, to int) {
			for v := from; v < to; v++ {
				items <- v
			}
			producers.Done()
		}(n/side*i, n/side*(i+1))
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
