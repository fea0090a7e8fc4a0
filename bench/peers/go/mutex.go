// SPDX-License-Identifier: MIT

package main

import "sync"

// mutex: what does it cost to lock a mutex, count and unlock it, when eight goroutines do?
func mutex(n, _ int) int {
	const goroutines = 8
	var lock sync.Mutex
	var wg sync.WaitGroup
	count := 0
	wg.Add(goroutines)
	for i := 0; i < goroutines; i++ {
		go func() {
			for k := 0; k < n/goroutines; k++ {
				lock.Lock()
				count++
				lock.Unlock()
			}
			wg.Done()
		}()
	}
	wg.Wait()
	return count
}
