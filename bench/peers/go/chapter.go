// SPDX-License-Identifier: MIT

package main

// The stages of the chapter "Some handy generators", as the book writes them: a goroutine and an
// unbuffered channel each, and done in every select.

// generic: what does an item cost in the pipeline repeat -> take -> toString, whose first two
// stages carry values of any type? It is the book's BenchmarkGeneric.
func generic(n, _ int) int {
	done := make(chan struct{})
	defer close(done)
	words := []any{"I", "am."}
	return consumeStrings(toString(done, take(done, repeat(done, words...), n)))
}

// typed: what does an item cost in the pipeline repeat -> take, whose stages carry strings? It is
// the book's BenchmarkTyped.
func typed(n, _ int) int {
	done := make(chan struct{})
	defer close(done)
	return consumeStrings(take(done, repeat(done, "I", "am."), n))
}

// consumeStrings returns what no other order and no other strings would make.
func consumeStrings(in <-chan string) int {
	check, i := 0, 0
	for s := range in {
		i++
		check += i * int(s[0])
	}
	return check
}

// The book has each stage twice, for interface{} and for string; since Go has type parameters once
// is enough.
func repeat[T any](done <-chan struct{}, values ...T) <-chan T {
	out := make(chan T)
	go func() {
		defer close(out)
		for {
			for _, v := range values {
				select {
				case <-done:
					return
				case out <- v:
				}
			}
		}
	}()
	return out
}

func take[T any](done <-chan struct{}, in <-chan T, n int) <-chan T {
	out := make(chan T)
	go func() {
		defer close(out)
		for i := 0; i < n; i++ {
			select {
			case <-done:
				return
			case out <- <-in:
			}
		}
	}()
	return out
}

func toString(done <-chan struct{}, in <-chan any) <-chan string {
	out := make(chan string)
	go func() {
		defer close(out)
		for v := range in {
			select {
			case <-done:
				return
			case out <- v.(string):
			}
		}
	}()
	return out
}
