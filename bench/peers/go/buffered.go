// SPDX-License-Identifier: MIT

package main

// buffered: what does an item cost from one producer to one consumer when the channel buffers
// capacity items?
func buffered(n, capacity int) int {
	return transfer(n, capacity)
}
