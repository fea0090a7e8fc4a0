// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// contexts: what does it cost to make n children of a context, each with a goroutine that waits for
// its end, and to cancel them all by their parent until the last goroutine has ended?
func contexts(n, _ int) int {
	var cancelled atomic.Int64 // sum of the numbers of the children that saw their end
	var waiting, ended sync.WaitGroup
	parent, cancelAll := context.WithCancel(context.Background())
	start := time.Now()
	waiting.Add(n)
	ended.Add(n)
	for i := 0; i < n; i++ {
		number := int64(i)
		ctx, cancel := context.WithCancel(parent)
		go func() {
			defer ended.Done()
			defer cancel()
			waiting.Done()
			<-ctx.Done()
			if ctx.Err() == context.Canceled {
				cancelled.Add(number)
			}
		}()
	}
	waiting.Wait()
	made := time.Now()
	cancelAll()
	ended.Wait()
	report("make_ns", float64(made.Sub(start).Nanoseconds())/float64(n))
	report("cancel_ns", float64(time.Since(made).Nanoseconds())/float64(n))
	return int(cancelled.Load())
}
