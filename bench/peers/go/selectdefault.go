// SPDX-License-Identifier: MIT

package main

// selectdefault: what does it cost to ask two channels that have nothing, with a select that has a
// default?
func selectdefault(n, _ int) int {
	a, b := make(chan int), make(chan int)
	nothing, sum := 0, 0
	for i := 0; i < n; i++ {
		select {
		case v := <-a:
			sum += v
		case v := <-b:
			sum += v
		default:
			nothing++
		}
	}
	return nothing + sum
}
