// SPDX-License-Identifier: MIT

package main

import "sync"

// The wait group is a global so that the goroutine's function captures nothing and the go statement
// has no closure to allocate. Measured faster than a captured one and than WaitGroup.Go.
var spawned sync.WaitGroup

// spawn: what does it cost to start a goroutine that does nothing and to see it end?
func spawn(n, _ int) int {
	spawned.Add(n)
	started := 0
	for ; started < n; started++ {
		go func() { spawned.Done() }()
	}
	spawned.Wait()
	return started
}
