// SPDX-License-Identifier: MIT

package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// sleepers: n goroutines are started that sleep, one for almost nothing, one for a second, the
// others for times evenly spread between: how much later than after that second is the last one
// done? Starting them counts, and so does their end.
func sleepers(n, _ int) int {
	var slept atomic.Int64 // the sum of the times of those that slept so long
	var ended sync.WaitGroup
	ended.Add(n)
	start := time.Now()
	for i := 1; i <= n; i++ {
		duration := time.Second / time.Duration(n) * time.Duration(i)
		go func() {
			start := time.Now()
			time.Sleep(duration)
			if time.Since(start) >= duration {
				slept.Add(int64(duration))
			}
			ended.Done()
		}()
	}
	ended.Wait()
	report("late_ms", float64((time.Since(start)-time.Second).Nanoseconds())/1e6)
	return int(slept.Load())
}
