// SPDX-License-Identifier: MIT

package main

import "sync"

// fanout: what does an item cost that one of four workers takes from a channel and sends on to
// another, where all results meet? Both channels are unbuffered.
func fanout(n, capacity int) int {
	items, results := make(chan int, capacity), make(chan int, capacity)
	go produce(items, n)
	var workers sync.WaitGroup
	workers.Add(4)
	for i := 0; i < 4; i++ {
		go func() {
			for v := range items {
				results <- 2 * v
			}
			workers.Done()
		}()
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	sum := 0
	for v := range results {
		sum += v
	}
	return sum
}
