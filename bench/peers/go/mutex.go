// SPDX-License-Identifier: MIT

package main

import "sync"

// mutex: what does it cost to lock a mutex, count and unlock it, when eight goroutines do?
func mutex(n, _ int) int {
	const goroutines = 8
	var lock sync.Mutex
	var wg sync.WaitGroup
	count := 0
	for range goroutines {
		wg.Go(func() {
			for range n / goroutines {
				lock.Lock()
				count++
				lock.Unlock()
			}
		})
	}
	wg.Wait()
	return count
}
